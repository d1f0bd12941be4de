"""The addresses of the shop's shelves."""

from django.urls import path

from products import views

app_name = "products"
urlpatterns = [
    path("", views.home, name="home"),
    path("shop/", views.listing, name="listing"),
    path("shop/<slug:slug>/", views.category, name="category"),
    path("search/", views.search, name="search"),
    path("products/<slug:slug>/", views.detail, name="detail"),
]
