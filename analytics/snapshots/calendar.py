"""Which days there are facts for, which of them were built, and which a build has to take up."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.db import connection

from analytics.figures.windows import Window
from analytics.models import DayState
from core.days import business_day, today
from core.models import DirtyDay


class Scope(NamedTuple):
    """What a build is asked to do: the days that changed, everything, or the days of a window."""

    name: str
    window: Window | None = None
    is_full: bool = False


# Each kind of fact that a day counts, dated by a day or by a moment.
DATED_FACTS = (
    ("orders_salesentry", "day", "true"),
    ("orders_fulfilment", "at", "true"),
    ("wishlist_wishevent", "day", "true"),
    ("payments_paymentattempt", "at", "true"),
    ("payments_payment", "succeeded_at", "captured_minor > 0"),
    ("payments_dispute", "opened_day", "true"),
    ("payments_balancetransaction", "day", "true"),
    ("payments_payout", "arrives_on", "status = 'paid'"),
)
ENDS = [
    f"(SELECT {end}({column}) FROM {table} WHERE {which})"  # noqa: S608  constants
    for table, column, which in DATED_FACTS
    for end in ("MIN", "MAX")
]
CHANGES = Scope("changes")
FULL = Scope("full", is_full=True)


def last_days(count: int) -> Scope:
    """Return the scope of that many days, the last of which is today."""
    end = today()
    return Scope(f"days {count}", Window(end - timedelta(days=count - 1), end))


def one_day(day: date) -> Scope:
    """Return the scope of one day."""
    return Scope(f"day {day}", Window(day, day))


def fact_days() -> Window | None:
    """Return the business days from the first dated fact of any kind to the last; None for a shop without any.

    One query, which looks at the two ends of an index for each kind.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(ENDS)}")
        return from_end_to_end(cursor.fetchone())


def from_end_to_end(ends: Iterable[date | datetime | str | None]) -> Window | None:
    """Return the days between what `ENDS` came to; None if none of them is there."""
    found = [_day(value) for value in ends if value is not None]
    return Window(min(found), max(found)) if found else None


def built_days() -> Window | None:
    """Return the days that are to be built: from the first fact to today, or to the last fact if that is later."""
    facts = fact_days()
    return Window(facts.start, max(facts.end, today())) if facts else None


def days_without_state(window: Window) -> list[date]:
    """Return the days of a window that were never built, in order; quick if there is none."""
    states = DayState.objects.filter(day__range=(window.start, window.end))
    if states.count() == len(window):
        return []
    built = set(states.values_list("day", flat=True))
    return [day for day in window if day not in built]


def missing_days(window: Window) -> list[date]:
    """Return the days of a window between the first fact and the last that were never built.

    A day before the first fact or after the last one is zero, not missing.
    """
    part = part_with_facts(window, fact_days())
    return days_without_state(part) if part else []


def part_with_facts(window: Window, facts: Window | None) -> Window | None:
    """Return the days of a window that lie between the first fact and the last; None if none does."""
    if facts is None or window.end < facts.start or window.start > facts.end:
        return None
    return Window(max(window.start, facts.start), min(window.end, facts.end))


def days_to_build(scope: Scope) -> list[date]:
    """Return the days that a build of this scope has to take up, in order."""
    if scope.window is not None:
        return list(scope.window)
    all_days = built_days()
    if scope.is_full:
        return list(all_days or ())
    dirty: Iterable[date] = DirtyDay.objects.order_by().values_list("day", flat=True).distinct()
    return sorted({*dirty, *(days_without_state(all_days) if all_days else ())})


def _day(value: date | datetime | str) -> date:
    """Return the business day of what the database answered; SQLite answers moments and days as text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value).replace(tzinfo=UTC) if ":" in value else date.fromisoformat(value)
    return business_day(value) if isinstance(value, datetime) else value
