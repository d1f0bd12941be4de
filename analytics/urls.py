"""Addresses of the figures and of their files."""

from django.urls import path

from analytics import console, exports_console

app_name = "analytics"
urlpatterns = [
    path("analytics/", console.show_dashboard, name="dashboard"),
    path("analytics/definitions/", console.show_definitions, name="definitions"),
    path("exports/", exports_console.show_exports, name="exports"),
    path("exports/<slug:dataset>/", exports_console.download, name="export"),
]
