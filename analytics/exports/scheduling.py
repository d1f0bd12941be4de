"""Files that are made again and again: after each period, over the days of it, for an owner who may still have them."""

from datetime import date, timedelta

from django.db import IntegrityError, transaction

from accounts.models import User
from analytics.exports.datasets import DATASETS, Dataset
from analytics.exports.exporting import Asked
from analytics.exports.mails import tell_skipped
from analytics.exports.runs import columns_for, may_export, queue_export
from analytics.figures.windows import DAY, Window
from analytics.models import ExportRun, ExportSchedule
from audit.models import AuditRecord
from audit.recording import record
from core.days import today
from core.errors import DomainError


def period_ended(every: str, on: date) -> Window:
    """Return the latest period that was over before a day: the day before, the week to Sunday, or the month."""
    match every:
        case ExportSchedule.Every.WEEK:
            monday = on - timedelta(days=on.weekday())
            return Window(monday - timedelta(days=7), monday - DAY)
        case ExportSchedule.Every.MONTH:
            last = on.replace(day=1) - DAY
            return Window(last.replace(day=1), last)
        case _:
            return Window(on - DAY, on - DAY)


def make_schedule(dataset: Dataset, *, currency: str, file_format: str, every: str, owner: User) -> ExportSchedule:
    """Have a file made after each period; the first one when the period that runs now is over.

    Raises DomainError if the owner has such a schedule already.
    """
    try:
        with transaction.atomic():
            return ExportSchedule.objects.create(
                dataset=dataset.name,
                currency=currency,
                format=file_format,
                every=every,
                owner=owner,
                last_day=period_ended(every, today()).end,
            )
    except IntegrityError:
        raise DomainError("You have a schedule for just this file already.") from None


def ask_for_due_files() -> int:
    """Ask for the file of each schedule whose period is over; return how many. Once a period, whoever calls it."""
    return sum(_ask(schedule) for schedule in ExportSchedule.objects.select_related("owner").order_by("pk"))


def _ask(schedule: ExportSchedule) -> bool:
    window = period_ended(schedule.every, today())
    if schedule.last_day is not None and schedule.last_day >= window.end:
        return False
    dataset = DATASETS.get(schedule.dataset)
    is_allowed = dataset is not None and may_export(schedule.owner, dataset)
    with transaction.atomic():
        if not _take(schedule, window.end):
            return False
        if dataset is None or not is_allowed:
            _skip(schedule, window)
            return False
        columns = columns_for(schedule.owner, dataset)
        asked = Asked(dataset, window, schedule.currency, columns)
        run = queue_export(asked, schedule.format, actor=schedule.owner, schedule=schedule)
        record("export.run", subject=run, actor=schedule.owner, changes=described(run))
    return True


def _take(schedule: ExportSchedule, day: date) -> bool:
    """Move the schedule on to a day; only one worker can, and the unique key of runs holds it to that."""
    rows = ExportSchedule.objects.filter(pk=schedule.pk, last_day=schedule.last_day)
    return bool(rows.update(last_day=day)) and not ExportRun.objects.filter(schedule=schedule, end=day).exists()


def _skip(schedule: ExportSchedule, window: Window) -> None:
    tell_skipped(schedule, period=str(window.end))
    changes = {"dataset": schedule.dataset, "from": str(window.start), "to": str(window.end)}
    outcome = AuditRecord.Outcome.REFUSED
    record("export.run", subject=schedule, actor=schedule.owner, outcome=outcome, changes=changes, reason="permission")


def described(run: ExportRun) -> dict[str, object]:
    """Return what the record of acts keeps of a file that was asked for."""
    return {
        "dataset": run.dataset,
        "personal": run.with_personal,
        "from": str(run.start),
        "to": str(run.end),
        "currency": run.currency,
        "format": run.format,
    }
