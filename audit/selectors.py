"""Reads over the record of who did what."""

from datetime import date
from typing import Any, Literal

from django.db import connection
from django.db.models import QuerySet

from audit.models import AuditRecord
from core.days import day_bounds


def records(
    *,
    action: str = "",
    outcome: str = "",
    actor_id: int | None = None,
    subject_type: str = "",
    subject_id: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditRecord]:
    """Return the acts that are asked for, newest first; what is empty narrows nothing. Days are business days."""
    exact: dict[str, Any] = {
        "action": action,
        "outcome": outcome,
        "actor_id": actor_id,
        "subject_type": subject_type,
        "subject_id": subject_id,
    }
    rows = AuditRecord.objects.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
    if since:
        rows = rows.filter(at__gte=day_bounds(since)[0])
    if until:
        rows = rows.filter(at__lt=day_bounds(until)[1])
    return rows.order_by("-id")


def known_actions() -> list[str]:
    """Return the actions that were ever recorded, in order; one query."""
    return _distinct("action")


def known_subjects() -> list[str]:
    """Return the kinds of subject that were ever recorded, in order; one query."""
    return [kind for kind in _distinct("subject_type") if kind]


def _distinct(column: Literal["action", "subject_type"]) -> list[str]:
    """Step through the index from one value to the next; SELECT DISTINCT would read the whole table."""
    table = AuditRecord._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE step(value) AS (SELECT MIN({column}) FROM {table} UNION ALL "  # noqa: S608  no input in it
            f"SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > step.value) FROM step "
            "WHERE step.value IS NOT NULL) SELECT value FROM step WHERE value IS NOT NULL"
        )
        return [value for (value,) in cursor.fetchall()]
