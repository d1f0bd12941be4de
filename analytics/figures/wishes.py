"""How many of those who wished for a product bought it within 30 days: read from the wishes and the ledger themselves.

No snapshot holds this, for a sale changes the figure of the day on which its product was wished for.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from analytics.figures.windows import Window
from orders.models import SalesEntry
from wishlist.models import WishEvent

Counts = dict[str, int]
OPEN_FOR = timedelta(days=30)  # 30 x 24 hours, whatever the clocks do


def wishers_of(windows: Sequence[Window], currency: str | None) -> list[Counts]:
    """Return `wishers` and `wishers_who_bought` of each window, distinct customers, with one query."""
    wanted: dict[str, Any] = {}
    for place, window in enumerate(windows):
        within = Q(day__range=(window.start, window.end))
        wanted[f"wishers_{place}"] = Count("customer", distinct=True, filter=within)
        wanted[f"bought_{place}"] = Count("customer", distinct=True, filter=within & Q(bought=True))
    start, end = min(window.start for window in windows), max(window.end for window in windows)
    found = _wishes(start, end, currency).aggregate(**wanted)
    return [_named(found[f"wishers_{place}"], found[f"bought_{place}"]) for place in range(len(windows))]


def wishers_by_day(window: Window, currency: str | None) -> dict[date, Counts]:
    """Return the same of each day of a window on which somebody wished, with one query."""
    rows = _wishes(window.start, window.end, currency).order_by().values("day")
    counted = rows.annotate(
        wishers=Count("customer", distinct=True), who_bought=Count("customer", distinct=True, filter=Q(bought=True))
    )
    return {row["day"]: _named(row["wishers"], row["who_bought"]) for row in counted}


def _wishes(start: date, end: date, currency: str | None) -> QuerySet[Any]:
    """Return the wishes of these days with `bought`: whether that customer bought that product, in any variant."""
    sales = SalesEntry.objects.filter(
        kind=SalesEntry.Kind.LINE,
        order__customer=OuterRef("customer"),
        line__variant__product=OuterRef("product"),
        at__gte=OuterRef("at"),
        at__lte=OuterRef("closes_at"),
    )
    if currency is not None:
        sales = sales.filter(currency=currency)
    wishes = WishEvent.objects.filter(kind=WishEvent.Kind.WISH, day__range=(start, end))
    return wishes.annotate(closes_at=F("at") + OPEN_FOR, bought=Exists(sales))


def _named(wishers: int, who_bought: int) -> Counts:
    return {"wishers": wishers, "wishers_who_bought": who_bought}
