"""A block of a page: what it is called, what its figures mean, its drawing, and the same numbers as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.dashboards.drawing import Drawing
from analytics.dashboards.figures import Figure
from analytics.dashboards.tables import Cell, Column, Raw, Table
from analytics.exports.csv_text import Kind
from analytics.kpis import Kpi, TableKpi
from core.money import exponent

__all__ = ["Block", "Cell", "Column", "Raw", "Table"]


@dataclass(frozen=True)
class Block:
    """A part of a page: one question, answered by a drawing and a table of the same numbers.

    `key` names it in addresses. `kpis` are the registered figures that it shows, each with its definition. `note` is
    a sentence under the title, `badge` a warning that there is little to judge by, `series` names the colours of bars
    where there are several, `rows_url` leads to the rows of the whole block. `is_plotted` says that the table's first
    column is days and its numbers are of one kind, so that scripts may offer zoom and hover.
    """

    key: str
    title: str
    table: Table
    kpis: Sequence[Kpi | TableKpi] = ()
    note: str = ""
    badge: str = ""
    drawings: Sequence[Drawing] = ()
    series: Sequence[tuple[int, str]] = ()
    figures: Sequence[Figure] = ()
    rows_url: str = ""
    empty: str = "Nothing happened in these days."
    is_open: bool = False
    is_wide: bool = False
    is_plotted: bool = False
    sentences: Sequence[str] = ()

    @property
    def shown_table(self) -> Table:
        """The table as the page writes it."""
        return replace(self.table, is_plotted=self.is_plotted)

    @property
    def has_rows(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.table.rows)

    @property
    def kpi_ids(self) -> str:
        """The ids of the figures that the block as such shows; single figures in it carry their own marks."""
        return "" if self.figures and self.has_rows else " ".join(kpi.id for kpi in self.kpis)

    @property
    def plot_series(self) -> str:
        """The colours of what is drawn, bars first, in the order of the columns that hold their numbers."""
        drawing = self.drawings[0]
        numbers = [rect.series for rect in drawing.rects] + [line.series for line in drawing.lines]
        return " ".join(map(str, dict.fromkeys(numbers)))

    @property
    def plot_currency(self) -> str:
        """The currency of what is drawn; empty where it is no money."""
        return self.table.currency if any(column.kind is Kind.MONEY for column in self.table.columns) else ""

    @property
    def plot_digits(self) -> int:
        """How many decimal places that currency has."""
        return exponent(self.plot_currency) if self.plot_currency else 0

    @property
    def label(self) -> str:
        """What the drawing says to somebody who does not see it."""
        return f"{self.title}; the table below holds the same figures"
