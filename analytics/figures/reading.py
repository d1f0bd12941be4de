"""Figures read from the snapshots: the facts of windows and of days, the best sellers. Minor units throughout."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery, Sum

from analytics.figures.people import customers_by_day, customers_of
from analytics.figures.windows import Window
from analytics.figures.wishes import wishers_by_day, wishers_of
from analytics.kpis import Facts
from analytics.models import FactDay, FactProductDay, OrderRefundDay
from products.models import Variant

COUNTS = {name: name for name in ("orders", "units", "net_units", "cohort_refunded_orders")}
IN_CURRENCY = {
    **COUNTS,
    "new_customers": "new_customers",
    "gross": "gross_minor",
    "discounts": "discount_minor",
    "returns": "returns_minor",
    "net": "net_minor",
    "shipping": "shipping_minor",
    "tax": "tax_minor",
    "total": "total_minor",
    "refunds_cash": "refunds_cash_minor",
}


@dataclass(frozen=True)
class Seller:
    """A product with what it came to in a window; the margin is None where no cost is known."""

    product_id: int
    product: str
    sku: str
    net_sales: int
    units: int
    net_units: int
    margin: int | None


@contextmanager
def consistent_read() -> Iterator[None]:
    """Show all reads of a block one state of the database, without a lock that a writer would wait for."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:  # not atomic(), which takes SQLite's write lock
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")


def currencies() -> list[str]:
    """Return the currencies that there are facts in, the store's own first; always at least that one."""
    found = set(FactDay.objects.order_by().values_list("currency", flat=True).distinct())
    return [settings.STORE_CURRENCY, *sorted(found - {settings.STORE_CURRENCY})]


def facts_of(windows: Sequence[Window], currency: str | None) -> list[Facts]:
    """Return the facts of each window: four queries, however many windows. Without a currency: of all, no money."""
    sums, people = _sums(windows, currency), customers_of(windows, currency)
    refunded, wishers = _refunded_orders(windows, currency), wishers_of(windows, currency)
    return [
        _facts(currency, {**sums[place], **people[place], **wishers[place], "refunded_orders": refunded[place]})
        for place in range(len(windows))
    ]


def facts_by_day(window: Window, currency: str | None) -> dict[date, Facts]:
    """Return the facts of each day of a window, zeros included: four queries."""
    parts: dict[date, dict[str, int]] = defaultdict(dict)
    names = COUNTS if currency is None else IN_CURRENCY
    sums = {f"sum_{name}": Sum(column) for name, column in names.items()}
    for row in _in(FactDay, window, currency).values("day").order_by().annotate(**sums):
        parts[row["day"]] |= {name: row[f"sum_{name}"] for name in names}
    for counts in (customers_by_day(window, currency), wishers_by_day(window, currency)):
        for day, counted in counts.items():
            parts[day] |= counted
    refunds = _in(OrderRefundDay, window, currency).filter(cash_minor__gt=0).order_by()
    for day, count in refunds.values_list("day").annotate(Count("pk")):
        parts[day]["refunded_orders"] = count
    return {day: _facts(currency, parts.get(day, {})) for day in window}


def net_by_day(window: Window, currency: str) -> dict[date, int]:
    """Return the net sales of the days of a window that have a row: one query."""
    return dict(_in(FactDay, window, currency).order_by("day").values_list("day", "net_minor"))


def best_sellers(window: Window, currency: str, *, limit: int | None = None) -> list[Seller]:
    """Return the products with any fact in the window, most net sales first: one query."""
    sku = Variant.objects.filter(product=OuterRef("product")).order_by("position", "pk").values("sku")[:1]
    names = ("net_minor", "units", "net_units", "costed_net_minor", "cost_minor", "costed_entries")
    rows = (
        _in(FactProductDay, window, currency)
        .values("product_id", "product__name")
        .annotate(sku=Subquery(sku), **{f"sum_{name}": Sum(name) for name in names})
        .order_by("-sum_net_minor", "product_id")
    )
    return [
        Seller(
            product_id=row["product_id"],
            product=row["product__name"],
            sku=row["sku"] or "",
            net_sales=row["sum_net_minor"],
            units=row["sum_units"],
            net_units=row["sum_net_units"],
            margin=row["sum_costed_net_minor"] - row["sum_cost_minor"] if row["sum_costed_entries"] else None,
        )
        for row in rows[:limit]
    ]


def _facts(currency: str | None, parts: dict[str, int]) -> Facts:
    if currency is None:  # a first sale in any currency, which no sum over the currencies can tell
        parts["new_customers"] = parts.get("unique_customers", 0) - parts.get("existing_customers", 0)
    return Facts(**parts)


def _in(model: type[Model], window: Window, currency: str | None) -> QuerySet[Any]:
    rows = model._default_manager.filter(day__range=(window.start, window.end))
    return rows if currency is None else rows.filter(currency=currency)


def _hull(windows: Sequence[Window]) -> Window:
    return Window(min(window.start for window in windows), max(window.end for window in windows))


def _within(window: Window) -> Q:
    return Q(day__range=(window.start, window.end))


def _sums(windows: Sequence[Window], currency: str | None) -> list[dict[str, int]]:
    names = COUNTS if currency is None else IN_CURRENCY
    wanted = {
        f"{name}_{place}": Sum(column, filter=_within(window), default=0)
        for place, window in enumerate(windows)
        for name, column in names.items()
    }
    found = _in(FactDay, _hull(windows), currency).aggregate(**wanted)
    return [{name: found[f"{name}_{place}"] for name in names} for place in range(len(windows))]


def _refunded_orders(windows: Sequence[Window], currency: str | None) -> list[int]:
    cash = {f"cash_{place}": Sum("cash_minor", filter=_within(w), default=0) for place, w in enumerate(windows)}
    orders = _in(OrderRefundDay, _hull(windows), currency).order_by().values("order_id").annotate(**cash)
    counts = {
        f"count_{place}": Count("order_id", filter=Q(**{f"cash_{place}__gt": 0})) for place in range(len(windows))
    }
    found = orders.aggregate(**counts)
    return [found[f"count_{place}"] for place in range(len(windows))]
