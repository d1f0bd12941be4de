"""Addresses of one's own role, and of people and roles."""

from django.urls import path

from rbac import console

app_name = "rbac"

urlpatterns = [
    path("role/", console.landing, name="landing"),
    path("people/", console.people, name="people"),
    path("people/invite/", console.invite, name="invite"),
    path("people/<int:user_id>/role/", console.change_role, name="change_role"),
]
