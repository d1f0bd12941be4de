"""The list of orders as staff narrow it: tabs with counts, search, filters, sort, and the neighbours of an order."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from core.days import day_bounds
from orders.finding import matching
from orders.models import Order, OrderLine
from orders.transitions import Status

TABS = {
    "all": "All",
    "to_fulfil": "To fulfil",
    "late": "Late",
    "pending": "Payment pending",
    "held": "Held",
    "refund_failed": "Refund failed",
    "refund_waiting": "Refund not sent",
    "canceled": "Canceled",
}
TONES = {"late": "warn", "held": "warn", "refund_failed": "err", "refund_waiting": "err"}
ONLY_IF_ANY = ("late", "refund_waiting")
SORTS = {
    "-placed": ("-placed_at", "-id"),
    "placed": ("placed_at", "id"),
    "-total": ("-total_minor", "-id"),
    "total": ("total_minor", "id"),
}
NEWEST = "-placed"
STANDING = ("requested", "approved", "submitting", "pending", "requires_action", "succeeded")  # in payments' words
SENDING = timedelta(minutes=2)  # a refund takes seconds to send; after this it needs somebody


@dataclass(frozen=True)
class Wanted:
    """What is asked of the list. `since` and `until` are business days, both included."""

    tab: str = "all"
    q: str = ""
    status: str = ""
    since: date | None = None
    until: date | None = None
    test: str = ""
    sort: str = NEWEST


def listed(wanted: Wanted, *, now: datetime, late_after: timedelta) -> QuerySet[Order]:
    """Return the orders that are asked for, in their order, each with `units` and `units_sent`."""
    orders = narrowed(replace(wanted, tab="all")).filter(_tab(wanted.tab, now - late_after, now))
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    return (
        orders.select_related("customer")
        .annotate(units=_sum(lines, "quantity"), units_sent=_sum(lines, "quantity_fulfilled"))
        .order_by(*SORTS[wanted.sort])
    )


def narrowed(wanted: Wanted) -> QuerySet[Order]:
    """Return the orders that search and filters leave, whatever the tab."""
    orders = Order.objects.filter(matching(wanted.q))
    if wanted.status:
        orders = orders.filter(status=wanted.status)
    if wanted.since:
        orders = orders.filter(placed_at__gte=day_bounds(wanted.since)[0])
    if wanted.until:
        orders = orders.filter(placed_at__lt=day_bounds(wanted.until)[1])
    if wanted.test:
        orders = orders.filter(is_test=wanted.test == "only")
    return orders


def tab_counts(*, now: datetime, late_after: timedelta) -> dict[str, int]:
    """Return how many orders each tab holds, in one query."""
    counts = {tab: Count("pk", filter=_tab(tab, now - late_after, now)) for tab in TABS if tab != "all"}
    return Order.objects.aggregate(all=Count("pk"), **counts)


def neighbours(order: Order, wanted: Wanted, *, now: datetime, late_after: timedelta) -> tuple[int | None, int | None]:
    """Return the keys of the orders before and after this one in the list that is asked for; None at its ends."""
    orders = narrowed(wanted).filter(_tab(wanted.tab, now - late_after, now)).order_by()
    field, _ = (name.removeprefix("-") for name in SORTS[wanted.sort])
    value = getattr(order, field)
    lower = Q(**{f"{field}__lt": value}) | Q(**{field: value, "pk__lt": order.pk})
    higher = Q(**{f"{field}__gt": value}) | Q(**{field: value, "pk__gt": order.pk})
    below = orders.filter(lower).order_by(f"-{field}", "-pk").values_list("pk", flat=True).first()
    above = orders.filter(higher).order_by(field, "pk").values_list("pk", flat=True).first()
    return (above, below) if wanted.sort.startswith("-") else (below, above)


def _tab(tab: str, late_before: datetime, now: datetime) -> Q:
    conditions: dict[str, Any] = {
        "all": Q(),
        "to_fulfil": Q(status=Status.PAID, held_at=None),
        "late": Q(status=Status.PAID, held_at=None, paid_at__lt=late_before),
        "pending": Q(status=Status.PENDING),
        "held": Q(held_at__isnull=False, status__in=(Status.PENDING, Status.PAID)),
        "refund_failed": Q(pk__in=_with_failed_refund()),
        "refund_waiting": Q(pk__in=_with_unsent_refund(now)),
        "canceled": Q(status=Status.CANCELED),
    }
    return conditions[tab]


def _with_failed_refund() -> QuerySet[Order, Any]:
    """Orders whose newest refund came to nothing: what was to be given back is still here."""
    touched = Order.objects.filter(payments__refunds__status="failed").order_by().values("pk")
    failed = Q(payments__refunds__status="failed")
    standing = Q(payments__refunds__status__in=STANDING)
    latest = Order.objects.filter(pk__in=touched).annotate(
        failed_at_last=Max("payments__refunds__created_at", filter=failed),
        stood_at_last=Max("payments__refunds__created_at", filter=standing),
    )
    since = Q(stood_at_last=None) | Q(failed_at_last__gt=F("stood_at_last"))
    return latest.filter(since).order_by().values("pk")


def _with_unsent_refund(now: datetime) -> QuerySet[Order, Any]:
    unsent = Order.objects.filter(
        payments__refunds__status="submitting", payments__refunds__created_at__lt=now - SENDING
    )
    return unsent.order_by().values("pk")


def _sum(lines: QuerySet[OrderLine, Any], field: str) -> Coalesce:
    total = lines.annotate(total=Sum(field)).values("total")
    return Coalesce(Subquery(total, output_field=IntegerField()), 0)
