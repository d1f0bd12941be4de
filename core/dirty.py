"""Days whose snapshots must be built again, marked in the transaction that wrote the fact."""

from collections.abc import Iterable
from datetime import date

from core.models import DirtyDay


def mark(source_type: str, days: Iterable[tuple[int, date]]) -> None:
    """Mark for each fact (its key, a day) a day whose figures it changes; in the caller's transaction."""
    DirtyDay.objects.bulk_create(DirtyDay(source_type=source_type, source_id=key, day=day) for key, day in days)
