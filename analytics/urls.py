"""Addresses of the figures and of their files."""

from django.urls import path

from analytics.dashboards import console
from analytics.exports import console as exports_console
from analytics.exports import runs_console, schedules_console
from analytics.month_end import console as closing_console
from analytics.questions import console as questions_console
from analytics.rows import console as rows_console
from analytics.summary import console as summary_console

app_name = "analytics"
urlpatterns = [
    path("analytics/", console.show_dashboard, name="dashboard"),
    path("analytics/operations/", console.show_operations, name="operations"),
    path("analytics/products/", console.show_products, name="products"),
    path("analytics/customers/", console.show_customers, name="customers"),
    path("analytics/finance/", console.show_finance, name="finance"),
    path("analytics/breakdown/", console.show_breakdown, name="breakdown"),
    path("analytics/summary/", summary_console.summary_start, name="summary_start"),
    path("analytics/summary/end/", summary_console.summary_end, name="summary_end"),
    path("analytics/<slug:page>/<slug:block>.csv", console.show_block, name="block"),
    path("analytics/definitions/", console.show_definitions, name="definitions"),
    path("analytics/restatements/", rows_console.show_restatements, name="restatements"),
    path("analytics/rows/<slug:kpi>/", rows_console.show_rows, name="rows"),
    path("month-end/", closing_console.month_list, name="months"),
    path("month-end/<str:month>/", closing_console.month_detail, name="month"),
    path("month-end/<str:month>/close/", closing_console.month_close, name="month_close"),
    path("questions/", questions_console.question_list, name="questions"),
    path("questions/saved/<int:question_id>/", questions_console.question_edit, name="question_edit"),
    path("questions/saved/<int:question_id>/delete/", questions_console.question_delete, name="question_delete"),
    path("questions/<slug:dataset>/", questions_console.question_ask, name="question"),
    path("questions/<slug:dataset>/csv/", questions_console.question_file, name="question_file"),
    path("questions/<slug:dataset>/save/", questions_console.question_save, name="question_save"),
    path("exports/", exports_console.show_exports, name="exports"),
    path("exports/files/", runs_console.run_list, name="export_runs"),
    path("exports/files/<uuid:run_id>/", runs_console.run_detail, name="export_run"),
    path("exports/files/<uuid:run_id>/file/", runs_console.run_file, name="export_file"),
    path("exports/files/<uuid:run_id>/manifest.json", runs_console.run_manifest, name="export_manifest"),
    path("exports/files/<uuid:run_id>/cancel/", runs_console.run_cancel, name="export_cancel"),
    path("exports/files/<uuid:run_id>/again/", runs_console.run_again, name="export_again"),
    path("exports/scheduled/", schedules_console.schedule_list, name="export_schedules"),
    path("exports/scheduled/new/", schedules_console.schedule_create, name="export_schedule"),
    path("exports/scheduled/<int:schedule_id>/delete/", schedules_console.schedule_delete, name="export_unschedule"),
    path("exports/<slug:dataset>/", exports_console.download, name="export"),
    path("exports/<slug:dataset>/new/", exports_console.export_new, name="export_new"),
]
