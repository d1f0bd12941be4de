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
from orders.models import Cart, Order
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
    counted = {step.name: Count("created_at", filter=reached) for step, reached in _reached().items()}
    found = _carts(window, currency).aggregate(CART=Count("*"), **counted)
    counts = [found[step.name] for step in Step]
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
    """Return the bags that the funnel of a window counts, each with the furthest `Step` that it `reached`."""
    furthest = [When(condition, then=Value(int(step))) for step, condition in reversed(_reached().items())]
    return _carts(window, currency).annotate(reached=Case(*furthest, default=Value(int(Step.CART))))


def _carts(window: Window, currency: str | None) -> QuerySet[Cart]:
    start, end = day_bounds(window.start)[0], day_bounds(window.end)[1]
    carts = Cart.objects.filter(created_at__gte=start, created_at__lt=min(end, timezone.now() - OPEN_FOR))
    carts = carts.exclude(order=None, closed_at__isnull=False).exclude(order__in=Order.objects.filter(is_test=True))
    if currency == settings.STORE_CURRENCY:
        return carts.filter(currency__in=("", currency))
    return carts if currency is None else carts.filter(currency=currency)


def _reached() -> dict[Step, Q]:
    """Return what says of a bag that it came further; the attempts are asked for last, for they cost the most."""
    over = F("created_at") + OPEN_FOR
    attempts = PaymentAttempt.objects.exclude(outcome=PaymentAttempt.Outcome.UNCONFIRMED).filter(
        payment__order=OuterRef("order"), at__lte=OuterRef("created_at") + OPEN_FOR
    )
    paid = Q(order__isnull=False, closed_at__lte=over)  # a bag is closed by the sale, at its time
    tried = Q(order__isnull=False) & Q(Exists(attempts))
    return {
        Step.CHECKOUT: paid | Q(checkout_at__lte=over) | tried,
        Step.ATTEMPT: paid | tried,
        Step.PAID: paid,
    }


def _rate(part: int, whole: int) -> Decimal | None:
    return Decimal(divide_half_up(10_000 * part, whole)).scaleb(-2) if whole else None
