"""Blocks about goods on their way: the backlog by age, lead times by week, and what runs out first."""

from collections.abc import Sequence
from decimal import Decimal

from analytics.dashboards.bars import Step, in_rows
from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.charts import Series, over_time
from analytics.dashboards.drawing import HALF, WIDE, Measure
from analytics.dashboards.figures import FEW
from analytics.dashboards.runs import run_cells, run_columns, run_names
from analytics.exports.csv_text import Kind
from analytics.figures.ages import Age
from analytics.figures.lead_weeks import LeadTimes
from analytics.figures.selection import Selection
from analytics.figures.spans import WEEK
from analytics.figures.stock_cover import StockCover
from analytics.figures.windows import Window
from analytics.kpis import KPIS, STOCK_COVER_DAYS
from analytics.rows.links import rows_url

IN_HOURS = Measure(
    lambda hundredths: f"{hundredths / 100:.2f}\u00a0h", lambda hundredths: f"{hundredths / 100:g} h", 100
)
LATE, IN_TIME = 4, 1  # colours
MOST_VARIANTS = 12
TYPICAL, SLOW = "lead_time_p50", "lead_time_p90"


def backlog_block(ages: Sequence[Age], selection: Selection) -> Block:
    """Return the orders that wait to be sent, by how long they have waited; those that are late in another colour."""
    window, currency = selection.window, selection.currency
    urls = [rows_url("backlog", window, currency, age=age.key) for age in ages]
    steps = [
        Step(age.label, 0, age.orders, f"{age.orders:,}", url, LATE if age.is_late else IN_TIME)
        for age, url in zip(ages, urls, strict=True)
    ]
    rows = [
        [Cell(age.label, url), Cell(age.orders, url), "yes" if age.is_late else "no"]
        for age, url in zip(ages, urls, strict=True)
    ]
    late = sum(age.orders for age in ages if age.is_late)
    total = sum(age.orders for age in ages)
    promise = next(age.from_hours for age in ages if age.is_late)
    return Block(
        key="backlog",
        title="Backlog by age",
        note=f"Now; the shop promises to send within {promise} hours.",
        kpis=[KPIS["backlog"], KPIS["sla_breach"]],
        badge=f"{late:,} late" if late else "",
        table=Table(
            "Backlog by age",
            [Column("age", "Paid"), Column("orders", "Orders", Kind.NUMBER), Column("is_late", "Late")],
            rows if total else [],
            totals=["All", total, f"{late:,} late"],
        ),
        drawings=in_rows(steps, HALF),
        series=[(IN_TIME, "in time"), (LATE, "late")] if late else [],
        rows_url=rows_url("backlog", window, currency),
        empty="Nothing waits to be sent. Orders appear here as soon as they are paid.",
    )


def lead_block(runs: Sequence[Window], leads: Sequence[LeadTimes], selection: Selection) -> Block:
    """Return the lead times of runs of weeks, by the day on which orders were sent in full."""
    currency, total = selection.currency, sum(lead.orders for lead in leads)
    series = [
        Series("nine in ten", [lead.lead_time_p90 for lead in leads], number=2, is_line=True),
        Series("half", [lead.lead_time_p50 for lead in leads], number=1, is_line=True),
    ]
    rows: list[list[Cell | Raw]] = [
        [
            *run_cells(run, runs),
            Cell(_hours(lead.lead_time_p50), rows_url(TYPICAL, run, currency)),
            Cell(_hours(lead.lead_time_p90), rows_url(SLOW, run, currency)),
            lead.orders,
        ]
        for run, lead in zip(runs, leads, strict=True)
    ]
    columns = [
        *run_columns(runs),
        Column("lead_time_p50_hours", "Half within (h)", Kind.NUMBER),
        Column("lead_time_p90_hours", "Nine in ten within (h)", Kind.NUMBER),
        Column("orders_sent", "Orders sent", Kind.NUMBER),
    ]
    return Block(
        key="lead-times",
        title="Lead times by week",
        note="Hours from sale to last parcel, by the week in which it left.",
        kpis=[KPIS[TYPICAL], KPIS[SLOW]],
        badge=f"few orders: {total}" if 0 < total < FEW else "",
        table=Table("Lead times by week", columns, rows if total else []),
        drawings=over_time(run_names(runs), series, IN_HOURS, HALF),
        rows_url=rows_url(TYPICAL, selection.window, currency),
        empty="No order was sent in full in these days. The first parcel draws the first point.",
    )


def cover_block(covers: Sequence[StockCover], selection: Selection) -> Block:
    """Return the variants that run out first at the pace of the last 30 days."""
    window, currency = selection.window, selection.currency
    soonest = [one for one in covers if one.cover_days is not None][:MOST_VARIANTS]
    urls = [rows_url(STOCK_COVER_DAYS.id, window, currency, variant=one.variant_id) for one in soonest]
    steps = [
        Step(_named(one), 0, int((one.cover_days or 0) * 100), _cover(one), url, LATE if _is_short(one) else IN_TIME)
        for one, url in zip(soonest, urls, strict=True)
    ]
    columns = [
        Column("product", "Product"),
        Column("sku", "SKU"),
        Column("cover_days", "Lasts (days)", Kind.NUMBER),
        Column("available", "Available", Kind.NUMBER),
        Column("units_30d", "Sold in 30 days", Kind.NUMBER),
        Column("days_in_stock", "Days in stock", Kind.NUMBER),
    ]
    rows: list[list[Cell | Raw]] = [
        [Cell(_named(one), url), one.sku, Cell(one.cover_days, url), one.available, one.units_30d, one.days_in_stock]
        for one, url in zip(soonest, urls, strict=True)
    ]
    return Block(
        key="stock-cover",
        title="What runs out first",
        note="Days that the stock lasts at the pace of the last 30.",
        kpis=[STOCK_COVER_DAYS],
        table=Table("Variants that run out first", columns, rows),
        drawings=in_rows(steps, WIDE) if steps else (),
        is_wide=True,
        series=[(IN_TIME, "a week and more"), (LATE, "less than a week")] if any(map(_is_short, soonest)) else [],
        rows_url=rows_url(STOCK_COVER_DAYS.id, window, currency),
        empty="No variant whose stock is counted was sold in the last 30 days.",
    )


def _named(one: StockCover) -> str:
    return f"{one.product} {one.variant}".strip()


def _cover(one: StockCover) -> str:
    return "sold out" if one.available <= 0 else f"{one.cover_days:.0f} days"


def _is_short(one: StockCover) -> bool:
    return one.cover_days is not None and one.cover_days < WEEK


def _hours(hundredths: int | None) -> Decimal | None:
    return None if hundredths is None else Decimal(hundredths).scaleb(-2)
