"""Sums over the tables of facts: of windows, with one query for all of them, and of each day of a window."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Model, Q, QuerySet, Sum

from analytics.figures.windows import Window
from analytics.models import FactDay, FactPaymentDay, FactProductDay, FactStripeDay, OrderRefundDay

Parts = dict[str, int]
SALES_COUNTS = {name: name for name in ("orders", "units", "net_units", "cohort_refunded_orders")}
SALES = {
    **SALES_COUNTS,
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
COSTS = {"costed_net": "costed_net_minor", "cost": "cost_minor", "costed_entries": "costed_entries"}
PAYMENTS = {
    name: name for name in ("intents", "intents_succeeded", "attempts", "attempts_succeeded", "charges", "disputes")
}
STRIPE = {
    "disputed": "disputed_minor",
    "stripe_fees": "fees_minor",
    "stripe_net": "net_minor",
    "payouts": "payouts_minor",
}


class SumReader:
    """Reads columns of a table of facts as parts; `counts` are those that may be added over all currencies."""

    def __init__(self, model: type[Model], columns: Mapping[str, str], counts: Mapping[str, str]) -> None:
        self.model, self.columns, self.counts = model, columns, counts

    def of_windows(self, windows: Sequence[Window], currency: str | None) -> list[Parts]:
        """Return the sums of each window: one query, however many windows."""
        names = self._names(currency)
        if not names:
            return [{} for _ in windows]
        wanted = {
            f"{name}_{place}": Sum(column, filter=within(window), default=0)
            for place, window in enumerate(windows)
            for name, column in names.items()
        }
        found = rows_in(self.model, hull(windows), currency).aggregate(**wanted)
        return [{name: found[f"{name}_{place}"] for name in names} for place in range(len(windows))]

    def by_day(self, window: Window, currency: str | None) -> dict[date, Parts]:
        """Return the sums of the days that have any row: one query."""
        names = self._names(currency)
        if not names:
            return {}
        sums = {f"sum_{name}": Sum(column) for name, column in names.items()}
        rows = rows_in(self.model, window, currency).order_by().values("day").annotate(**sums)
        return {row["day"]: {name: row[f"sum_{name}"] for name in names} for row in rows}

    def _names(self, currency: str | None) -> Mapping[str, str]:
        return self.counts if currency is None else self.columns


sales = SumReader(FactDay, SALES, SALES_COUNTS)
costs = SumReader(FactProductDay, COSTS, {})
payments = SumReader(FactPaymentDay, PAYMENTS, PAYMENTS)
stripe = SumReader(FactStripeDay, STRIPE, {})


def refunded_of(windows: Sequence[Window], currency: str | None) -> list[Parts]:
    """Return how many orders were refunded more than nothing in each window: one query."""
    cash = {f"cash_{place}": Sum("cash_minor", filter=within(w), default=0) for place, w in enumerate(windows)}
    orders = rows_in(OrderRefundDay, hull(windows), currency).order_by().values("order_id").annotate(**cash)
    counts = {
        f"count_{place}": Count("order_id", filter=Q(**{f"cash_{place}__gt": 0})) for place in range(len(windows))
    }
    found = orders.aggregate(**counts)
    return [{"refunded_orders": found[f"count_{place}"]} for place in range(len(windows))]


def refunded_by_day(window: Window, currency: str | None) -> dict[date, Parts]:
    """Return the same of each day on which an order was refunded: one query."""
    refunds = rows_in(OrderRefundDay, window, currency).filter(cash_minor__gt=0).order_by()
    return {day: {"refunded_orders": count} for day, count in refunds.values_list("day").annotate(Count("pk"))}


def rows_in(model: type[Model], window: Window, currency: str | None) -> QuerySet[Any]:
    """Return the rows of a window in one currency, or in all of them."""
    rows = model._default_manager.filter(within(window))
    return rows if currency is None else rows.filter(currency=currency)


def hull(windows: Sequence[Window]) -> Window:
    """Return the shortest window that holds all of these."""
    return Window(min(window.start for window in windows), max(window.end for window in windows))


def within(window: Window) -> Q:
    """Return the condition that a row's day lies in a window."""
    return Q(day__range=(window.start, window.end))
