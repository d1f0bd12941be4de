"""Money back, and what the books could miss of it: too much, made elsewhere, or owed by a canceled order."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from core.errors import DomainError, NotAllowedInState
from monitoring.models import Issue, Severity
from monitoring.reading import order_number, rows
from monitoring.registry import Finding, Look, check
from payments.adopting import DISPLACED
from payments.client import is_live
from payments.errors import GatewayError, GatewayRefused
from payments.giving_rest import give_rest_back
from payments.models import BalanceTransaction, Payment, Refund, WebhookEvent
from payments.rebooking import ask_again_about_refund

NO_ANSWER = "Stripe does not answer just now; try again in a minute."

# What stands of a payment's refunds, and with what was paid by other means, against what was promised and captured.
GIVEN = """
SELECT p.id, p.order_id, p.currency, p.captured_minor, p.refund_committed_minor, g.standing, g.standing + g.elsewhere
FROM payments_payment p
JOIN (
    SELECT f.payment_id,
        SUM(CASE WHEN f.status NOT IN ('failed', 'canceled', 'rejected') THEN f.amount_minor ELSE 0 END) AS standing,
        SUM(CASE WHEN f.status IN ('failed', 'canceled') AND f.settled_at IS NOT NULL THEN f.amount_minor ELSE 0 END)
            AS elsewhere
    FROM payments_refund f GROUP BY f.payment_id
) g ON g.payment_id = p.id
WHERE g.standing <> p.refund_committed_minor OR g.standing + g.elsewhere > p.captured_minor
ORDER BY p.id
"""

KEPT = """
SELECT o.id, o.currency, p.captured_minor, COALESCE(g.given, 0)
FROM orders_order o
JOIN payments_payment p ON p.order_id = o.id AND p.disposition = 'applied'
LEFT JOIN (
    SELECT f.payment_id, SUM(f.amount_minor) AS given FROM payments_refund f
    WHERE f.status NOT IN ('failed', 'canceled', 'rejected')
        OR (f.status IN ('failed', 'canceled') AND f.settled_at IS NOT NULL)
    GROUP BY f.payment_id
) g ON g.payment_id = p.id
WHERE o.status = 'canceled' AND p.captured_minor > COALESCE(g.given, 0)
ORDER BY o.id
"""


@check(
    "refund.over_refund",
    title="More given back than was taken, or than was promised",
    rule=(
        "The refunds of a payment add up to what is promised of it and never to more than it took; no promise had to "
        "make way for a refund made at Stripe."
    ),
    severity=Severity.CRITICAL,
    what_to_do=(
        "Compare the payment with Stripe, which has the last word. Where a refund made way, refund what is left, "
        "or note on its page how the customer was paid."
    ),
)
def over_refund() -> Look:
    """Payments whose refunds do not add up, and promises that a refund made at Stripe has displaced."""

    def findings() -> Iterator[Finding]:
        for pk, order_id, currency, captured, promised, standing, given in rows(GIVEN):
            yield Finding(
                "payment",
                pk,
                {"promised_minor": int(standing), "at_most_minor": captured},
                {"promised_minor": promised, "given_back_minor": int(given)},
                subject=f"Payment {pk} of order {order_number(order_id)}",
                currency=currency,
                size=max(int(given) - captured, abs(int(standing) - promised)),
            )
        displaced = Refund.objects.unattended().filter(failure_code=DISPLACED)
        for refund in displaced.select_related("payment").order_by("pk").iterator():
            yield Finding(
                "refund",
                refund.pk,
                {"status": "paid out", "amount_minor": refund.amount_minor},
                {"status": "made way for a refund at Stripe", "amount_minor": refund.amount_minor},
                subject=f"Refund {refund.pk} of order {order_number(refund.payment.order_id)}",
                currency=refund.currency,
                size=refund.amount_minor,
            )

    return Look(Payment.objects.count(), findings())


def import_refund(issue: Issue) -> str:
    """Take a refund that Stripe knows into the books of its payment. Raises DomainError if it is of none of ours."""
    try:
        ask_again_about_refund(None, issue.entity_pk)
    except GatewayRefused as error:
        raise NotAllowedInState("Stripe does not know this refund, in this account and mode.") from error
    except GatewayError as error:
        raise DomainError(NO_ANSWER) from error
    if not Refund.objects.filter(stripe_refund_id=issue.entity_pk).exists():
        raise NotAllowedInState("This refund is of no payment of this shop: something else uses the account.")
    return "The refund is in the books now, and its order with it."


@check(
    "refund.stripe_missing_local",
    title="Refund at Stripe that is not known here",
    rule="Every refund that Stripe has told of, or booked on the balance, is known here.",
    severity=Severity.CRITICAL,
    what_to_do=(
        "The repair brings it in. If it is of no payment of this shop, find out what else uses the account at Stripe."
    ),
    repair=import_refund,
)
def stripe_missing_local() -> Look:
    """Refunds on the imported balance, or in events that were worked off, without a row of ours."""
    known = Refund.objects.filter(stripe_refund_id=OuterRef("source_id"))
    booked = BalanceTransaction.objects.filter(reporting_category="refund", is_imported=False)
    told = WebhookEvent.objects.filter(
        type__startswith="refund.", livemode=is_live(), state=WebhookEvent.State.PROCESSED
    ).exclude(object_id="")
    heard_of = Refund.objects.filter(stripe_refund_id=OuterRef("object_id"))

    def findings() -> Iterator[Finding]:
        seen = set()
        for row in booked.filter(~Exists(known)).order_by("pk").iterator():
            seen.add(row.source_id)
            yield _missing(row.source_id, row.currency, -row.amount_minor)
        unheard = told.filter(~Exists(heard_of)).order_by("object_id").values_list("object_id", flat=True).distinct()
        for refund_id in unheard.iterator():
            if refund_id not in seen:
                yield _missing(refund_id)

    return Look(booked.count() + told.count(), findings())


def _missing(refund_id: str, currency: str = "", amount_minor: int = 0) -> Finding:
    amount = {"amount_minor": amount_minor} if currency else {}
    return Finding(
        "stripe_refund",
        refund_id,
        {"known": True} | amount,
        {"known": False} | amount,
        subject=f"Refund {refund_id}",
        currency=currency,
        size=abs(amount_minor),
    )


def refund_rest(issue: Issue) -> str:
    """Give back what a canceled order still keeps."""
    refund = give_rest_back(int(issue.entity_pk))
    if refund.status in Refund.GIVEN_UP:
        raise NotAllowedInState("Stripe refused to send the money back; the refund says why.")
    return "What the order kept is on its way back."


@check(
    "refund.canceled_not_refunded",
    title="Canceled order that keeps money",
    rule="A canceled order keeps no money: all that paid for it was given back, is on its way, or was paid otherwise.",
    severity=Severity.CRITICAL,
    what_to_do=(
        "See on the order which refund came to nothing. Note there how the customer was paid otherwise, or let the "
        "repair give back what is left at Stripe."
    ),
    repair=refund_rest,
)
def canceled_not_refunded() -> Look:
    """Canceled orders whose payment keeps something."""

    def findings() -> Iterator[Finding]:
        for pk, currency, captured, given in rows(KEPT):
            yield Finding(
                "order",
                pk,
                {"given_back_minor": captured},
                {"given_back_minor": int(given)},
                subject=f"Order {order_number(pk)}",
                currency=currency,
                size=captured - int(given),
            )

    return Look(Payment.objects.applied().count(), findings())
