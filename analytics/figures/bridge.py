"""From total sales to the money that reached the bank, in steps that add up. Minor units of one currency."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Sum

from analytics.figures.windows import Window
from analytics.kpi_types import Facts
from core.models import DirtyDay
from payments.booked import CHARGES, REFUNDS
from payments.models import BalanceTransaction


@dataclass(frozen=True)
class Bridge:
    """What lies between total sales and payouts of a window; every step is the rest of the two beside it.

    `booked` is what Stripe booked of charges, refunds and refunds that failed.
    """

    total: int
    booked: int
    disputed: int
    fees: int
    net: int
    payouts: int

    @property
    def elsewhere(self) -> int:
        """What Stripe booked on other days than the shop did, less what was paid outside Stripe."""
        return self.booked - self.total

    @property
    def other(self) -> int:
        """Adjustments, reserves and taxes of Stripe's, and fees that were taken from a payout."""
        return self.net - (self.booked - self.disputed - self.fees)

    @property
    def left(self) -> int:
        """What these days brought to the balance and payouts did not take from it."""
        return self.net - self.payouts

    @property
    def has_moved(self) -> bool:
        """Whether Stripe has anything in its books of these days and this currency."""
        return any((self.booked, self.disputed, self.fees, self.net, self.payouts))


def bridge_of(facts: Facts, window: Window, currency: str) -> Bridge:
    """Return the bridge of a window whose facts are known; one query. What waits for a build is left out, as there."""
    waiting = DirtyDay.objects.filter(source_type="balance_transaction", source_id=OuterRef("pk"))
    booked = BalanceTransaction.objects.filter(
        ~Exists(waiting),
        day__range=(window.start, window.end),
        currency=currency,
        reporting_category__in=(*CHARGES, *REFUNDS),
    ).aggregate(booked=Sum("amount_minor", default=0))["booked"]
    return Bridge(facts.total, booked, facts.disputed, facts.stripe_fees, facts.stripe_net, facts.payouts)
