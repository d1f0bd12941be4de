"""Parts that a SELECT counts for several windows at once, and several SELECTs as one: a page asks for all it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from analytics.figures.windows import Window

type Parts = dict[str, int]


@dataclass(frozen=True)
class Counting:
    """A SELECT that always gives one row: of each window in turn the parts of these names."""

    statement: str
    parameters: Sequence[date | str]
    names: Sequence[str]


def count(countings: Sequence[Counting], windows: int) -> list[Parts]:
    """Return the parts of each of that many windows: one query, or none if nothing is to be counted."""
    parts: list[Parts] = [{} for _ in range(windows)]
    if not countings:
        return parts
    sides = " CROSS JOIN ".join(f"({one.statement}) c{place}" for place, one in enumerate(countings))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {sides}", [value for one in countings for value in one.parameters])  # noqa: S608
        values = iter(cursor.fetchone())
    for one in countings:
        for found in parts:
            found |= dict(zip(one.names, values, strict=False))
    return parts


def of_each(windows: Sequence[Window], column: str, *, table: str = "") -> tuple[list[str], list[date]]:
    """Return SQL for a column's value in each window, else 0, with the days that it is asked with."""
    prefix = f"{table}." if table else ""
    cases = [f"CASE WHEN {prefix}day BETWEEN %s AND %s THEN {prefix}{column} ELSE 0 END" for _ in windows]
    return cases, days_of(windows)


def in_any(windows: Sequence[Window], currency: str | None, *, table: str = "") -> tuple[str, list[date | str]]:
    """Return the condition that a row lies in one of the windows, and is of a currency; with its parameters."""
    prefix = f"{table}." if table else ""
    condition = f"({' OR '.join(f'{prefix}day BETWEEN %s AND %s' for _ in windows)})"
    if currency is None:
        return condition, [*days_of(windows)]
    return f"{condition} AND {prefix}currency = %s", [*days_of(windows), currency]


def days_of(windows: Sequence[Window]) -> list[date]:
    """Return the first and last day of each window, in turn."""
    return [day for window in windows for day in (window.start, window.end)]
