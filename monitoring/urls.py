"""Addresses of the health pages and of the staff pages over checks and issues."""

from django.urls import path

from monitoring import console, views

app_name = "monitoring"

urlpatterns = [
    path("healthz/", views.healthz, name="healthz"),
    path("readyz/", views.readyz, name="readyz"),
    path("console/monitoring/", console.dashboard, name="dashboard"),
    path("console/monitoring/run/", console.run, name="run"),
    path("console/monitoring/checks/<str:check_id>/run/", console.run_one, name="run_one"),
    path("console/monitoring/issues/", console.issue_list, name="issues"),
    path("console/monitoring/issues/<int:issue_id>/", console.issue_detail, name="issue"),
    path("console/monitoring/issues/<int:issue_id>/acknowledge/", console.issue_acknowledge, name="acknowledge"),
    path("console/monitoring/issues/<int:issue_id>/resolve/", console.issue_resolve, name="resolve"),
    path("console/monitoring/issues/<int:issue_id>/reopen/", console.issue_reopen, name="reopen"),
    path("console/monitoring/issues/<int:issue_id>/mute/", console.issue_mute, name="mute"),
    path("console/monitoring/issues/<int:issue_id>/note/", console.issue_note, name="note"),
    path("console/monitoring/issues/<int:issue_id>/repair/", console.issue_repair, name="repair"),
]
