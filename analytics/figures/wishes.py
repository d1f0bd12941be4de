"""How many of those who wished for a product bought it within 30 days: read from the wishes and the ledger themselves.

No snapshot holds this, for a sale changes the figure of the day on which its product was wished for.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from analytics.figures.counting import Counting, Parts
from analytics.figures.windows import Window
from orders.models import SalesEntry
from wishlist.models import WishEvent

OPEN_FOR = timedelta(days=30)  # 30 x 24 hours, whatever the clocks do


def wishers(windows: Sequence[Window], currency: str | None) -> Counting:
    """Return the SELECT that counts `wishers` and `wishers_who_bought` of each window, distinct customers."""
    within = Q()
    for window in windows:
        within |= Q(day__range=(window.start, window.end))
    wishes, parameters = (
        _wishes(within, currency).order_by().values("customer_id", "day", "bought").query.sql_with_params()
    )
    whose = "CASE WHEN day BETWEEN %s AND %s{} THEN customer_id END"
    counts = ", ".join(f"COUNT(DISTINCT {whose.format(also)})" for _ in windows for also in ("", " AND bought"))
    days = [day for window in windows for _ in range(2) for day in (window.start, window.end)]
    # Materialized, so that whether a wish was followed by a purchase is looked up once, not once for each count.
    statement = f"WITH wishes AS MATERIALIZED ({wishes}) SELECT {counts} FROM wishes"  # noqa: S608  our own statement
    return Counting(statement, [*parameters, *days], ["wishers", "wishers_who_bought"])


def wishers_by_day(window: Window, currency: str | None) -> dict[date, Parts]:
    """Return the same of each day of a window on which somebody wished, with one query."""
    rows = _wishes(Q(day__range=(window.start, window.end)), currency).order_by().values("day")
    counted = rows.annotate(
        wishers=Count("customer", distinct=True), who_bought=Count("customer", distinct=True, filter=Q(bought=True))
    )
    return {row["day"]: {"wishers": row["wishers"], "wishers_who_bought": row["who_bought"]} for row in counted}


def _wishes(which: Q, currency: str | None) -> QuerySet[Any]:
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
    wishes = WishEvent.objects.filter(which, kind=WishEvent.Kind.WISH)
    return wishes.annotate(closes_at=F("at") + OPEN_FOR, bought=Exists(sales))
