"""What of an order can still be sent back, and until when a shopper may ask."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Case, F, Sum, When

from core.days import business_day
from core.models import StoreSetting
from orders.models import Order, OrderLine, Return, ReturnLine

RECEIVED = Return.Status.RECEIVED


def returnable_units(order: Order, lines: Sequence[OrderLine]) -> dict[int, int]:
    """Return how many units of each line can still be sent back: sent, not refunded, and in no open return."""
    coming = _coming_back(order)
    return {line.pk: max(0, _kept(line) - coming.get(line.pk, 0)) for line in lines}


def return_until(order: Order) -> date | None:
    """Return the last day on which a shopper may ask, counted from the last parcel; None while nothing was sent."""
    parcel = order.fulfilments.order_by("-at").first()
    if parcel is None:
        return None
    return business_day(parcel.at) + timedelta(days=StoreSetting.current().return_window_days)


def _kept(line: OrderLine) -> int:
    """Units that the shopper has and has not got back: units that were canceled were refunded without being sent."""
    refunded_after = max(0, line.quantity_refunded - line.quantity_canceled)
    return min(line.quantity_fulfilled - refunded_after, line.quantity_to_refund)


def _coming_back(order: Order) -> dict[int, int]:
    """Units of open returns by line: those asked for, and once the parcel has come those that were in it."""
    rows = ReturnLine.objects.filter(return_request__order=order, return_request__status__in=Return.OPEN)
    came = Case(When(return_request__status=RECEIVED, then=F("received_quantity")), default=F("quantity"))
    return dict(rows.values("line").annotate(units=Sum(came)).values_list("line", "units"))
