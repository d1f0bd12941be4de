"""Files asked for in the background: asking, calling off, asking again, and who may have which."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from analytics.exports.datasets import DATASETS, Column, Dataset
from analytics.exports.exporting import Asked
from analytics.exports.running import write_due_files_task
from analytics.figures.windows import Window
from analytics.models import ExportRun, ExportSchedule, FileFormat
from core.errors import DomainError, NotAllowedInState

MAY_EXPORT = "rbac.exports_run"
PERSONAL = "rbac.personal_export"


def may_export(user: User, dataset: Dataset) -> bool:
    """Whether somebody may have files of a dataset at all."""
    return user.has_perm(MAY_EXPORT) and (not dataset.permission or user.has_perm(dataset.permission))


def may_have(user: User, run: ExportRun) -> bool:
    """Whether somebody may have a file: what they could ask for themselves, now."""
    dataset = DATASETS.get(run.dataset)
    return (
        user.has_perm(MAY_EXPORT)
        and (dataset is None or may_export(user, dataset))
        and (not run.with_personal or user.has_perm(PERSONAL))
    )


def columns_for(user: User, dataset: Dataset) -> list[Column]:
    """Return the columns that somebody gets."""
    return dataset.columns_for(with_personal=user.has_perm(PERSONAL))


def chosen(columns: Iterable[Column], names: Iterable[str]) -> list[Column]:
    """Return those of the columns that are named, in their own order; all of them if none is named."""
    columns, wanted = list(columns), set(names)
    return [column for column in columns if column.name in wanted] or columns


def queue_export(asked: Asked, file_format: str, *, actor: User, schedule: ExportSchedule | None = None) -> ExportRun:
    """Ask for a file in the caller's transaction; a worker writes it soon after that commits."""
    with transaction.atomic():
        run = ExportRun.objects.create(
            dataset=asked.dataset.name,
            start=asked.window.start,
            end=asked.window.end,
            currency=asked.currency,
            options={"columns": [column.name for column in asked.columns]},
            format=file_format,
            for_excel=asked.for_excel and file_format != FileFormat.PARQUET,
            with_personal=any(column.is_personal for column in asked.columns),
            requested_by=actor,
            schedule=schedule,
        )
        write_due_files_task.enqueue()
    return run


def cancel_export(run: ExportRun) -> None:
    """Call a file off that is not written yet; a worker that writes it stops at its next piece.

    Raises NotAllowedInState once it is done, or was called off already.
    """
    under_way = ExportRun.objects.under_way().filter(pk=run.pk)
    if not under_way.update(state=ExportRun.State.CANCELED, finished_at=timezone.now(), lease_until=None):
        raise NotAllowedInState("This file is no longer being written, so there is nothing to cancel.")


def export_again(run: ExportRun, *, actor: User) -> ExportRun:
    """Ask for the same file once more, in the name and with the permissions of whoever asks now.

    Raises NotAllowedInState while it is under way, DomainError if there is no such dataset any more.
    """
    if run.is_under_way:
        raise NotAllowedInState("This file is still being written.")
    dataset = DATASETS.get(run.dataset)
    if dataset is None or not may_export(actor, dataset):
        raise DomainError("There is no such file for you.")
    columns = chosen(columns_for(actor, dataset), run.options.get("columns", []))
    asked = Asked(dataset, Window(run.start, run.end), run.currency, columns, run.for_excel)
    return queue_export(asked, run.format, actor=actor)
