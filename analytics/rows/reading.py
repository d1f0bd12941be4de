"""Rows read from the database: how many, what they add up to, a page of them, and those that came since the build."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column
from analytics.rows.asking import Asked
from analytics.rows.dialects import spoken
from analytics.rows.sources import Rows, Source

Record = dict[str, Any]
SUMMED = {"units", "orders", "units_left", "attempts"}  # of the columns of numbers, those that are not keys
AT_ONCE = 2_000
FIRST = 10


@dataclass(frozen=True)
class Totals:
    """What all rows of a figure come to: how many, the two sums, and the sum of each column that has one."""

    count: int
    adds: int
    divides: int
    columns: dict[str, int]


class RowSet:
    """The rows of what was asked for; those that no build has taken up are not among them.

    It can be counted and cut into pages. `sort` is a column, with `-` for the largest first.
    """

    def __init__(self, asked: Asked, *, sort: str = "") -> None:
        self.asked, self.rows = asked, asked.rows
        self._order = _order(self.rows, sort)
        self._all = _with_shares(self.rows, asked.statement)
        self._found: Totals | None = None

    @property
    def totals(self) -> Totals:
        """The sums over all of them: one query, whenever it is asked."""
        if self._found is None:
            names = [column.expression for column in summed_columns(self.asked)]
            sums = ", ".join(f"SUM(q.{name})" for name in ("adds", "divides", *names))
            (row,) = _fetch(self.asked, f"SELECT COUNT(*), {sums} FROM ({self._all}) q WHERE q.waiting = 0")  # noqa: S608  declared in code
            count, adds, divides, *others = (int(value or 0) for value in row)
            self._found = Totals(count, adds, divides, dict(zip(names, others, strict=True)))
        return self._found

    def count(self) -> int:
        """How many there are."""
        return self.totals.count

    def __getitem__(self, wanted: slice) -> list[Record]:
        """Return some of them in order: one query."""
        start, stop = wanted.start or 0, wanted.stop
        statement = f"SELECT r.* FROM ({self._all}) r WHERE r.waiting = 0 ORDER BY {self._order}"  # noqa: S608  declared in code
        return _records(self.asked, f"{statement} LIMIT {stop - start:d} OFFSET {start:d}")

    def stream(self) -> Iterator[Record]:
        """Yield all of them in order, with the memory of a few thousand."""
        statement = f"SELECT r.* FROM ({self._all}) r WHERE r.waiting = 0 ORDER BY {self._order}"  # noqa: S608  declared in code
        with connection.chunked_cursor() as cursor:
            cursor.execute(spoken(statement), self.asked.params)
            names: list[str] = []
            while rows := cursor.fetchmany(AT_ONCE):
                names = names or [column[0] for column in cursor.description]
                yield from (dict(zip(names, row, strict=True)) for row in rows)

    def largest(self, column: str) -> int:
        """Return the largest value of a column; 0 without a row."""
        statement = f"SELECT MAX(q.{column}) FROM ({self._all}) q WHERE q.waiting = 0"  # noqa: S608  declared in code
        ((found,),) = _fetch(self.asked, statement)
        return int(found or 0)

    def among(self, column: str, keys: Iterable[int]) -> set[int]:
        """Return which of these keys a column of the rows holds, at most those that are asked for."""
        listed = ", ".join(f"{key:d}" for key in keys)
        if not listed or column not in {one.expression for one in self.rows.source.columns}:
            return set()
        statement = f"SELECT DISTINCT q.{column} FROM ({self._all}) q"  # noqa: S608  declared in code
        return {
            int(key) for (key,) in _fetch(self.asked, f"{statement} WHERE q.waiting = 0 AND q.{column} IN ({listed})")
        }

    def smallest(self, place: int) -> int:
        """Return what the row at a place, from 0, adds, if they stand from the smallest to the largest."""
        statement = f"SELECT q.adds FROM ({self._all}) q WHERE q.waiting = 0 ORDER BY q.adds"  # noqa: S608  declared in code
        ((found,),) = _fetch(self.asked, f"{statement} LIMIT 1 OFFSET {place:d}")
        return int(found)


@dataclass(frozen=True)
class Arrivals:
    """Rows of the same days and cells that no build has taken up: how many, what they will add, the first of them.

    `adds` is None where they are of another kind than the rows of the figure.
    """

    source: Source
    count: int
    adds: int | None
    first: list[Record]


def arrivals_of(asked: Asked) -> Arrivals:
    """Return what came since the build: two queries."""
    own = asked.rows.source
    source = own.arrivals or own
    if not source.dirty:
        return Arrivals(source, 0, None, [])
    if own.arrivals:
        rows = f"SELECT r.*, 0 AS adds FROM ({source.statement(asked.currency, asked.cells)}) r"  # noqa: S608  declared in code
    else:
        rows = _with_shares(asked.rows, asked.statement)
    marks = f"SELECT d.source_id FROM core_dirtyday d WHERE d.source_type = '{source.dirty}'"  # noqa: S608  declared in code
    is_marked = f"r.{source.key} IN ({marks})" if source.key else "EXISTS (SELECT 1 FROM core_dirtyday)"
    waiting = f"FROM ({rows}) r WHERE r.waiting = 1 AND {is_marked}"
    ((count, adds),) = _fetch(asked, f"SELECT COUNT(*), SUM(r.adds) {waiting}")
    first = _records(asked, f"SELECT r.* {waiting} ORDER BY {source.order_by} LIMIT {FIRST:d}") if count else []
    return Arrivals(source, int(count), None if own.arrivals else int(adds or 0), first)


def summed_columns(asked: Asked) -> list[Column]:
    """Return the columns that have a sum: amounts of one currency, and counts."""
    return [
        column
        for column in asked.rows.source.columns
        if (column.kind is Kind.MINOR and asked.currency is not None) or column.name in SUMMED
    ]


def _with_shares(rows: Rows, statement: str) -> str:
    shares = f"{rows.adds} AS adds, {rows.divides or '0'} AS divides"
    return f"SELECT r.*, {shares} FROM ({statement}) r WHERE {rows.which}"  # noqa: S608  declared in code


def _order(rows: Rows, sort: str) -> str:
    name = sort.removeprefix("-")
    if name not in {column.expression for column in rows.columns}:
        return rows.source.order_by
    direction = "DESC" if sort.startswith("-") else "ASC"
    return f"r.{name} {direction} NULLS LAST, {rows.source.order_by}"


def _records(asked: Asked, statement: str) -> list[Record]:
    with connection.cursor() as cursor:
        cursor.execute(spoken(statement), asked.params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _fetch(asked: Asked, statement: str) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(spoken(statement), asked.params)
        return cursor.fetchall()
