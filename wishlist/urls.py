"""The addresses of the wishlist, below the account."""

from django.urls import path

from wishlist import views

app_name = "wishlist"
urlpatterns = [
    path("", views.wishlist, name="list"),
    path("add/", views.wish, name="wish"),
    path("remove/", views.unwish, name="unwish"),
]
