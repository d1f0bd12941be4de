"""How long orders took to be sent, and how many wait to be: read from the orders themselves.

No snapshot holds this: a percentile cannot be added, and the backlog is that of this moment.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import Count, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value, Window
from django.db.models.functions import RowNumber, TruncDate
from django.utils import timezone

from analytics.figures import windows as days
from core.days import day_bounds, store_zone
from core.models import StoreSetting
from core.money import divide_half_up
from orders.models import Order, OrderLine

type Percentiles = dict[str, int]
NAMES = {"lead_time_p50": (1, 2), "lead_time_p90": (9, 10)}
LEADS = ("place", "rank", "size", "lead")
MICROSECONDS = timedelta(hours=1) // timedelta(microseconds=100)  # of a hundredth of an hour


def lead_times_of(windows: Sequence[days.Window], currency: str | None) -> list[Percentiles]:
    """Return the percentiles of each window, in hundredths of an hour, nothing without an order: one query."""
    first, *others = (
        ranked_leads(sent_in_full(window, currency), {}).annotate(place=Value(place)).values_list(*LEADS)
        for place, window in enumerate(windows)
    )
    rows = defaultdict(list)
    for place, *row in first.union(*others, all=True).order_by():
        rows[place].append(row)
    return [percentiles_of(rows[place]) for place in range(len(windows))]


def lead_times_by_day(window: days.Window, currency: str | None) -> dict[date, Percentiles]:
    """Return the percentiles of each day on which an order was sent in full: one query."""
    orders = sent_in_full(window, currency).annotate(day=TruncDate("fulfilled_at", tzinfo=store_zone()))
    by_day = defaultdict(list)
    for day, *row in ranked_leads(orders, {"partition_by": F("day")}).values_list("day", "rank", "size", "lead"):
        by_day[day].append(row)
    return {day: percentiles_of(rows) for day, rows in by_day.items()}


def sent_in_full(window: days.Window, currency: str | None) -> QuerySet[Order]:
    """Return the orders whose last shipment lies in a window."""
    start, end = day_bounds(window.start)[0], day_bounds(window.end)[1]
    orders = Order.objects.filter(
        status=Order.Status.FULFILLED, fulfilled_at__gte=start, fulfilled_at__lt=end, is_test=False
    ).order_by()
    return orders if currency is None else orders.filter(currency=currency)


def backlog_of(currency: str | None) -> dict[str, int]:
    """Return how many orders wait to be sent, and how many of them longer than promised: two queries."""
    late = Q(paid_at__lt=late_before(timezone.now()))
    return waiting(currency).aggregate(backlog=Count("pk"), sla_breach=Count("pk", filter=late))


def waiting(currency: str | None) -> QuerySet[Order]:
    """Return the paid orders with something left to send."""
    left = OrderLine.objects.filter(order=OuterRef("pk"), quantity__gt=F("quantity_fulfilled") + F("quantity_canceled"))
    orders = Order.objects.filter(Exists(left), status=Order.Status.PAID, is_test=False).order_by()
    return orders if currency is None else orders.filter(currency=currency)


def late_before(now: datetime) -> datetime:
    """Return the moment before which an order must have been paid to be late now."""
    return now - timedelta(hours=StoreSetting.current().ship_sla_hours)


def ranked_leads(orders: QuerySet[Order], group: dict[str, Any]) -> QuerySet[Any]:
    """Return the orders on both sides of each percentile, with their `rank` from 1, the group's `size` and `lead`."""
    lead = ExpressionWrapper(F("fulfilled_at") - F("paid_at"), output_field=DurationField())
    ranked: QuerySet[Any] = orders.annotate(
        lead=lead,
        rank=Window(RowNumber(), order_by=F("lead").asc(), **group),
        size=Window(Count("pk"), **group),
    )
    wanted = Q()
    for above, below in NAMES.values():
        lower = (F("size") - 1) * above / below + 1
        wanted |= Q(rank=lower) | Q(rank=lower + 1)
    return ranked.filter(wanted)


def percentiles_of(rows: Sequence[Sequence[Any]]) -> Percentiles:
    """Return each percentile by linear interpolation between the orders next to it, rounded half away from zero."""
    if not rows:
        return {}
    leads = {rank: lead // timedelta(microseconds=1) for rank, _, lead in rows}
    size = rows[0][1]
    found = {}
    for name, share in NAMES.items():
        lower, rest = divmod((size - 1) * share[0], share[1])
        low = leads[lower + 1]
        exact = low + Fraction(rest, share[1]) * (leads.get(lower + 2, low) - low)
        found[name] = divide_half_up(exact.numerator, exact.denominator * MICROSECONDS)
    return found
