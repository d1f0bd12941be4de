"""A question over a dataset: which columns, on what conditions, grouped by what, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.http import urlencode

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column, Dataset
from analytics.figures.selection import Selection
from analytics.questions.conditions import Condition, quoted

MONTH = ".month"
ROWS = Column("rows", Kind.NUMBER, "how many rows there are")


@dataclass(frozen=True)
class Grouping:
    """What rows are put together by: a column, or the months of a column of days."""

    column: Column
    by_month: bool = False

    @property
    def name(self) -> str:
        """How the query string calls it."""
        return f"{self.column.name}{MONTH if self.by_month else ''}"

    @property
    def words(self) -> str:
        """What people read."""
        return f"month of {self.column.name}" if self.by_month else self.column.name

    @property
    def heading(self) -> Column:
        """The column that it makes."""
        kind = Kind.TEXT if self.by_month else self.column.kind
        return Column(f"{self.column.name}_month" if self.by_month else self.column.name, kind, self.column.meaning)

    @property
    def sql(self) -> str:
        """What rows `r` have in common, as SQL; null and empty text are the same."""
        column = quoted(self.column)
        if self.by_month:
            return f"substr(CAST({column} AS TEXT), 1, 7)"
        return f"COALESCE(CAST({column} AS TEXT), '')" if self.column.kind is Kind.TEXT else column


@dataclass(frozen=True)
class Question:
    """What is asked. Ungrouped it shows `columns`, grouped the groups, how many rows each has, and sums of `summed`.

    `is_usual` and `sums_usual` say that columns and sums are those that nobody has to ask for. `sort` names what it is
    sorted by, with `-` for the largest first; it is empty where nobody asked.
    """

    dataset: Dataset
    selection: Selection
    columns: Sequence[Column]
    conditions: Sequence[Condition] = ()
    groups: Sequence[Grouping] = ()
    summed: Sequence[Column] = ()
    sort: str = ""
    is_usual: bool = True
    sums_usual: bool = True
    notices: list[str] = field(default_factory=list)

    @property
    def headings(self) -> list[Column]:
        """The columns of the answer."""
        if not self.groups:
            return list(self.columns)
        return [*(group.heading for group in self.groups), ROWS, *self.summed]

    @property
    def order(self) -> str:
        """What it is sorted by, asked for or not: groups by day, else by their first sum; empty: as the dataset is."""
        if self.sort or not self.groups:
            return self.sort
        first = self.groups[0]
        if first.by_month or first.column.kind is Kind.DAY:
            return first.heading.name
        return f"-{self.summed[0].name if self.summed else ROWS.name}"

    @property
    def with_personal(self) -> bool:
        """Whether the answer, or what was asked of it, holds personal data."""
        asked = (*self.columns, *(one.column for one in self.conditions), *(one.column for one in self.groups))
        return any(column.is_personal for column in asked)

    @property
    def query(self) -> str:
        """The query string that asks the same again; days that end today go with the calendar."""
        pairs = list(self.selection.query.items())
        if not self.is_usual:
            pairs += [("show", column.name) for column in self.columns]
        for one in self.conditions:
            pairs += [("column", one.column.name), ("is", str(one.operator)), ("value", one.given)]
        pairs += list(zip(("group", "then"), (group.name for group in self.groups), strict=False))
        if self.groups and not self.sums_usual:
            pairs += [("sum", column.name) for column in self.summed]
        return urlencode(pairs + ([("sort", self.sort)] if self.sort else []))
