"""Blocks of steps that lead from one amount to another: from gross sales to the total, and from there to the bank."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse

from analytics.dashboards.bars import Step, in_rows
from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.drawing import HALF, Drawing
from analytics.dashboards.figures import Figure
from analytics.exports.csv_text import Kind
from analytics.figures.bridge import Bridge
from analytics.figures.selection import Selection
from analytics.kpis import KPIS, Facts
from analytics.rows.links import rows_url
from core.money import format_money

TOTAL, MORE, LESS = 1, 3, 4  # colours
SERIES = ((TOTAL, "amounts"), (MORE, "added"), (LESS, "taken away"))


@dataclass(frozen=True)
class Part:
    """An amount that is reached (`is_total`), or what is added on the way to the next one."""

    name: str
    minor: int
    url: str = ""
    note: str = ""
    is_total: bool = False


def waterfall_block(figures: Sequence[Figure], facts: Facts, selection: Selection) -> Block:
    """Return gross sales less discounts and returns, with delivery and tax: the total, step by step."""
    gross, discounts, returns, net, shipping, tax, total = figures
    amounts = (
        (gross, facts.gross, True),
        (discounts, -facts.discounts, False),
        (returns, -facts.returns, False),
        (net, facts.net, True),
        (shipping, facts.shipping, False),
        (tax, facts.tax, False),
        (total, facts.total, True),
    )
    parts = [Part(figure.kpi.title, minor, figure.url, is_total=is_total) for figure, minor, is_total in amounts]
    columns = [Column("step", "Step"), Column("amount", "Amount", Kind.MONEY), Column("change", "Change")]
    rows: list[list[Cell | Raw]] = [
        [Cell(part.name, part.url), Cell(part.minor, part.url), figure.change]
        for part, figure in zip(parts, figures, strict=True)
    ]
    has_any = any(part.minor for part in parts)
    return Block(
        key="waterfall",
        title="From gross sales to the total",
        note="Ex tax until the last step; refunds count on their own day.",
        kpis=[figure.kpi for figure in figures],
        table=Table("From gross sales to total sales", columns, rows if has_any else [], selection.currency),
        drawings=_drawn(parts, selection.currency),
        series=SERIES,
        rows_url=total.url,
        empty="Nothing was sold or refunded in these days.",
    )


def bridge_block(bridge: Bridge, selection: Selection) -> Block:
    """Return what lies between total sales and the money that reached the bank; every step is exact."""
    parts = list(_bridged(bridge, selection))
    columns = [Column("step", "Step"), Column("amount", "Amount", Kind.MONEY), Column("meaning", "What it is")]
    rows: list[list[Cell | Raw]] = [
        [Cell(part.name, part.url), Cell(part.minor, part.url), part.note] for part in parts
    ]
    return Block(
        key="bridge",
        title="From total sales to the bank",
        note="What Stripe booked of the sales, kept, and paid out.",
        kpis=[KPIS[kpi] for kpi in ("total_sales", "disputed_amount", "stripe_fees", "stripe_net", "payouts")],
        table=Table("From total sales to payouts", columns, rows if bridge.has_moved else [], selection.currency),
        drawings=_drawn(parts, selection.currency),
        series=SERIES,
        empty=f"Stripe has booked nothing in {selection.currency} in these days: sales cannot be followed to the bank.",
    )


def _bridged(bridge: Bridge, selection: Selection) -> Iterator[Part]:
    def rows(kpi: str) -> str:
        return rows_url(kpi, selection.window, selection.currency)

    books, movements = (
        f"{reverse(f'payments:console_{name}')}?{selection.as_days}" for name in ("finance", "movements")
    )
    yield Part(
        "Total sales", bridge.total, rows("total_sales"), "sales less refunds, by the shop's ledger", is_total=True
    )
    yield Part(
        "On other days", bridge.elsewhere, books,
        "what Stripe booked on other days than the shop did, less what was paid outside Stripe",
    )  # fmt: skip
    yield Part("Booked by Stripe", bridge.booked, movements, "charges less refunds", is_total=True)
    yield Part("Disputes", -bridge.disputed, rows("disputed_amount"), "taken by banks, less what came back")
    yield Part("Fees", -bridge.fees, rows("stripe_fees"), "of charges, of disputes and of Stripe's own")
    if bridge.other:
        yield Part("Other", bridge.other, movements, "adjustments, reserves, taxes of Stripe's, fees of payouts")
    yield Part("Net of Stripe", bridge.net, rows("stripe_net"), "what these days brought to the balance", is_total=True)
    yield Part("Paid out", -bridge.payouts, rows("payouts"), "by the day of arrival at the bank")
    note = "still on the balance, or on its way" if bridge.left >= 0 else "paid out of what earlier days had brought"
    yield Part("Not paid out", bridge.left, "", note, is_total=True)


def _drawn(parts: Sequence[Part], currency: str) -> list[Drawing]:
    steps, at = [], 0
    for part in parts:
        text = format_money(part.minor, currency)
        if part.is_total:  # from its end back to nothing, so that the step before joins it where it ended
            steps.append(Step(part.name, part.minor, 0, text, part.url, TOTAL))
            at = part.minor
        else:
            steps.append(Step(part.name, at, at + part.minor, text, part.url, MORE if part.minor >= 0 else LESS))
            at += part.minor
    return in_rows(steps, HALF, are_joined=True)
