"""A window cut into runs of days, few enough to draw: whole weeks where it is long enough, single days where not."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Case, IntegerField, Value, When

from analytics.figures.windows import DAY, Window
from core.days import month_of

WEEK = 7


def spans(window: Window, *, most: int) -> list[Window]:
    """Return the days of a window in order, in at most so many runs of equal length; the last may be shorter."""
    length = -(-len(window) // most)
    return _cut(window, window.start, length)


def weeks(window: Window, *, most: int) -> list[Window]:
    """Return the days of a window by calendar week, Monday first, or by runs of weeks where there are too many."""
    monday = window.start - timedelta(days=window.start.weekday())
    count = -(-((window.end - monday).days + 1) // WEEK)
    return _cut(window, monday, WEEK * -(-count // most))


def months(window: Window) -> list[Window]:
    """Return the days of a window by calendar month; the first and the last may lack days."""
    found, start = [], window.start
    while start <= window.end:
        found.append(Window(start, min(month_of(start)[1], window.end)))
        start = found[-1].end + DAY
    return found


def place_of(runs: Sequence[Window]) -> Case:
    """Return an expression over `day`: the place of its run among these, which follow each other."""
    whens = [When(day__lte=run.end, then=Value(place)) for place, run in enumerate(runs)]
    return Case(*whens, default=Value(len(runs) - 1), output_field=IntegerField())


def _cut(window: Window, start: date, length: int) -> list[Window]:
    found = []
    while start <= window.end:
        end = start + timedelta(days=length - 1)
        found.append(Window(max(start, window.start), min(end, window.end)))
        start = end + DAY
    return found
