"""What each figure means, declared once: tiles, tables, documents, CSV rows and tests are made from this registry.

An id never changes its meaning. Rules and formulas are those of `docs/kpi_definitions.md`, which is made from here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import ClassVar

from core.money import divide_half_up, format_money

VERSION = 1
DASHBOARD = "analytics:dashboard"
MONTH = "analytics:month"


class Unit(StrEnum):
    """What a figure is counted in."""

    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"
    TABLE = "table"


class Additivity(StrEnum):
    """How a figure of several days comes from the days."""

    DAYS = "A"
    PARTS = "S"
    POINT = "P"
    NONE = "N"

    @property
    def meaning(self) -> str:
        """The rule in words."""
        return MEANINGS[self]


MEANINGS = {
    Additivity.DAYS: "the days add up",
    Additivity.PARTS: "the parts add up, then they are divided",
    Additivity.POINT: "a point in time: the last one counts",
    Additivity.NONE: "worked out over the whole window",
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that the figures of one window (or one day) in one currency are made of; money in minor units.

    Over all currencies the money stays zero, for it is never added across them.
    """

    gross: int = 0
    discounts: int = 0
    returns: int = 0
    net: int = 0
    shipping: int = 0
    tax: int = 0
    total: int = 0
    refunds_cash: int = 0
    orders: int = 0
    units: int = 0
    net_units: int = 0
    new_customers: int = 0
    cohort_refunded_orders: int = 0
    refunded_orders: int = 0
    unique_customers: int = 0
    existing_customers: int = 0
    repeat_customers: int = 0
    returning_customers: int = 0
    wishers: int = 0
    wishers_who_bought: int = 0

    @property
    def sold(self) -> int:
        """Gross sales less discounts: what the goods were sold for."""
        return self.gross - self.discounts


type Part = Callable[[Facts], int]
type Value = int | Decimal | None


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A figure: a part of the facts, or one part divided by another (`of`); None where that part is zero."""

    id: str
    title: str
    unit: Unit
    formula: str
    basis: str
    source: str
    part: Part
    of: Part | None = None
    crosses_currencies: bool = False
    pages: tuple[str, ...] = (DASHBOARD,)
    additivity: ClassVar[Additivity] = Additivity.NONE

    @property
    def null_rule(self) -> str:
        """When there is no such figure."""
        return "never" if self.of is None else "the denominator is 0"

    def value(self, facts: Facts) -> Value:
        """Return the figure: an integer (minor units, or a count), a percentage with two decimals, or None."""
        if self.of is None:
            return self.part(facts)
        denominator = self.of(facts)
        if not denominator:
            return None
        if self.unit is Unit.PERCENT:
            return Decimal(divide_half_up(10_000 * self.part(facts), denominator)).scaleb(-2)
        return divide_half_up(self.part(facts), denominator)


class DailySumKpi(Kpi):
    """A figure whose days add up. Only these can be added over days at all."""

    additivity: ClassVar[Additivity] = Additivity.DAYS

    def total(self, days: Iterable[Facts]) -> int:
        """Return the figure of several days."""
        return sum(self.part(facts) for facts in days)


class RatioKpi(Kpi):
    """A quotient of two parts whose days add up."""

    additivity: ClassVar[Additivity] = Additivity.PARTS


class WindowKpi(Kpi):
    """A figure that is worked out over the whole window: a customer who buys on three days is one customer."""


@dataclass(frozen=True, kw_only=True)
class TableKpi:
    """A figure that is a table: its rows have these columns."""

    id: str
    title: str
    formula: str
    basis: str
    source: str
    columns: tuple[str, ...]
    null_rule: str
    unit: Unit = Unit.TABLE
    additivity: Additivity = Additivity.DAYS
    crosses_currencies: bool = False
    pages: tuple[str, ...] = (DASHBOARD,)


def _money(kpi: str, title: str, field: str, formula: str, basis: str) -> DailySumKpi:
    column = {"discounts": "discount"}.get(field, field)
    return DailySumKpi(
        id=kpi,
        title=title,
        unit=Unit.MONEY,
        formula=formula,
        basis=basis,
        source=f"fact_day.{column}_minor",
        part=attrgetter(field),
        pages=(DASHBOARD, MONTH),
    )


def _count(kpi: str, title: str, formula: str, basis: str, pages: tuple[str, ...] = (DASHBOARD,)) -> DailySumKpi:
    return DailySumKpi(
        id=kpi,
        title=title,
        unit=Unit.COUNT,
        formula=formula,
        basis=basis,
        source=f"fact_day.{kpi}",
        part=attrgetter(kpi),
        crosses_currencies=True,
        pages=pages,
    )


def _window(
    kpi: str, title: str, formula: str, basis: str, source: str, part: str, *, of: str | None = None
) -> WindowKpi:
    return WindowKpi(
        id=kpi,
        title=title,
        unit=Unit.PERCENT if of else Unit.COUNT,
        formula=formula,
        basis=basis,
        source=source,
        part=attrgetter(part),
        of=attrgetter(of) if of else None,
        crosses_currencies=True,
    )


SALE, REFUND, EACH, MIXED = "sale", "refund", "each its own", "refunds by refund, sales by sale"
CUSTOMERS = "customer_day.customer, customer_first.day"
REFUNDED = "order_refund_day.cash_minor"

SCALARS: tuple[Kpi, ...] = (
    _money("gross_sales", "Gross sales", "gross", "quantity x list price, ex tax, before discount", SALE),
    _money("discounts", "Discounts", "discounts", "line discounts and shares of order discounts, ex tax", SALE),
    _money(
        "returns", "Returns", "returns", "refunded goods ex tax, without delivery, less refunds that failed", REFUND
    ),
    _money("net_sales", "Net sales", "net", "gross sales - discounts - returns; may be negative", EACH),
    _money("shipping", "Delivery", "shipping", "delivery charged - its discount - refunded delivery, ex tax", EACH),
    _money("tax", "Tax", "tax", "tax collected - tax refunded", EACH),
    _money("total_sales", "Total sales", "total", "net sales + delivery + tax: money taken - money given back", EACH),
    _count("orders", "Orders", "orders with a sale, free ones and ones refunded later too", SALE, (DASHBOARD, MONTH)),
    _count("units", "Units", "units sold", SALE),
    _count("net_units", "Net units", "units sold - units named in refunds, restocked or not", EACH),
    RatioKpi(
        id="aov",
        title="Average order value",
        unit=Unit.MONEY,
        formula="(gross sales - discounts) / orders",
        basis=SALE,
        source="fact_day.gross_minor, fact_day.discount_minor, fact_day.orders",
        part=attrgetter("sold"),
        of=attrgetter("orders"),
    ),
    _money("refunds_cash", "Refunded money", "refunds_cash", "refunds that succeeded, less those that failed", REFUND),
    _window(
        "refunded_orders",
        "Refunded orders",
        "orders whose refunds dated in the window, less failed ones, are more than nothing",
        REFUND,
        REFUNDED,
        "refunded_orders",
    ),
    _window(
        "refund_rate_orders",
        "Refund rate by orders",
        "refunded orders / orders; may pass 100 %",
        MIXED,
        f"{REFUNDED}, fact_day.orders",
        "refunded_orders",
        of="orders",
    ),
    _window(
        "refund_rate_orders_cohort",
        "Refund rate of these orders",
        "orders sold in the window whose refunds by now, less failed ones, are more than nothing / orders",
        SALE,
        "fact_day.cohort_refunded_orders, fact_day.orders",
        "cohort_refunded_orders",
        of="orders",
    ),
    RatioKpi(
        id="refund_rate_value",
        title="Refund rate by value",
        unit=Unit.PERCENT,
        formula="returns / (gross sales - discounts)",
        basis=MIXED,
        source="fact_day.returns_minor, fact_day.gross_minor, fact_day.discount_minor",
        part=attrgetter("returns"),
        of=attrgetter("sold"),
    ),
    _window("unique_customers", "Customers", "distinct customers with a sale", SALE, CUSTOMERS, "unique_customers"),
    _count("new_customers", "New customers", "customers whose first sale ever lies in the window", SALE),
    _window(
        "existing_customers",
        "Existing customers",
        "customers who bought in the window and first before it",
        SALE,
        CUSTOMERS,
        "existing_customers",
    ),
    _window(
        "repeat_customers",
        "Repeat customers",
        "customers with two or more orders in the window",
        SALE,
        "customer_day.orders",
        "repeat_customers",
    ),
    _window(
        "repeat_rate",
        "Repeat rate",
        "repeat customers / customers",
        SALE,
        "customer_day.orders",
        "repeat_customers",
        of="unique_customers",
    ),
    _window(
        "returning_customer_rate",
        "Returning customer rate",
        "customers with an order in the window that is their second or later ever / customers",
        SALE,
        "customer_day.orders, customer_first.day",
        "returning_customers",
        of="unique_customers",
    ),
    _window(
        "wishlist_conversion",
        "Wishlist conversion",
        "customers who wish for a product in the window and buy that product, in any variant, within 30 x 24 hours of "
        "the wish / customers who wish; a wish whose time is not over yet and that led to nothing counts as not bought",
        "wish",
        "wishlist_wishevent.at, orders_salesentry.at",
        "wishers_who_bought",
        of="wishers",
    ),
)

BEST_SELLERS = TableKpi(
    id="best_sellers",
    title="Best sellers",
    formula="net sales, units sold, net units and margin (net - cost, where the cost is known) of each product",
    basis=EACH,
    source="fact_product_day.net_minor, units, net_units, costed_net_minor, cost_minor",
    columns=("product_id", "product", "sku", "net_sales", "units", "net_units", "margin"),
    null_rule="margin: no cost is known",
)

TABLES: tuple[TableKpi, ...] = (BEST_SELLERS,)
ALL: tuple[Kpi | TableKpi, ...] = (*SCALARS, *TABLES)
KPIS = {kpi.id: kpi for kpi in ALL}


def values_of(facts: Facts, *, across_currencies: bool = False) -> dict[str, Value]:
    """Return every scalar figure by id; across currencies only those that hold no money."""
    return {kpi.id: kpi.value(facts) for kpi in SCALARS if kpi.crosses_currencies or not across_currencies}


def in_words(kpi: Kpi, value: Value, currency: str) -> str:
    """Return a figure as people read it: `£12.50`, `1,024`, `50.00 %`, or a dash where there is none."""
    if value is None:
        return "–"
    if kpi.unit is Unit.MONEY:
        return format_money(int(value), currency)
    return f"{value}\u00a0%" if kpi.unit is Unit.PERCENT else f"{value:,}"
