"""Sets of days as conditions of SQL, and days as the two databases answer them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import connection

from core.days import day_bounds

Row = tuple[Any, ...]
DAY = timedelta(days=1)
MONTH = {"postgresql": "date_trunc('month', CAST({} AS timestamp))::date", "sqlite": "date({}, 'start of month')"}


class DaySet:
    """Days as a condition on the column `e.day`: a range where they follow each other, else a list."""

    def __init__(self, days: Sequence[date]) -> None:
        self.days = sorted(set(days))
        self._is_range = bool(self.days) and self.days[-1] - self.days[0] == (len(self.days) - 1) * DAY

    def run(self, statement: str) -> tuple[int, list[Row]]:
        """Run a statement in which `{which}` stands for the condition; return the rows it changed, and its rows."""
        marks = "BETWEEN %s AND %s" if self._is_range else f"IN ({', '.join(['%s'] * len(self.days))})"
        params = [self.days[0], self.days[-1]] if self._is_range else self.days
        with connection.cursor() as cursor:
            cursor.execute(statement.replace("{which}", f"e.day {marks}"), params * statement.count("{which}"))
            return cursor.rowcount, cursor.fetchall() if cursor.description else []

    def stretches(self) -> Iterator["DaySet"]:
        """Yield the days in sets that follow each other without a gap."""
        begins = [0, *(place for place, (one, next_) in enumerate(pairwise(self.days), 1) if next_ - one > DAY)]
        for begin, end in pairwise([*begins, len(self.days)]):
            yield DaySet(self.days[begin:end])

    def bounds(self) -> tuple[datetime, datetime]:
        """Return the moments from the first day's beginning to the last one's end, which is not included."""
        return day_bounds(self.days[0])[0], day_bounds(self.days[-1])[1]


def run(statement: str, params: Sequence[Any] = ()) -> int:
    """Run a statement; return the rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


def make_temporary(table: str, query: str) -> str:
    """Return the statement that keeps the answer of a query for this connection. PostgreSQL finds it in parallel."""
    return f"CREATE TEMP TABLE {table} AS {query}"


def forget_temporary(*tables: str) -> None:
    """Drop tables that `make_temporary` made, if they are there."""
    prefix = "temp." if connection.vendor == "sqlite" else "pg_temp."
    for table in tables:
        run(f"DROP TABLE IF EXISTS {prefix}{table}")


def month_sql(day: str) -> str:
    """Return the expression for the first day of the month of a day."""
    return MONTH[connection.vendor].format(day)


def as_day(value: date | str) -> date:
    """Return a date as a date; SQLite answers some as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
