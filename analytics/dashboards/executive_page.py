"""The executive page: what net sales came to, why they moved, what sold, what came back, whether payments succeed."""

from collections.abc import Mapping, Sequence
from datetime import date

from analytics.dashboards.bars import ranked
from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.charts import Series, over_time
from analytics.dashboards.drawing import HALF, WIDE, in_words, money_in
from analytics.dashboards.figures import counterpart_name, figure_of
from analytics.dashboards.frame import Page, comparison_of
from analytics.dashboards.sparks import spark
from analytics.dashboards.summing_up import figures_block
from analytics.dashboards.why import why_block
from analytics.exports.csv_text import Kind
from analytics.figures.reading import Seller, best_sellers, facts_by_day, facts_of
from analytics.figures.selection import Selection
from analytics.figures.windows import Comparison, Window
from analytics.kpis import BEST_SELLERS, KPIS, SCALARS, Facts
from analytics.rows.links import pinned_to, rows_url
from analytics.snapshots.freshness import freshness_of
from core.consistent_read import consistent_read
from core.days import today
from core.money import format_money

KEY = "executive"
MAIN = ("net_sales", "orders", "aov", "new_customers")
SALES = (
    "gross_sales", "discounts", "returns", "shipping", "tax", "total_sales", "units", "net_units",
)  # fmt: skip
REFUNDS = ("refunds_cash", "refunded_orders", "refund_rate_orders", "refund_rate_orders_cohort", "refund_rate_value")
PAYMENTS = ("payment_success", "payment_attempt_success")
SHOWN = {kpi.id: kpi for kpi in SCALARS if kpi.id in MAIN}
MOST_SELLERS = 10


def executive(selection: Selection) -> Page:
    """Return the page of a selection, all of it read from one state of the database."""
    comparison = comparison_of(selection)
    hull = Window(comparison.counterpart.start, selection.window.end)
    with consistent_read():
        facts = facts_of(comparison.windows, selection.currency, kpis=(*SALES, *REFUNDS, *PAYMENTS))
        days = facts_by_day(hull, selection.currency, kpis=SALES)
        sellers = best_sellers(selection.window, selection.currency, limit=MOST_SELLERS)
        freshness = freshness_of(selection.window)
    with pinned_to(freshness.build_id):
        blocks = [
            _net_by_day(selection, comparison, days),
            *([why_block(comparison, facts[1], facts[2], selection.currency)] if comparison.before else []),
            _sellers(selection, sellers),
            figures_block("sales", "Sales", SALES, facts, selection, comparison),
            figures_block("refunds", "Refunds", REFUNDS, facts, selection, comparison),
            figures_block("payments", "Payments", PAYMENTS, facts, selection, comparison),
        ]
        figures = [
            figure_of(kpi, facts, selection, spark=spark([SHOWN[kpi].value(days[day]) for day in selection.window]))
            for kpi in MAIN
        ]
    return Page(KEY, selection, comparison, freshness, figures, blocks)


def _net_by_day(selection: Selection, comparison: Comparison, days: Mapping[date, Facts]) -> Block:
    window, currency = selection.window, selection.currency
    pairs = list(zip(window, comparison.counterpart, strict=True))
    urls = [rows_url("net_sales", window, currency, day=day) for day in window]
    series = [
        Series("Net sales", [days[day].net for day, _ in pairs], urls=urls, open_from=_open_from(window)),
        Series(counterpart_name(comparison), [days[then].net for _, then in pairs], number=2, is_line=True),
    ]
    columns = [
        Column("day", "Day", Kind.DAY),
        Column("net_sales", "Net sales", Kind.MONEY),
        Column("compared_day", "Compared with", Kind.DAY),
        Column("compared_net_sales", "Its net sales", Kind.MONEY),
    ]
    rows: list[list[Cell | Raw]] = [
        [Cell(day, note="not over" if day >= today() else ""), Cell(days[day].net, url), then, days[then].net]
        for (day, then), url in zip(pairs, urls, strict=True)
    ]
    has_any = any(days[day].net or days[day].orders for day in days)
    return Block(
        key="net-by-day",
        title="Net sales by day",
        note=f"Bars are these days, the dashed line the {counterpart_name(comparison)}.",
        kpis=[KPIS["net_sales"]],
        table=Table(
            "Net sales by day, and of the day compared with",
            columns,
            rows if has_any else [],
            currency,
            is_plotted=True,
        ),
        drawings=over_time([in_words(day) for day in window], series, money_in(currency), WIDE),
        rows_url=rows_url("net_sales", window, currency),
        empty="No sales in these days or in those compared with. The first sale draws the first bar.",
        is_plotted=True,
        is_wide=True,
    )


def _open_from(window: Window) -> int:
    """Return the place of the first day that is not over."""
    return (today() - window.start).days


def _sellers(selection: Selection, sellers: Sequence[Seller]) -> Block:
    window, currency = selection.window, selection.currency
    urls = [rows_url(BEST_SELLERS.id, window, currency, product=seller.product_id) for seller in sellers]
    columns = [
        Column("product", "Product"),
        Column("sku", "SKU"),
        Column("net_sales", "Net sales", Kind.MONEY),
        Column("units", "Units", Kind.NUMBER),
        Column("net_units", "Net units", Kind.NUMBER),
        Column("margin", "Margin", Kind.MONEY),
    ]
    rows = [
        [Cell(one.product, url), one.sku, Cell(one.net_sales, url), one.units, one.net_units, one.margin]
        for one, url in zip(sellers, urls, strict=True)
    ]
    bars = [
        (one.product, one.net_sales, format_money(one.net_sales, currency), url)
        for one, url in zip(sellers, urls, strict=True)
    ]
    return Block(
        key="best-sellers",
        title="Best sellers",
        note="By net sales; refunds count on their own day.",
        kpis=[BEST_SELLERS],
        table=Table("Best sellers", columns, rows, currency),
        drawings=ranked(bars, HALF) if bars else (),
        rows_url=rows_url(BEST_SELLERS.id, window, currency),
        empty="Nothing was sold. Products appear here with their first sale in these days.",
    )
