"""What owners of scheduled files are told: that one is ready, that it failed, or that they may no longer have it."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from analytics.exports.datasets import DATASETS
from analytics.models import ExportRun, ExportSchedule
from mail.services import queue_mail


def tell_owner(run: ExportRun, kind: str, **facts: Any) -> None:
    """Write to whoever asked for a file, in the caller's transaction; the file itself is never attached."""
    owner = run.requested_by
    if owner is None or not owner.is_active:
        return
    context = {"title": title_of(run.dataset), "run": run, "url": _address(run.get_absolute_url()), **facts}
    queue_mail(key=f"{kind}:{run.pk}", kind=kind, recipient=owner.email, context=context)


def tell_skipped(schedule: ExportSchedule, *, period: str) -> None:
    """Write to an owner who may no longer have what they scheduled, once for each period."""
    context = {
        "title": title_of(schedule.dataset),
        "every": schedule.get_every_display(),
        "url": _address(reverse("analytics:export_schedules")),
    }
    key = f"export_skipped:{schedule.pk}:{period}"
    if schedule.owner.is_active:
        queue_mail(key=key, kind="export_skipped", recipient=schedule.owner.email, context=context)


def title_of(dataset: str) -> str:
    """Return what people call a dataset."""
    return DATASETS[dataset].title if dataset in DATASETS else dataset


def _address(path: str) -> str:
    return f"{settings.STORE_BASE_URL}{path}"
