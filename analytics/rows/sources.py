"""Kinds of rows that figures are made of, and how a figure says which of them make it up.

The SQL of a source is the same text on both databases, with the parameters `%(start)s`, `%(end)s` (days, both
included), `%(start_at)s`, `%(end_at)s` (the instants between which they lie, half-open), `%(now)s`, `%(currency)s`,
and `%(cell)s` for each cell. In it `<currency e>` stands for the condition on the currency of `e`, `<cells>` for those
of the cells that were asked for.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column
from analytics.kpis import Unit

CURRENCY = re.compile(r"<currency (?P<column>[^>]+)>")
ORDER_NUMBER = "'PL-' || CAST(10000 + {} AS TEXT)"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A kind of rows: one query, its columns, and what its rows can be told apart by.

    `rows` selects the columns, and `waiting`: 1 for a row that no build has taken up yet, which is listed apart.
    `cells` are conditions by the name of a cell; `day` is one everywhere. `refers` says where a column leads, `shown`
    which columns stand on the page; the file has all.
    `dirty` is what a mark in `core_dirtyday` calls such a row, `key` the column with its key. `arrivals` is the kind of
    rows that is listed as having come since the build, where it is not this one.
    """

    name: str
    one: str
    many: str
    columns: tuple[Column, ...]
    rows: str
    order_by: str
    cells: Mapping[str, str] = field(default_factory=dict)
    refers: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[str, ...]
    dirty: str = ""
    key: str = ""
    arrivals: "Source | None" = None

    def statement(self, currency: str | None, cells: Iterable[str]) -> str:
        """Return the query of the rows in one currency, or in all, with the conditions of these cells."""
        conditions = " AND ".join(self.cells[cell] for cell in cells if cell in self.cells) or "true"
        own = r"true" if currency is None else r"\g<column> = %(currency)s"
        return CURRENCY.sub(own, self.rows.replace("<cells>", f"({conditions})"))

    def counted(self, count: int) -> str:
        """Return so many of them in words."""
        return f"{count:,} {self.one if count == 1 else self.many}"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What makes up one figure: which rows of a source, what each adds to it, and what it adds to the denominator.

    `which`, `adds` and `divides` are SQL over the columns of the source, there named `r`; a sum without `divides` is
    the figure itself. With `percentile` (per cent) the figure lies at that place among the rows, ordered by `adds`.
    `says` tells a person how the figure comes of the rows. `unit` is that of one cell, for a figure that is a table.
    A figure that `needs_rows` is none where there is no row, else it is zero. `shown` are columns that stand on the
    page beside those of the source. With `scale`, a column that is the same in each row, the figure is that times
    the denominator over the numerator.
    """

    source: Source
    adds: str
    says: str
    divides: str = ""
    which: str = "true"
    adds_kind: Kind = Kind.MINOR
    divides_kind: Kind = Kind.NUMBER
    unit: Unit | None = None
    percentile: int = 0
    needs_rows: bool = False
    shown: tuple[str, ...] = ()
    scale: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the source, then what each row adds: `adds`, or `numerator` and `denominator`."""
        if not self.divides:
            return (*self.source.columns, self._column("adds", "adds", self.adds_kind, self.says))
        return (
            *self.source.columns,
            self._column("numerator", "adds", self.adds_kind, f"what the row adds to the numerator: {self.says}"),
            self._column("denominator", "divides", self.divides_kind, "what the row adds to the denominator"),
        )

    @staticmethod
    def _column(name: str, source: str, kind: Kind, meaning: str) -> Column:
        is_money = kind is Kind.MINOR
        return Column(f"{name}_minor" if is_money else name, kind, meaning, source=source)


def counting(rows: Rows) -> Rows:
    """Return the rows of a figure as those of their number."""
    return replace(
        rows, adds="1", adds_kind=Kind.NUMBER, divides="", unit=Unit.COUNT, says=f"one for each {rows.source.one}"
    )


def settled(alias: str, source_type: str, day: str = "") -> str:
    """Return the condition that a build has taken a row up: it has no mark for its day."""
    return (
        f"NOT EXISTS (SELECT 1 FROM core_dirtyday dd WHERE dd.source_type = '{source_type}' "  # noqa: S608  declared in code
        f"AND dd.source_id = {alias}.id AND dd.day = {day or f'{alias}.day'})"
    )


def waiting(alias: str, source_type: str, day: str = "") -> str:
    """Return 1 for a row that waits for a build, else 0."""
    return f"CASE WHEN {settled(alias, source_type, day)} THEN 0 ELSE 1 END"
