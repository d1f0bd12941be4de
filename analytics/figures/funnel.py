"""How far bags came on the way to a sale: read from the bags, the attempts to pay and the orders themselves.

No snapshot holds this: an attempt or a sale changes the figure of the day on which its bag was begun.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import IntEnum

from django.conf import settings
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from analytics.figures.windows import Window
from core.days import day_bounds
from core.money import divide_half_up
from orders.models import Cart
from payments.models import PaymentAttempt

OPEN_FOR = timedelta(days=7)  # 7 x 24 hours, whatever the clocks do


class Step(IntEnum):
    """How far a bag came."""

    CART = 0
    CHECKOUT = 1
    ATTEMPT = 2
    PAID = 3


@dataclass(frozen=True)
class FunnelStep:
    """Bags that came to a step, or further, within 7 x 24 hours of being begun.

    `step_rate` is their share of those at the step before (None at the first), `overall_rate` of all bags; percent
    with two decimals, None where there is none to divide by.
    """

    step: str
    count: int
    step_rate: Decimal | None
    overall_rate: Decimal | None


def checkout_funnel(window: Window, currency: str | None) -> list[FunnelStep]:
    """Return the four steps of the bags begun in the window whose 7 x 24 hours are over: one query.

    A bag without an order counts in the store's own currency. A bag that was poured into another at sign-in is not
    counted beside it, nor is that of a test order.
    """
    rows = funnel_carts(window, currency).order_by().values("reached").annotate(count=Count("pk"))
    reached = {row["reached"]: row["count"] for row in rows}
    counts = [sum(count for furthest, count in reached.items() if furthest >= step) for step in Step]
    return [
        FunnelStep(
            step=step.name.lower(),
            count=counts[step],
            step_rate=_rate(counts[step], counts[step - 1]) if step else None,
            overall_rate=_rate(counts[step], counts[Step.CART]),
        )
        for step in Step
    ]


def funnel_carts(window: Window, currency: str | None) -> QuerySet[Cart]:
    """Return the bags that the funnel of a window counts, each with the `Step` that it `reached`."""
    start, end = day_bounds(window.start)[0], day_bounds(window.end)[1]
    carts = Cart.objects.filter(created_at__gte=start, created_at__lt=min(end, timezone.now() - OPEN_FOR))
    carts = carts.exclude(order__is_test=True).exclude(order=None, closed_at__isnull=False)
    if currency is not None:
        without_order = Q(order=None) if currency == settings.STORE_CURRENCY else Q()
        carts = carts.filter(Q(order__currency=currency) | without_order)
    over = F("created_at") + OPEN_FOR
    attempts = PaymentAttempt.objects.exclude(outcome=PaymentAttempt.Outcome.UNCONFIRMED).filter(
        payment__order=OuterRef("order"), at__lte=OuterRef("created_at") + OPEN_FOR
    )
    return carts.annotate(
        reached=Case(
            When(order__paid_at__lte=over, then=Value(int(Step.PAID))),
            When(Exists(attempts), then=Value(int(Step.ATTEMPT))),
            When(checkout_at__lte=over, then=Value(int(Step.CHECKOUT))),
            default=Value(int(Step.CART)),
        )
    )


def _rate(part: int, whole: int) -> Decimal | None:
    return Decimal(divide_half_up(10_000 * part, whole)).scaleb(-2) if whole else None
