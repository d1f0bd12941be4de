"""The numbers of a block, declared once as values: what people read and the file are both written from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from analytics.exports.csv_text import Kind, guarded, line
from core.money import format_money, format_plain

type Raw = str | int | Decimal | date | None
NUMERIC = {Kind.NUMBER, Kind.MINOR, Kind.MONEY, Kind.PERCENT, Kind.DECIMAL}


@dataclass(frozen=True)
class Column:
    """A column: its snake_case name in the file, its label on the page, and what its cells hold.

    MONEY is given in minor units (and makes two columns of the file), PERCENT as a Decimal of percent.
    `is_in_file` is false for what the other columns say already, `is_drawn` for numbers that the drawing leaves out. An
    empty text is a cell with nothing in it.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    is_in_file: bool = True
    is_drawn: bool = True


@dataclass(frozen=True)
class Cell:
    """A value with the address of its rows, a few words beside it, and how dark its ground is (0 to 5, or not).

    `kind` is set where the cells of a column differ in what they hold, as figures below each other do.
    """

    value: Raw
    url: str = ""
    note: str = ""
    heat: int | None = None
    kind: Kind | None = None


@dataclass(frozen=True)
class Shown:
    """A cell as the page writes it: the attributes of its element, and what stands in it."""

    attributes: SafeString
    content: SafeString


type ShownRow = tuple[Shown, list[Shown]]


@dataclass(frozen=True)
class Table:
    """Columns and rows of values; the first cell of a row names it. Bare values may stand for cells without an address.

    `totals` is a last row that the rows add up to. With `is_plotted` the numbers are there for scripts, too.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | Raw]]
    currency: str = ""
    totals: Sequence[Cell | Raw] = ()
    is_plotted: bool = False

    @property
    def head(self) -> list[tuple[str, bool]]:
        """The labels, and whether the column holds numbers."""
        return [(column.label, column.kind in NUMERIC) for column in self.columns]

    @property
    def body(self) -> Iterator[ShownRow]:
        """The rows as the page writes them: the name of the row, and its cells."""
        return (self._shown(row) for row in self.rows)

    @property
    def foot(self) -> list[ShownRow]:
        """The totals as the page writes them; nothing where there are none."""
        return [self._shown(self.totals)] if self.totals else []

    def csv(self) -> str:
        """Return the rows as CSV, without the totals: RFC 4180, safe from formulas, empty where there is no value."""
        in_file = [column for column in self.columns if column.is_in_file]
        has_money = any(column.kind is Kind.MONEY for column in in_file)
        head = [name for column in in_file for name in _names(column)]
        lines = [line([*head, *(["currency"] if has_money else [])])]
        for row in self.rows:
            cells = zip(self.columns, row, strict=True)
            plain = [text for column, cell in cells if column.is_in_file for text in self._plain(column, _cell(cell))]
            lines.append(line([*plain, *([self.currency] if has_money else [])]))
        return "".join(lines)

    def _plain(self, column: Column, cell: Cell) -> list[str | None]:
        value, kind = cell.value, cell.kind or column.kind
        if value is None:
            return [None] * len(_names(column))
        if kind is Kind.MONEY:
            plain = format_plain(int(str(value)), self.currency)
            return [str(value), plain] if column.kind is Kind.MONEY else [plain]
        return [str(value) if kind in NUMERIC or isinstance(value, date) else guarded(str(value))]

    def _shown(self, row: Sequence[Cell | Raw]) -> ShownRow:
        name, *cells = (self._as_shown(column, _cell(cell)) for column, cell in zip(self.columns, row, strict=True))
        return name, cells

    def _as_shown(self, column: Column, cell: Cell) -> Shown:
        kind = cell.kind or column.kind
        text = self._text(kind, cell.value)
        content = format_html('<a href="{}">{}</a>', cell.url, text) if cell.url else escape(text)
        if cell.note:
            content = format_html("{}<small>{}</small>", content, cell.note)
        return Shown(self._attributes(column, kind in NUMERIC, cell), content)

    def _attributes(self, column: Column, is_numeric: bool, cell: Cell) -> SafeString:  # noqa: FBT001  of one caller
        attributes = SafeString(' class="num"' if is_numeric else "")
        if self.is_plotted and column.is_drawn and is_numeric and cell.value is not None:
            attributes += format_html(' data-value="{}"', cell.value)
        return attributes if cell.heat is None else attributes + format_html(' data-heat="{}"', cell.heat)

    def _text(self, kind: Kind, value: Raw) -> str:
        if value is None or value == "":
            return "–" if value is None else ""
        if isinstance(value, date):
            return f"{value:%a} {value.day} {value:%b %Y}"
        if kind is Kind.MONEY:
            return format_money(int(str(value)), self.currency)
        if kind is Kind.PERCENT:
            return f"{value}\u00a0%"
        return f"{value:,}" if isinstance(value, int) else str(value)


def _names(column: Column) -> list[str]:
    return [f"{column.name}_minor", column.name] if column.kind is Kind.MONEY else [column.name]


def _cell(given: Cell | Raw) -> Cell:
    return given if isinstance(given, Cell) else Cell(given)
