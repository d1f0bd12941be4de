"""Addresses that belong to no room: how a page looks to its visitor, and uploaded images."""

from django.urls import path

from core import views

app_name = "core"

urlpatterns = [
    path("appearance/", views.appearance, name="appearance"),
    path("media/<path:name>", views.media, name="media"),
]
