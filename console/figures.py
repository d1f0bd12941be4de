"""Today at a glance, counted from the orders and refunds themselves. Test orders are in no figure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum

from core.days import day_bounds
from core.money import format_money
from orders.models import Order
from payments.models import Refund


@dataclass(frozen=True)
class Figure:
    """One figure with what it was the day before, as `components/stat.html` shows it."""

    label: str
    value: str
    note: str


def today_figures(day: date) -> list[Figure]:
    """Return what was sold and given back on a business day in the store's currency, each beside the day before."""
    now, before = _sold(day), _sold(day - timedelta(days=1))
    back, back_before = _refunded(day), _refunded(day - timedelta(days=1))
    return [
        Figure("Orders paid today", f"{now['orders']:,}", f"{before['orders']:,} yesterday"),
        Figure("Taken today", _money(now["total"]), f"{_money(before['total'])} yesterday"),
        Figure("Average order today", _average(now), f"{_average(before)} yesterday"),
        Figure("Refunded today", _money(back), f"{_money(back_before)} yesterday"),
    ]


def _sold(day: date) -> dict[str, Any]:
    start, end = day_bounds(day)
    orders = Order.objects.filter(
        paid_at__gte=start, paid_at__lt=end, is_test=False, currency=settings.STORE_CURRENCY
    ).order_by()
    return orders.aggregate(orders=Count("pk"), total=Sum("paid_minor", default=0))


def _refunded(day: date) -> int:
    start, end = day_bounds(day)
    refunds = Refund.objects.filter(
        status=Refund.Status.SUCCEEDED,
        refunded_at__gte=start,
        refunded_at__lt=end,
        payment__order__is_test=False,
        currency=settings.STORE_CURRENCY,
    ).order_by()
    return refunds.aggregate(total=Sum("amount_minor", default=0))["total"]


def _average(sold: dict[str, Any]) -> str:
    return _money(round(sold["total"] / sold["orders"])) if sold["orders"] else "–"


def _money(minor: int) -> str:
    return format_money(minor, settings.STORE_CURRENCY)
