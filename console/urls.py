"""Addresses of the console's own pages; every other staff page has its address in its room."""

from django.urls import path

from console import audit_views, views

app_name = "console"

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("settings/", views.settings, name="settings"),
    path("audit/", audit_views.audit_list, name="audit"),
    path("audit/<int:record_id>/", audit_views.audit_detail, name="audit_record"),
]
