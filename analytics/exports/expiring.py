"""Deleting files whose time is over, and what a worker that died has left."""

import re
from datetime import datetime

from django.utils import timezone

from analytics.exports.store import export_store, partial_files, remove, stored_names
from analytics.models import ExportRun

OURS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+\.")
LEFT_AFTER = 60 * 60  # seconds; a file that is being written changes all the time


def expire_files() -> int:
    """Delete the files that have expired; return how many."""
    expired = ExportRun.objects.filter(state=ExportRun.State.DONE, expires_at__lte=timezone.now())
    count = 0
    for run in expired:
        mine = ExportRun.objects.filter(pk=run.pk, state=ExportRun.State.DONE)
        if mine.update(state=ExportRun.State.EXPIRED, file=""):  # first: a page must not offer what is gone
            remove(run.file)
            count += 1
    return count


def remove_leftovers() -> int:
    """Delete half-written files and files that no row names, once they are an hour old; return how many."""
    count = 0
    for path in partial_files(older_than=LEFT_AFTER):
        path.unlink(missing_ok=True)
        count += 1
    named, store = set(ExportRun.objects.exclude(file="").values_list("file", flat=True)), export_store()
    for name in stored_names():
        if OURS.match(name) and name not in named and _age(store.get_modified_time(name)) > LEFT_AFTER:
            remove(name)
            count += 1
    return count


def _age(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()
