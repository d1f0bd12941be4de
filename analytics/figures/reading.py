"""Figures read from the snapshots: the facts of windows and of days, the best sellers. Minor units throughout."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db.models import OuterRef, Subquery, Sum

from analytics.figures import sums
from analytics.figures.counting import Counting, count
from analytics.figures.fulfilment import backlog_of, lead_times_by_day, lead_times_of
from analytics.figures.people import customers, customers_by_day
from analytics.figures.windows import Window
from analytics.figures.wishes import wishers, wishers_by_day
from analytics.kpi_types import Facts, Reading
from analytics.kpis import SCALARS
from analytics.models import FactDay, FactPaymentDay, FactProductDay, FactStripeDay
from products.models import Variant


@dataclass(frozen=True)
class Reader:
    """How some parts of the facts are read: of windows, counted beside others or alone; and of the days with any."""

    counting: Callable[[Sequence[Window], str | None], Counting | None] | None = None
    of_windows: Callable[[Sequence[Window], str | None], Sequence[Mapping[str, int]]] | None = None
    by_day: Callable[[Window, str | None], Mapping[date, Mapping[str, int]]] | None = None


READERS = {
    Reading.SALES: Reader(sums.sales.counting, by_day=sums.sales.by_day),
    Reading.COSTS: Reader(sums.costs.counting, by_day=sums.costs.by_day),
    Reading.PEOPLE: Reader(customers, by_day=customers_by_day),
    Reading.REFUNDED: Reader(sums.refunded, by_day=sums.refunded_by_day),
    Reading.WISHES: Reader(wishers, by_day=wishers_by_day),
    Reading.PAYMENTS: Reader(sums.payments.counting, by_day=sums.payments.by_day),
    Reading.STRIPE: Reader(sums.stripe.counting, by_day=sums.stripe.by_day),
    Reading.LEAD_TIMES: Reader(of_windows=lead_times_of, by_day=lead_times_by_day),
    Reading.BACKLOG: Reader(of_windows=lambda windows, currency: [backlog_of(currency)] * len(windows)),
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


def currencies() -> list[str]:
    """Return the currencies that there are facts in, the store's own first; always at least that one: one query."""
    first, *rest = (
        model._default_manager.order_by().values_list("currency", flat=True)
        for model in (FactDay, FactPaymentDay, FactStripeDay)
    )
    return [settings.STORE_CURRENCY, *sorted(set(first.union(*rest)) - {settings.STORE_CURRENCY})]


def facts_of(windows: Sequence[Window], currency: str | None, *, kpis: Iterable[str] | None = None) -> list[Facts]:
    """Return the facts of each window; those that these figures need, or all. Without a currency: of all, no money.

    One query for all that is counted, however many windows; lead times and the backlog need their own.
    """
    readers = [READERS[reading] for reading in _readings(kpis)]
    asked = [reader.counting(windows, currency) for reader in readers if reader.counting]
    parts = count([one for one in asked if one is not None], len(windows))
    for reader in readers:
        for place, found in enumerate(reader.of_windows(windows, currency) if reader.of_windows else ()):
            parts[place] |= found
    return [_facts(currency, found) for found in parts]


def facts_by_day(window: Window, currency: str | None, *, kpis: Iterable[str] | None = None) -> dict[date, Facts]:
    """Return the facts of each day of a window, zeros included; one query a reading. Days have no backlog."""
    parts: dict[date, dict[str, int]] = defaultdict(dict)
    for reading in _readings(kpis):
        if by_day := READERS[reading].by_day:
            for day, found in by_day(window, currency).items():
                parts[day] |= found
    return {day: _facts(currency, parts.get(day, {})) for day in window}


def net_by_day(window: Window, currency: str) -> dict[date, int]:
    """Return the net sales of the days of a window that have a row: one query."""
    return dict(sums.rows_in(FactDay, window, currency).order_by("day").values_list("day", "net_minor"))


def best_sellers(window: Window, currency: str, *, limit: int | None = None) -> list[Seller]:
    """Return the products with any fact in the window, most net sales first: one query."""
    sku = Variant.objects.filter(product=OuterRef("product")).order_by("position", "pk").values("sku")[:1]
    names = ("net_minor", "units", "net_units", "costed_net_minor", "cost_minor", "costed_entries")
    rows = (
        sums.rows_in(FactProductDay, window, currency)
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


def _readings(kpis: Iterable[str] | None) -> list[Reading]:
    asked = set(kpis or ())
    wanted = {reading for kpi in SCALARS if kpis is None or kpi.id in asked for reading in kpi.reads}
    return [reading for reading in READERS if reading in wanted]


def _facts(currency: str | None, parts: dict[str, int]) -> Facts:
    if currency is None:  # a first sale in any currency, which no sum over the currencies can tell
        parts["new_customers"] = parts.get("unique_customers", 0) - parts.get("existing_customers", 0)
    return Facts(**parts)
