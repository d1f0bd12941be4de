"""Staff pages of files that are made again and again."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors import user_of
from analytics.exports.asking_forms import ScheduleForm
from analytics.exports.datasets import DATASETS
from analytics.exports.mails import title_of
from analytics.exports.parquet import MISSING, is_available
from analytics.exports.scheduling import make_schedule
from analytics.exports.tabs import tabs
from analytics.figures.reading import currencies
from analytics.models import ExportSchedule
from audit.recording import record
from core.access import staff
from core.errors import DomainError
from core.http import paginate


@staff("exports_run")
@never_cache
@require_safe
def schedule_list(request: HttpRequest) -> HttpResponse:
    """Show one's own scheduled files, and a form for another."""
    return _page(request, ScheduleForm(None, user=user_of(request), currencies=currencies()), status=200)


@staff("exports_run")
@require_POST
def schedule_create(request: HttpRequest) -> HttpResponse:
    """Have a file made after each period."""
    user = user_of(request)
    form = ScheduleForm(request.POST, user=user, currencies=currencies())
    if not form.is_valid():
        return _page(request, form, status=422)
    wanted = form.cleaned_data
    dataset = DATASETS[wanted["dataset"]]
    choices = {"currency": wanted["currency"], "file_format": wanted["format"], "every": wanted["every"]}
    try:
        with transaction.atomic():
            schedule = make_schedule(dataset, owner=user, **choices)
            changes = {"dataset": dataset.name, **choices}
            record("export.scheduled", subject=schedule, request=request, changes=changes)
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return _page(request, form, status=422)
    messages.success(request, f"{dataset.title} will be made {schedule.get_every_display()}. A mail says when.")
    return redirect("analytics:export_schedules")


@staff("exports_run")
@require_POST
def schedule_delete(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Stop making a file; those that were made stay until they expire."""
    schedule = get_object_or_404(ExportSchedule, pk=schedule_id, owner=user_of(request))
    with transaction.atomic():
        record("export.unscheduled", subject=schedule, request=request, changes={"dataset": schedule.dataset})
        schedule.delete()
    messages.success(request, "The schedule is deleted. Files that were made stay until they expire.")
    return redirect("analytics:export_schedules")


def _page(request: HttpRequest, form: ScheduleForm, *, status: int) -> HttpResponse:
    mine = ExportSchedule.objects.filter(owner=user_of(request)).order_by("dataset", "every", "pk")
    page = paginate(request, mine)
    context = {
        "form": form,
        "page": page,
        "schedules": [(schedule, title_of(schedule.dataset)) for schedule in page],
        "without_parquet": "" if is_available() else MISSING,
        "tabs": tabs("export_schedules"),
    }
    return render(request, "analytics/exports_schedules.html", context, status=status)
