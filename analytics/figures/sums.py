"""Sums over the tables of facts: of windows, with one query for all of them, and of each day of a window."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Model, Q, QuerySet, Sum

from analytics.figures.counting import Counting, Parts, in_any, of_each
from analytics.figures.windows import Window
from analytics.models import FactDay, FactPaymentDay, FactProductDay, FactStripeDay, OrderRefundDay

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

    def counting(self, windows: Sequence[Window], currency: str | None) -> Counting | None:
        """Return the SELECT of the sums of each window; None where nothing of it may be added."""
        names = self._names(currency)
        if not names:
            return None
        sums, days = [], []
        for window in windows:
            for column in names.values():
                cases, bounds = of_each([window], column)
                sums.append(f"CAST(COALESCE(SUM({cases[0]}), 0) AS bigint)")
                days += bounds
        which, parameters = in_any(windows, currency)
        statement = f"SELECT {', '.join(sums)} FROM {self.model._meta.db_table} WHERE {which}"  # noqa: S608  constants
        return Counting(statement, [*days, *parameters], [*names])

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


def refunded(windows: Sequence[Window], currency: str | None) -> Counting:
    """Return the SELECT that counts the orders refunded more than nothing in each window."""
    cases, days = of_each(windows, "cash_minor")
    which, parameters = in_any(windows, currency)
    cash = ", ".join(f"SUM({case}) AS cash{place}" for place, case in enumerate(cases))
    counts = ", ".join(f"COUNT(CASE WHEN cash{place} > 0 THEN 1 END)" for place in range(len(windows)))
    statement = f"""
        SELECT {counts} FROM (SELECT order_id, {cash} FROM order_refund_day WHERE {which} GROUP BY order_id) refunds
    """  # noqa: S608  made of the constants of this module
    return Counting(statement, [*days, *parameters], ["refunded_orders"])


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
