"""What the dashboard shows: figures with their change, the days, the best sellers, how fresh all of it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from analytics.dashboards.charts import NARROW, WIDE, Chart, draw
from analytics.figures.reading import Seller, best_sellers, consistent_read, facts_of, net_by_day
from analytics.figures.windows import Comparison, Window, compared
from analytics.forms import Selection
from analytics.kpis import BEST_SELLERS, KPIS, Facts, Kpi, Unit, Value, in_words
from analytics.snapshots.freshness import Freshness, freshness_of
from core.days import today
from core.money import format_money

HEADLINES = ("net_sales", "orders", "aov", "returning_customer_rate")
GROUPS = (
    ("Sales", ("gross_sales", "discounts", "returns", "shipping", "tax", "total_sales", "units", "net_units")),
    (
        "Refunds",
        (
            "refunds_cash",
            "refunded_orders",
            "refund_rate_orders",
            "refund_rate_orders_cohort",
            "refund_rate_value",
        ),
    ),
    (
        "Customers",
        (
            "unique_customers",
            "new_customers",
            "existing_customers",
            "repeat_customers",
            "repeat_rate",
            "wishlist_conversion",
        ),
    ),
)
LESS_IS_BETTER = {
    "discounts", "returns", "refunds_cash", "refunded_orders", "refund_rate_orders", "refund_rate_orders_cohort",
    "refund_rate_value",
}  # fmt: skip
NEITHER = {"tax", "shipping", "existing_customers"}
MOST_SELLERS = 10
FEW = 30  # below so many orders a rate says little


@dataclass(frozen=True)
class Figure:
    """A figure of the window in words, with its change over the complete days from as many days before."""

    kpi: Kpi
    text: str
    change: str
    tone: str
    before: str


@dataclass(frozen=True)
class Group:
    """Figures that belong together."""

    title: str
    figures: list[Figure]


@dataclass(frozen=True)
class Day:
    """A day of the window with its net sales and those of its counterpart."""

    day: date
    net_minor: int
    counterpart: date
    before_minor: int
    is_partial: bool


@dataclass(frozen=True)
class Dashboard:
    """Everything on the page."""

    selection: Selection
    comparison: Comparison
    freshness: Freshness
    tiles: list[Figure]
    groups: list[Group]
    days: list[Day]
    charts: list[tuple[str, Chart]]
    sellers: list[Seller]
    few_orders: int | None

    @property
    def comparison_note(self) -> str:
        """What the changes are changes from."""
        before = self.comparison.before
        return f"from the {len(before)} days before" if before else ""


def dashboard(selection: Selection) -> Dashboard:
    """Return the page of a selection, all of it read from one state of the database."""
    comparison = compared(selection.window, today())
    earlier = selection.window.before()
    with consistent_read():
        windows = [window for window in (comparison.window, comparison.complete, comparison.before) if window]
        facts = facts_of(windows, selection.currency)
        net = net_by_day(Window(earlier.start, selection.window.end), selection.currency)
        sellers = best_sellers(selection.window, selection.currency, limit=MOST_SELLERS)
        freshness = freshness_of(selection.window)
    days = [
        Day(day, net.get(day, 0), then, net.get(then, 0), is_partial=day >= today())
        for day, then in zip(selection.window, earlier, strict=True)
    ]
    return Dashboard(
        selection=selection,
        comparison=comparison,
        freshness=freshness,
        tiles=[_figure(kpi, facts, selection.currency) for kpi in HEADLINES],
        groups=[Group(title, [_figure(kpi, facts, selection.currency) for kpi in kpis]) for title, kpis in GROUPS],
        days=days,
        charts=[("only-wide", _chart(WIDE, days, selection)), ("only-narrow", _chart(NARROW, days, selection))],
        sellers=sellers,
        few_orders=facts[0].orders if facts[0].orders < FEW else None,
    )


def seller_rows(sellers: Sequence[Seller], currency: str) -> list[dict[str, Any]]:
    """Return the rows of the table of best sellers."""
    return [
        {
            "cells": [
                {"text": seller.product, "sub": seller.sku},
                {"money_minor": seller.net_sales, "currency": currency},
                {"text": f"{seller.units:,}", "numeric": True},
                {"text": f"{seller.net_units:,}", "numeric": True},
                {"text": "–" if seller.margin is None else format_money(seller.margin, currency), "numeric": True},
            ]
        }
        for seller in sellers
    ]


SELLER_COLUMNS = [
    {"label": "Product"},
    *({"label": label, "numeric": True} for label in ("Net sales", "Units", "Net units", "Margin")),
]
SELLERS_KPI = BEST_SELLERS


def _figure(kpi_id: str, facts: Sequence[Facts], currency: str) -> Figure:
    kpi = KPIS[kpi_id]
    assert isinstance(kpi, Kpi)  # noqa: S101  the groups above name scalars; a test walks them
    value, *rest = (kpi.value(one) for one in facts)
    if len(rest) < 2:
        return Figure(kpi, in_words(kpi, value, currency), "", "neutral", "")
    change, tone = _change(kpi, rest[0], rest[1])
    return Figure(kpi, in_words(kpi, value, currency), change, tone, in_words(kpi, rest[1], currency))


def _change(kpi: Kpi, now: Value, then: Value) -> tuple[str, str]:
    """Return a change in words and whether it is good: percent of an amount, points of a percentage."""
    if now is None or then is None or (kpi.unit is not Unit.PERCENT and then <= 0):
        return "", "neutral"
    if kpi.unit is Unit.PERCENT:
        difference, text = Decimal(now) - Decimal(then), f"{Decimal(now) - Decimal(then):+.2f} points"
    else:
        difference = (Decimal(now) - Decimal(then)) / Decimal(then)
        text = f"{100 * difference:+.1f}\u00a0%"
    if not difference or kpi.id in NEITHER:
        return text, "neutral"
    return text, "ok" if (difference > 0) != (kpi.id in LESS_IS_BETTER) else "err"


def _chart(shape: Any, days: Sequence[Day], selection: Selection) -> Chart:
    return draw(
        shape,
        [day.day for day in days],
        [day.net_minor for day in days],
        [day.before_minor for day in days],
        selection.currency,
    )
