"""Blocks about products: the ranking with margin, returns and how each ran, and sales by category."""

from collections.abc import Mapping, Sequence

from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.ranked_runs import Runner, ranked_runs
from analytics.dashboards.slices_block import change_between
from analytics.exports.csv_text import Kind
from analytics.figures.products import ProductFigures
from analytics.figures.selection import Selection
from analytics.kpis import BEST_SELLERS
from analytics.rows.links import rows_url
from core.money import format_money

FEW_UNITS = 10
KPI_IDS = ("product_margin_rate", "refund_rate_value")
COLUMNS = (
    Column("product", "Product"),
    Column("net_sales", "Net sales", Kind.MONEY),
    Column("change", "Change"),
    Column("units", "Units", Kind.NUMBER),
    Column("net_units", "Net units", Kind.NUMBER),
    Column("margin", "Margin", Kind.MONEY),
    Column("margin_rate", "Margin rate", Kind.PERCENT),
    Column("margin_coverage", "Cost known of", Kind.PERCENT),
    Column("returns", "Returns", Kind.MONEY),
    Column("returns_rate", "Returns rate", Kind.PERCENT),
    Column("category", "Category"),
)


def products_block(
    products: Sequence[ProductFigures], ran: Mapping[int, Sequence[int]], note: str, selection: Selection
) -> Block:
    """Return products in the order given, each as a bar of its net sales with the line of how they ran."""
    window, currency = selection.window, selection.currency
    urls = [rows_url(BEST_SELLERS.id, window, currency, product=product.key) for product in products]
    runners = [
        Runner(one.name, one.net_minor, format_money(one.net_minor, currency), url, ran.get(one.key, ()))
        for one, url in zip(products, urls, strict=True)
    ]
    return Block(
        key="ranked",
        title="Products",
        note=note,
        kpis=[BEST_SELLERS],
        table=Table(
            "Products by what they came to",
            COLUMNS,
            [_row(product, url, selection) for product, url in zip(products, urls, strict=True)],
            currency,
        ),
        drawings=ranked_runs(runners) if runners else (),
        rows_url=rows_url(BEST_SELLERS.id, window, currency),
        empty="Nothing was sold. Products appear here with their first sale in these days.",
        is_wide=True,
        is_open=True,
    )


def _row(one: ProductFigures, url: str, selection: Selection) -> list[Cell | Raw]:
    def rows(kpi: str) -> str:
        return rows_url(kpi, selection.window, selection.currency, product=one.key)

    few = f"few: {one.units}" if one.returns_rate and one.units < FEW_UNITS else ""
    return [
        Cell(one.name, url, note="" if one.status == "active" else f"{one.status}, not on sale"),
        Cell(one.net_minor, url),
        change_between(one.before_minor, one.complete_minor),
        Cell(one.units, rows("units")),
        Cell(one.net_units, rows("net_units")),
        Cell(one.margin_minor, rows("product_margin")),
        Cell(one.margin_rate, rows("product_margin_rate")),
        Cell(one.coverage, rows("margin_coverage")),
        Cell(one.returns_minor, rows("returns")),
        Cell(one.returns_rate, rows("refund_rate_value"), note=few),
        one.category,
    ]
