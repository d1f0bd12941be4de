"""A breakdown as a block: bars of the largest slices, a table of a page of them, and the sum that they add up to."""

from collections.abc import Sequence
from decimal import Decimal

from analytics.dashboards.bars import ranked
from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.drawing import Shape
from analytics.exports.csv_text import Kind
from analytics.figures.breakdowns import WORDS, By, Slice
from analytics.figures.products import percent
from analytics.figures.selection import Selection
from analytics.kpis import KPIS
from analytics.rows.links import rows_url
from core.money import format_money

MOST_BARS = 12
FIGURE = "net_sales"


def slices_block(
    by: By, slices: Sequence[Slice], total: Slice, selection: Selection, shape: Shape, *, is_whole: bool = True
) -> Block:
    """Return slices of net sales, the largest first. `is_whole` says that these are all of those that `total` adds."""
    window, currency = selection.window, selection.currency
    urls = [rows_url(FIGURE, window, currency, **one.cell) for one in slices]
    one_name, many = WORDS[by]
    return Block(
        key=by.value,
        title=f"Net sales by {one_name.lower()}",
        note=_note(by, slices, is_whole=is_whole),
        kpis=[KPIS[FIGURE]],
        table=Table(
            f"Net sales by {one_name.lower()}",
            _columns(by),
            [_row(by, one, url, total) for one, url in zip(slices, urls, strict=True)],
            currency,
            totals=_row(by, total, "", total, name=f"All {many}") if slices else (),
        ),
        drawings=ranked(_bars(slices, urls, total, currency), shape) if slices else (),
        rows_url=rows_url(FIGURE, window, currency),
        empty="Nothing was sold or refunded in these days.",
    )


def change_between(before: int | None, now: int | None) -> str:
    """Return a change in percent; nothing where there was nothing (or less) before."""
    if before is None or now is None or before <= 0:
        return ""
    return f"{Decimal(100 * (now - before)) / before:+.1f}\u00a0%"


def _columns(by: By) -> list[Column]:
    orders = [Column("orders", "Orders", Kind.NUMBER)] if by.counts_orders else []
    return [
        Column(by.value, WORDS[by][0]),
        Column("net_sales", "Net sales", Kind.MONEY),
        Column("share", "Share", Kind.PERCENT),
        Column("compared_net_sales", "Compared with", Kind.MONEY),
        Column("change", "Change"),
        Column("gross_sales", "Gross sales", Kind.MONEY),
        Column("discounts", "Discounts", Kind.MONEY),
        Column("returns", "Returns", Kind.MONEY),
        *orders,
        Column("units", "Units", Kind.NUMBER),
    ]


def _row(by: By, one: Slice, url: str, total: Slice, *, name: str = "") -> list[Cell | Raw]:
    return [
        Cell(name or one.label, url, note=one.note),
        Cell(one.net_minor, url),
        percent(one.net_minor, total.net_minor),
        one.before_minor,
        change_between(one.before_minor, one.complete_minor),
        one.gross_minor,
        one.discount_minor,
        one.returns_minor,
        *([one.orders] if by.counts_orders else []),
        one.units,
    ]


def _bars(slices: Sequence[Slice], urls: Sequence[str], total: Slice, currency: str) -> list[tuple[str, int, str, str]]:
    return [
        (one.label, one.net_minor, f"{format_money(one.net_minor, currency)} {_share(one, total)}".strip(), url)
        for one, url in zip(slices[:MOST_BARS], urls, strict=False)
    ]


def _share(one: Slice, total: Slice) -> str:
    share = percent(one.net_minor, total.net_minor)
    return "" if share is None else f"({share:.0f}\u00a0%)"


def _note(by: By, slices: Sequence[Slice], *, is_whole: bool) -> str:
    several = "" if by.counts_orders else " An order can hold several, so orders are not counted."
    shown = f"The {MOST_BARS} largest as bars" if len(slices) > MOST_BARS else "Refunds count on their own day"
    pages = "" if is_whole else "; the table goes on below"
    return f"{shown}{pages}.{several}"
