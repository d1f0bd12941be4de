"""Money back: the order knows what was refunded, and no refund is left lying."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit.recording import record
from core.errors import DomainError, NotAllowedInState
from core.money import format_money
from monitoring.models import Issue, Severity
from monitoring.reading import order_number, rows
from monitoring.registry import Finding, Look, check
from orders.lifecycle import lock_order
from orders.models import Order
from payments.errors import GatewayError
from payments.models import Payment, Refund
from payments.sync import sync_payment

PENDING_TIME = timedelta(days=10)
RETRY_TIME = timedelta(days=1)
NO_ANSWER = "Stripe does not answer just now; try again in a minute."

TOTALS = """
SELECT o.id, o.currency, o.refunded_minor, COALESCE(r.refunded, 0)
FROM orders_order o
LEFT JOIN (
    SELECT p.order_id, SUM(f.amount_minor) AS refunded
    FROM payments_refund f
    JOIN payments_payment p ON p.id = f.payment_id
    WHERE f.status = 'succeeded' AND p.disposition = 'applied'
    GROUP BY p.order_id
) r ON r.order_id = o.id
WHERE o.refunded_minor <> COALESCE(r.refunded, 0)
ORDER BY o.id
"""


def recompute_refunded(issue: Issue) -> str:
    """Set an order's refunded total to the sum of its refunds, under the order's lock."""
    with transaction.atomic():
        order = lock_order(int(issue.entity_pk))
        total = _refunded(order)
        if total > order.paid_minor:
            raise NotAllowedInState(f"Order {order.number} has more refunds than it was paid; that needs a person.")
        order.refunded_minor = total
        order.save(update_fields=["refunded_minor"])
        record("order.refunded_recomputed", subject=order, changes={"refunded_minor": total})
    return f"The refunded total of order {order.number} is {format_money(total, order.currency)} again."


def _refunded(order: Order) -> int:
    applied = Payment.Disposition.APPLIED
    refunds = Refund.objects.filter(payment__order=order, payment__disposition=applied, status=Refund.Status.SUCCEEDED)
    return refunds.aggregate(total=Sum("amount_minor", default=0))["total"]


@check(
    "refund.total_mismatch",
    title="Refunded total is not the sum of the refunds",
    rule="What an order says was refunded is the sum of the refunds of its payment that succeeded.",
    severity=Severity.HIGH,
    what_to_do="Repair it: the total is worked out again from the refunds, which are what Stripe confirmed.",
    repair=recompute_refunded,
)
def total_mismatch() -> Look:
    """Orders whose refunded total differs from their refunds."""

    def findings() -> Iterator[Finding]:
        for pk, currency, says, refunded in rows(TOTALS):
            yield Finding(
                "order",
                pk,
                {"refunded_minor": int(refunded)},
                {"refunded_minor": says},
                subject=f"Order {order_number(pk)}",
                currency=currency,
                size=abs(says - int(refunded)),
            )

    return Look(Order.objects.count(), findings())


def ask_about_refund(issue: Issue) -> str:
    """Bring a refund, with all others of its payment, to what Stripe says."""
    refund = Refund.objects.get(pk=int(issue.entity_pk))
    try:
        sync_payment(refund.payment_id)
    except GatewayError as error:
        raise DomainError(NO_ANSWER) from error
    refund.refresh_from_db()
    return f"Stripe was asked; the refund is {refund.get_status_display().lower()}."


@check(
    "refund.stuck_pending",
    title="Refund on its way for too long",
    rule="No refund is on its way for more than 10 days.",
    severity=Severity.MEDIUM,
    what_to_do=(
        "The repair asks Stripe what became of it. If it came to nothing, pay the customer by other means and note it."
    ),
    repair=ask_about_refund,
)
def stuck_pending() -> Look:
    """Refunds that were promised, or approved, long ago and have not ended."""
    sent_at = Coalesce("decided_at", "created_at")
    stuck = Refund.objects.filter(status__in=Refund.ON_ITS_WAY).annotate(sent_at=sent_at)
    stuck = stuck.filter(sent_at__lt=timezone.now() - PENDING_TIME)
    return Look(Refund.objects.count(), _refund_findings(stuck, expected="succeeded"))


@check(
    "refund.failed_unattended",
    title="Failed refund that nobody took up",
    rule="A refund that Stripe could not pay out was tried again within a day, or its note says how it was paid.",
    severity=Severity.HIGH,
    what_to_do="Open the refund: try it again there with a click, or pay by other means and note how.",
)
def failed_unattended() -> Look:
    """Failed refunds of payments through Stripe, without a later attempt and without a note.

    What was imported was attended to elsewhere, and cannot be refunded from here.
    """
    unattended = Refund.objects.unattended().filter(
        payment__tender=Payment.Tender.STRIPE, failed_at__lt=timezone.now() - RETRY_TIME
    )
    return Look(Refund.objects.count(), _refund_findings(unattended, expected="tried again"))


def _refund_findings(refunds: "QuerySet[Refund]", *, expected: str) -> Iterator[Finding]:
    for refund in refunds.select_related("payment").order_by("pk").iterator():
        yield Finding(
            "refund",
            refund.pk,
            {"status": expected, "amount_minor": refund.amount_minor},
            {"status": refund.status, "amount_minor": refund.amount_minor},
            subject=f"Refund {refund.pk} of order {order_number(refund.payment.order_id)}",
            currency=refund.currency,
            size=refund.amount_minor,
        )
