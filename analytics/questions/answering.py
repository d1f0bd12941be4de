"""Answering a question: a page of its rows, how many there are, what they add up to, or all of it as a file.

A page is bounded: no statement runs longer than PATIENCE, and no more than MOST_SHOWN rows can be leafed through.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column
from analytics.exports.exporting import Asked, Parameter, Params, made_rows, parameters, source
from analytics.questions.conditions import as_number, quoted
from analytics.questions.question import ROWS, Question

PATIENCE = 5  # seconds
MOST_SHOWN = 10_000
BETWEEN = re.compile(r", (?![^(]*\))")  # commas of a list, not those inside a function
STEPS = 20_000  # of SQLite's machine between two looks at the clock
MADE_TYPES = {Kind.DAY: "date", Kind.NUMBER: "bigint", Kind.MINOR: "bigint", Kind.TEXT: "text"}


class TookTooLong(Exception):
    """The database did not answer in time."""


class Answer:
    """The rows that answer a question, as the database holds them; it can be counted and cut into pages."""

    def __init__(self, question: Question) -> None:
        self.question = question
        dataset, selection = question.dataset, question.selection
        self._asked = Asked(dataset, selection.window, selection.currency, dataset.columns)

    @cached_property
    def totals(self) -> tuple[int, dict[str, int]]:
        """How many rows the conditions leave, and the sums of the columns that are shown and add up: one query."""
        columns = [column for column in self.question.headings if column.adds_up and column is not ROWS]
        sums = "".join(f", SUM({quoted(column)})" for column in columns)
        row = self._fetch(f"SELECT COUNT(*){sums} FROM {self._from}")[0]  # noqa: S608  declared in code
        return row[0], {column.name: int(value or 0) for column, value in zip(columns, row[1:], strict=True)}

    @cached_property
    def size(self) -> int:
        """How many rows the answer has: groups, if it is grouped."""
        if not self.question.groups:
            return self.totals[0]
        return int(self._fetch(f"SELECT COUNT(*) FROM ({self._rows}) q")[0][0])  # noqa: S608  declared in code

    def count(self) -> int:
        """How many of them can be leafed through."""
        return min(self.size, MOST_SHOWN)

    def __getitem__(self, wanted: slice) -> list[tuple[Any, ...]]:
        """Return some of them in order: one query."""
        start = wanted.start or 0
        names = ", ".join(f"q.c{place}" for place in range(len(self.question.headings)))
        paged = f"SELECT {names} FROM ({self._placed}) q ORDER BY q.place"  # noqa: S608  declared in code
        return self._fetch(f"{paged} LIMIT {wanted.stop - start:d} OFFSET {start:d}")

    def as_file(self) -> Asked:
        """Return exactly this answer as the writer of files takes it."""
        headings = [
            replace(column, source=f"c{place}", is_code=False) for place, column in enumerate(self.question.headings)
        ]
        dataset = replace(
            self._asked.dataset,
            columns=tuple(headings),
            rows=self._placed,
            sweep="",
            order_by="r.place",
            make=None,
            by_month="",
        )
        return replace(self._asked, dataset=dataset, columns=headings, more=self._params)

    @property
    def _placed(self) -> str:
        return f"SELECT p.*, ROW_NUMBER() OVER (ORDER BY {self._order}) AS place FROM ({self._rows}) p"  # noqa: S608

    @property
    def _rows(self) -> str:
        """The answer as SQL: columns c0, c1 ..., and o0 ..., what the dataset is sorted by."""
        question = self.question
        if not question.groups:
            shown = [quoted(column) for column in question.columns]
            names = ", ".join(f"{expression} AS c{place}" for place, expression in enumerate(shown))
            own = "".join(f", {part} AS o{place}" for place, (part, _) in enumerate(self._own_order))
            return f"SELECT {names}{own} FROM {self._from}"  # noqa: S608  declared in code
        groups = [group.sql for group in question.groups]
        sums = [f"CAST(SUM({quoted(column)}) AS BIGINT)" for column in question.summed]
        names = ", ".join(f"{part} AS c{place}" for place, part in enumerate([*groups, "COUNT(*)", *sums]))
        return f"SELECT {names} FROM {self._from} GROUP BY {', '.join(groups)}"  # noqa: S608  declared in code

    @property
    def _order(self) -> str:
        headings = self.question.headings
        names = [column.name for column in headings]
        parts = []
        if wanted := self.question.order:
            place = names.index(wanted.removeprefix("-"))
            by = f"p.c{place}"
            if headings[place].kind in (Kind.PERCENT, Kind.DECIMAL):
                by = as_number(by)
            parts = [f"CASE WHEN {by} IS NULL THEN 1 ELSE 0 END", f"{by}{' DESC' if wanted.startswith('-') else ''}"]
        if self.question.groups:
            return ", ".join([*parts, *(f"p.c{place}" for place in range(len(self.question.groups)))])
        return ", ".join([*parts, *(f"p.o{place}{way}" for place, (_, way) in enumerate(self._own_order))])

    @property
    def _own_order(self) -> list[tuple[str, str]]:
        """What the dataset is sorted by, each with the word that turns it round."""
        parts = BETWEEN.split(self._asked.dataset.order_by or "r.place")
        return [(part.removesuffix(" DESC"), " DESC" if part.endswith(" DESC") else "") for part in parts]

    @cached_property
    def _from(self) -> str:
        where = [one.sql(f"v{place}")[0] for place, one in enumerate(self.question.conditions)]
        base = source(self._asked) if self._asked.dataset.make is None else self._made
        return f"({base}) r WHERE {' AND '.join(where) or '1 = 1'}"

    @cached_property
    def _params(self) -> dict[str, Parameter]:
        values: dict[str, Parameter] = {}
        for place, one in enumerate(self.question.conditions):
            values |= one.sql(f"v{place}")[1]
        if self._asked.dataset.make is not None:
            values["made"] = self._made_json
        return values

    @property
    def _own_columns(self) -> list[Column]:
        return [column for column in self._asked.dataset.columns if not column.source]

    @property
    def _made(self) -> str:
        """Rows that no database selects, given to it as one parameter."""
        names = [column.name for column in self._own_columns]
        if connection.vendor == "postgresql":
            typed = [f'"{column.name}" {MADE_TYPES.get(column.kind, "numeric")}' for column in self._own_columns]
            listed = ", ".join([*typed, '"place" bigint'])
            return f"SELECT t.* FROM jsonb_to_recordset(CAST(%(made)s AS jsonb)) AS t({listed})"  # noqa: S608
        listed = ", ".join(f"json_extract(j.value, '$.{name}') AS \"{name}\"" for name in [*names, "place"])
        return f"SELECT {listed} FROM json_each(%(made)s) j"  # noqa: S608  declared in code

    @cached_property
    def _made_json(self) -> str:
        columns = self._own_columns
        rows = made_rows(replace(self._asked, columns=columns))
        names = [column.name for column in columns]
        return json.dumps(
            [{**dict(zip(names, row, strict=True)), "place": place} for place, row in enumerate(rows)], default=_plain
        )

    def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        params: Params = parameters(self._asked) | self._params
        with in_time() as cursor:
            cursor.execute(statement, params)
            return list(cursor.fetchall())


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} cannot be given to the database")


@contextmanager
def in_time() -> Iterator[CursorWrapper]:
    """Yield a cursor whose statements end after PATIENCE. Raises TookTooLong where one would go on."""
    try:
        if connection.vendor == "postgresql":
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE * 1000:d}")
                yield cursor
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
        else:
            with connection.cursor() as cursor, _watched():
                yield cursor
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "57014" or "interrupted" in str(error):
            raise TookTooLong from error
        raise


@contextmanager
def _watched() -> Iterator[None]:
    end = time.monotonic() + PATIENCE
    raw = connection.connection
    raw.set_progress_handler(lambda: int(time.monotonic() > end), STEPS)
    try:
        yield
    finally:
        raw.set_progress_handler(None, 0)
