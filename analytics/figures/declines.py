"""Why payments were refused: failed attempts by the code that the bank or Stripe gave, read from the attempts."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from analytics.figures.windows import Comparison, Window
from core.days import day_bounds
from core.models import DirtyDay
from payments.client import is_live
from payments.models import Payment, PaymentAttempt

MOST_REASONS = 8
WORDS = {
    "": "No reason given",
    "authentication_required": "Authentication needed",
    "card_declined": "Declined by the bank",
    "expired_card": "Card has expired",
    "incorrect_cvc": "Security code is wrong",
    "incorrect_number": "Card number is wrong",
    "insufficient_funds": "Not enough money on the card",
    "payment_intent_authentication_failure": "Authentication failed",
    "payment_intent_payment_attempt_failed": "The bank could not collect",
    "processing_error": "Error while processing",
}


@dataclass(frozen=True)
class Decline:
    """A reason with how many attempts failed for it: in the window, on its complete days, and on those before.

    `code` is Stripe's own, or None where the rarest reasons are taken together.
    """

    code: str | None
    label: str
    count: int
    complete: int
    before: int


def declines_of(comparison: Comparison, currency: str) -> list[Decline]:
    """Return the reasons of the failed attempts of a window, the most frequent first, the rarest together; one query.

    Attempts of test orders, of the other Stripe mode, and those that no build has taken up yet are left out.
    """
    complete, before = comparison.complete, comparison.before
    counts = {
        "found": Count("pk", filter=_at(comparison.window)),
        "now": Count("pk", filter=_at(complete) if complete else Q(pk=None)),
        "then": Count("pk", filter=_at(before) if before else Q(pk=None)),
    }
    failed: Any = PaymentAttempt.objects.filter(_at(comparison.window) | _at(before or comparison.window))
    waiting = DirtyDay.objects.filter(source_type="payment_attempt", source_id=OuterRef("pk"))
    failed = failed.filter(_is_ours(), ~Exists(waiting), outcome=PaymentAttempt.Outcome.FAILED, currency=currency)
    failed = failed.exclude(payment__order__is_test=True).order_by()
    rows = failed.values("code").annotate(**counts).order_by("-found", "-then", "code")
    found = [Decline(row["code"], word_of(row["code"]), row["found"], row["now"], row["then"]) for row in rows]
    return found if len(found) <= MOST_REASONS else [*found[: MOST_REASONS - 1], _rest(found[MOST_REASONS - 1 :])]


def _is_ours() -> Q:
    return Q(payment=None) | ~Q(payment__tender=Payment.Tender.STRIPE) | Q(payment__livemode=is_live())


def word_of(code: str) -> str:
    """Return a code in words; one that nobody here knows reads as itself."""
    return WORDS.get(code) or code.replace("_", " ").capitalize()


def _rest(rare: list[Decline]) -> Decline:
    sums = [sum(getattr(one, name) for one in rare) for name in ("count", "complete", "before")]
    return Decline(None, f"{len(rare)} rarer reasons", *sums)


def _at(window: Window) -> Q:
    return Q(at__gte=day_bounds(window.start)[0], at__lt=day_bounds(window.end)[1])
