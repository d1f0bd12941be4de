"""Money that an order did not need, payments that never end, and test payments among real ones."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from core.errors import DomainError, NotAllowedInState
from monitoring.models import Issue, Severity
from monitoring.registry import Finding, Look, check
from payments.client import is_live
from payments.errors import GatewayError
from payments.failed_refunds import give_surplus_back
from payments.models import Payment, Refund
from payments.sync import sync_payment

SURPLUS_TIME = timedelta(hours=24)
PROCESSING_TIME = timedelta(days=21)  # the slowest method, SEPA debit, may take 14 business days
NO_ANSWER = "Stripe does not answer just now; try again in a minute."


def give_back(issue: Issue) -> str:
    """Send back what is left of a surplus payment. Raises DomainError where it is none, or Stripe does not take it."""
    refund = give_surplus_back(int(issue.entity_pk))
    if refund.status in Refund.GIVEN_UP:
        raise NotAllowedInState("Stripe refused to send the money back; the refund says why.")
    return "The money is on its way back." if refund.status != Refund.Status.SUCCEEDED else "The money has gone back."


def ask_about_payment(issue: Issue) -> str:
    """Bring a payment to what Stripe says."""
    try:
        payment = sync_payment(int(issue.entity_pk))
    except GatewayError as error:
        raise DomainError(NO_ANSWER) from error
    return f"Stripe was asked; the payment is {payment.get_status_display().lower()}."


@check(
    "pay.surplus_open",
    title="Surplus payment not given back",
    rule="A payment that pays for nothing is refunded or dealt with within 24 hours.",
    severity=Severity.CRITICAL,
    what_to_do="Read on the order why the payment was not applied. The repair gives it back at Stripe.",
    repair=give_back,
)
def surplus_open() -> Look:
    """Payments kept as surplus for longer than a day, with something still to give back."""
    overdue = Payment.objects.filter(
        disposition=Payment.Disposition.SURPLUS,
        succeeded_at__lt=timezone.now() - SURPLUS_TIME,
        refund_committed_minor__lt=F("captured_minor"),
    )
    settled = Refund.objects.paid_elsewhere().filter(payment=OuterRef("pk"), amount_minor=F("payment__captured_minor"))
    return Look(Payment.objects.count(), _kept(overdue.exclude(Exists(settled))))


@check(
    "pay.duplicate_capture",
    title="Order that was paid twice",
    rule="An order is paid once: no other payment of it keeps money.",
    severity=Severity.CRITICAL,
    what_to_do="Compare both payments with Stripe. The repair gives back the one that the order did not need.",
    repair=give_back,
)
def duplicate_capture() -> Look:
    """Payments that keep money beside the one that paid for their order; at once, for nobody is to wait for it."""
    applied = Payment.objects.applied().filter(order=OuterRef("order"))
    beside = Q(disposition=Payment.Disposition.SURPLUS) & Exists(applied)
    twice = Q(disposition=Payment.Disposition.APPLIED) & Exists(applied.filter(pk__lt=OuterRef("pk")))
    extra = Payment.objects.filter(beside | twice, refund_committed_minor__lt=F("captured_minor"))
    return Look(Payment.objects.count(), _kept(extra))


def _kept(payments: "QuerySet[Payment]") -> Iterator[Finding]:
    for payment in payments.select_related("order").order_by("pk").iterator():
        yield Finding(
            "payment",
            payment.pk,
            {"given_back_minor": payment.captured_minor},
            {"given_back_minor": payment.refund_committed_minor},
            subject=f"Payment {payment.pk} of order {payment.order.number}",
            currency=payment.currency,
            size=payment.refundable_minor,
        )


@check(
    "pay.stuck_processing",
    title="Delayed payment that does not end",
    rule="A payment by a delayed method, such as a bank debit, has succeeded or failed after 21 days.",
    severity=Severity.MEDIUM,
    what_to_do="Look the payment up at Stripe. The repair asks Stripe what became of it; its stock is kept until then.",
    repair=ask_about_payment,
)
def stuck_processing() -> Look:
    """Payments that are being processed for longer than any method takes."""
    stuck = Payment.objects.filter(
        status=Payment.Status.PROCESSING, created_at__lt=timezone.now() - PROCESSING_TIME
    ).select_related("order")

    def findings() -> Iterator[Finding]:
        for payment in stuck.order_by("pk").iterator():
            yield Finding(
                "payment",
                payment.pk,
                {"status": "succeeded or failed"},
                {"status": payment.status},
                subject=f"Payment {payment.pk} of order {payment.order.number}",
                currency=payment.currency,
                size=payment.amount_minor,
            )

    return Look(Payment.objects.count(), findings())


@check(
    "data.test_in_live",
    title="Test payment on a real order",
    rule="Once the shop takes real money, no sale that counts was paid in Stripe's test mode.",
    severity=Severity.HIGH,
    what_to_do=(
        "Nothing was taken for this order, yet it is in the figures: do not send it. Stripe gives a test payment back "
        "only under the test key, so nothing here undoes the sale: put a note on the order and ask for a real payment."
    ),
)
def test_in_live() -> Look:
    """Sales paid in test mode, if the key is a live one or any payment was."""
    through_stripe = Payment.objects.applied().filter(tender=Payment.Tender.STRIPE)
    has_gone_live = is_live() or Payment.objects.filter(livemode=True).exists()
    wrong = through_stripe.filter(livemode=False, order__is_test=False, order__canceled_at=None)

    def findings() -> Iterator[Finding]:
        for payment in wrong.select_related("order").order_by("pk").iterator():
            yield Finding(
                "order",
                payment.order_id,
                {"mode": "live"},
                {"mode": "test", "captured_minor": payment.captured_minor},
                subject=f"Order {payment.order.number}",
                currency=payment.currency,
                size=payment.captured_minor,
            )

    return Look(through_stripe.count(), findings() if has_gone_live else ())
