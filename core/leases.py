"""Taking rows of work for a while: a worker that dies gives them back when the lease runs out."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connections, transaction
from django.db.models import F, Model, QuerySet
from django.utils import timezone

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=6)


def claim[Row: Model](due: "QuerySet[Row]", *, limit: int, seconds: float) -> list[Row]:
    """Take up to `limit` rows of a queryset of due rows; no other worker gets them for so many seconds.

    The queryset must leave out rows whose `lease_until` has not passed, and say the order in which they are taken.
    Sets `lease_until` and adds one to `attempts` in one short transaction. Write the outcome with `held(row)`, so that
    a worker whose lease ran out cannot overwrite what the next one did.
    """
    if not due.exists():  # without this look every idle poll would take SQLite's write lock
        return []
    until = timezone.now() + timedelta(seconds=seconds)
    with transaction.atomic(using=due.db):
        rows = list(_skipping_locked(due)[:limit])
        due.model._default_manager.using(due.db).filter(pk__in=[row.pk for row in rows]).update(
            lease_until=until, attempts=F("attempts") + 1
        )
    for row in rows:
        row.lease_until = until  # type: ignore[attr-defined]
        row.attempts += 1  # type: ignore[attr-defined]
    return rows


def held[Row: Model](row: Row) -> "QuerySet[Row]":
    """Return the row as a queryset that is empty once another worker has claimed it."""
    return type(row)._default_manager.filter(
        pk=row.pk,
        lease_until=row.lease_until,  # type: ignore[attr-defined]
        attempts=row.attempts,  # type: ignore[attr-defined]
    )


def held_together[Row: Model](rows: Sequence[Row]) -> "QuerySet[Row]":
    """Return rows of one claim as a queryset, without those that another worker has claimed since."""
    return type(rows[0])._default_manager.filter(
        pk__in=[row.pk for row in rows],
        lease_until=rows[0].lease_until,  # type: ignore[attr-defined]
    )


def renew[Row: Model](rows: list[Row], *, seconds: float) -> list[Row]:
    """Keep rows that were claimed together for so many seconds from now; return those that nobody else has taken."""
    if not rows:
        return []
    until = timezone.now() + timedelta(seconds=seconds)
    held_together(rows).update(lease_until=until)
    for row in rows:
        row.lease_until = until  # type: ignore[attr-defined]
    kept = set(held_together(rows).values_list("pk", flat=True))
    return [row for row in rows if row.pk in kept]


def backoff(attempts: int) -> timedelta:
    """Return the pause after so many failed attempts: 10 s, 40 s, 160 s ... at most 6 h."""
    return min(FIRST_PAUSE * 4 ** min(max(attempts - 1, 0), 10), LONGEST_PAUSE)


def _skipping_locked[Row: Model](due: "QuerySet[Row]") -> "QuerySet[Row]":
    if connections[due.db].features.has_select_for_update_skip_locked:
        return due.select_for_update(skip_locked=True, of=("self",), no_key=True)
    return due
