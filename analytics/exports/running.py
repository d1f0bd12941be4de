"""Writing the files that were asked for: each under a lease, so that a worker may die at any moment.

A file is complete or not there at all; one that two workers wrote is kept from whichever still held it.
"""

import errno
import platform
import threading
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.tasks import task
from django.utils import timezone

from analytics.exports.datasets import DATASETS
from analytics.exports.exporting import Asked, count_expected
from analytics.exports.mails import tell_owner
from analytics.exports.store import MeasuredFile, keep, partial_file, remove
from analytics.exports.writing import suffix, write_file
from analytics.figures.windows import Window
from analytics.kpis import VERSION
from analytics.models import Build, ExportRun
from core.db import is_temporary
from core.errors import DomainError
from core.leases import backoff, claim

LEASE_SECONDS = 90
BEAT_SECONDS = 3.0
MAX_ATTEMPTS = 5
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_ENTRY = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST}
FULL = "There is no room left where exports are kept. Free some space, then ask for the file again."
UNWRITABLE = "The worker cannot write to the place where exports are kept, EXPORTS_ROOT. Mend that, then ask again."
GIVEN_UP = f"The worker that wrote this file ended before it was complete, {MAX_ATTEMPTS} times. Ask for fewer days."
UNKNOWN = "Something went wrong that nobody has foreseen; the log of the worker says what. Ask for the file again."
log = structlog.get_logger("purelaka.exports")


class StoppedError(Exception):
    """The file was called off, or another worker writes it."""


def write_due_files(limit: int = 20) -> int:
    """Write up to `limit` files that are due and return how many are complete. Any number of workers may call it.

    A worker that is killed leaves a lease, and the next one begins the file again when that has run out.
    """
    written = 0
    for _ in range(limit):
        runs = claim(ExportRun.objects.due(), limit=1, seconds=LEASE_SECONDS)
        if not runs:
            break
        written += write_run(runs[0])
    return written


@task
def write_due_files_task() -> int:
    """Wake a worker for a file that was just asked for."""
    return write_due_files()


def write_run(run: ExportRun) -> bool:
    """Write one claimed file and record the outcome; return whether it is complete."""
    mine = ExportRun.objects.under_way().filter(pk=run.pk, attempts=run.attempts)
    if not mine.update(state=ExportRun.State.RUNNING, rows_done=0, error="", started_at=timezone.now()):
        return False
    if run.attempts > MAX_ATTEMPTS:
        return _fail(run, GIVEN_UP)
    try:
        return _write(run, asked_by(run))
    except StoppedError:
        log.info("export_stopped", run=str(run.pk))
    except DomainError as refusal:
        _fail(run, refusal.message)
    except Exception as error:
        if is_temporary(error):  # the lease runs out, and then it is tried again
            raise
        _record_trouble(run, error)
    return False


def asked_by(run: ExportRun) -> Asked:
    """Return what was asked for. Raises DomainError if there is no such dataset or column any more."""
    dataset = DATASETS.get(run.dataset)
    if dataset is None:
        raise DomainError(f"There is no dataset named {run.dataset} any more.")
    offered = {column.name: column for column in dataset.columns_for(with_personal=run.with_personal)}
    names = run.options.get("columns") or list(offered)
    if gone := [name for name in names if name not in offered]:
        raise DomainError(f"There is no column named {gone[0]} any more.")
    columns = [offered[name] for name in names]
    return Asked(dataset, Window(run.start, run.end), run.currency, columns, run.for_excel)


class Heartbeat:
    """Keeps the lease of a file and its progress while it is written, from a thread with a connection of its own.

    The writer's own connection is busy: it reads one long statement.
    """

    def __init__(self, run: ExportRun) -> None:
        self.expected: int | None = None
        self._mine = ExportRun.objects.filter(pk=run.pk, attempts=run.attempts, state=ExportRun.State.RUNNING)
        self._rows = 0
        self._over, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"export {run.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def told(self, rows: int) -> None:
        """Hear how many rows are written. Raises StoppedError once the file is no longer this worker's to write."""
        self._rows = rows
        if self._lost.is_set():
            raise StoppedError

    def _beat(self) -> None:
        try:
            while not self._over.wait(BEAT_SECONDS):
                self._tell()
        finally:
            connections.close_all()

    def _tell(self) -> None:
        until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
        try:
            kept = self._mine.update(rows_done=self._rows, rows_expected=self.expected, lease_until=until)
        except DatabaseError:  # the lease outlasts many a missed beat
            log.warning("export_beat_missed", exc_info=True)
        else:
            if not kept:
                self._lost.set()


def _write(run: ExportRun, asked: Asked) -> bool:
    name = f"{run.pk}-{run.attempts}.{suffix(asked, run.format)}"
    build = Build.objects.succeeded().first()
    with Heartbeat(run) as beat, partial_file(name) as (target, path):
        beat.expected = count_expected(asked)
        rows = write_file(asked, run.format, target, beat.told)
        target.finish()
        return _complete(run, asked, target=target, path=path, rows=rows, build=build)


def _complete(
    run: ExportRun, asked: Asked, *, target: MeasuredFile, path: Path, rows: int, build: Build | None
) -> bool:
    kept, now = keep(path, path.name), timezone.now()
    mine = ExportRun.objects.filter(pk=run.pk, attempts=run.attempts, state=ExportRun.State.RUNNING)
    manifest = manifest_of(run, asked, rows=rows, target=target, build=build)
    with transaction.atomic():
        is_mine = mine.update(
            state=ExportRun.State.DONE,
            rows_done=rows,
            rows_expected=rows,
            size=target.size,
            sha256=target.sha256,
            manifest=manifest,
            file=kept,
            lease_until=None,
            finished_at=now,
            expires_at=now + timedelta(days=settings.EXPORTS_KEEP_DAYS),
        )
        if is_mine and run.schedule_id:
            tell_owner(run, "export_ready", rows=rows, size=target.size)
    if not is_mine:
        remove(kept)
        return False
    log.info("export_written", run=str(run.pk), dataset=run.dataset, rows=rows, size=target.size)
    return True


def manifest_of(
    run: ExportRun, asked: Asked, *, rows: int, target: MeasuredFile, build: Build | None
) -> dict[str, object]:
    """Return what a file holds and how it was made, for whoever loads it."""
    return {
        "id": str(run.pk),
        "dataset": run.dataset,
        "title": asked.dataset.title,
        "filters": {
            "from": str(run.start),
            "to": str(run.end),
            "currency": run.currency,
            "personal_columns": run.with_personal,
        },
        "columns": [{"name": one.name, "kind": str(one.kind), "meaning": one.meaning} for one in asked.columns],
        "format": run.format,
        "byte_order_mark": run.for_excel,
        "rows": rows,
        "bytes": target.size,
        "sha256": target.sha256,
        "kpi_version": VERSION,
        "build": build.pk if build else None,
        "data_to": build.data_to.isoformat() if build and build.data_to else None,
        "created_at": timezone.now().isoformat(timespec="seconds"),
        "time_zone": settings.STORE_TIME_ZONE,
        "software": {"purelaka": settings.VERSION, "python": platform.python_version()},
    }


def _record_trouble(run: ExportRun, error: Exception) -> None:
    """Fail at once where a person has to act, else try again later."""
    number = error.errno if isinstance(error, OSError) else None
    if number in NO_ROOM or number in NO_ENTRY:
        log.warning("export_not_written", run=str(run.pk), error=str(error))
        _fail(run, FULL if number in NO_ROOM else UNWRITABLE)
        return
    log.error("export_not_written", run=str(run.pk), attempts=run.attempts, exc_info=error)
    if run.attempts >= MAX_ATTEMPTS:
        _fail(run, UNKNOWN)
        return
    ExportRun.objects.under_way().filter(pk=run.pk, attempts=run.attempts).update(
        state=ExportRun.State.QUEUED,
        lease_until=None,
        next_attempt_at=timezone.now() + backoff(run.attempts),
        error=UNKNOWN,
    )


def _fail(run: ExportRun, reason: str) -> bool:
    with transaction.atomic():
        is_mine = (
            ExportRun.objects.under_way()
            .filter(pk=run.pk, attempts=run.attempts)
            .update(state=ExportRun.State.FAILED, lease_until=None, finished_at=timezone.now(), error=reason[:300])
        )
        if is_mine and run.schedule_id:
            tell_owner(run, "export_failed", reason=reason)
    return False
