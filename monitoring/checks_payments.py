"""Money in: every sale has its payment, every payment its sale, and their amounts agree."""

from collections.abc import Iterator

from django.db.models import F, Q

from monitoring.models import Severity
from monitoring.reading import order_number, rows
from monitoring.registry import Finding, Look, check
from orders.models import Order
from payments.models import Payment

WITHOUT_PAYMENT = """
SELECT o.id, o.total_minor, o.currency, COALESCE(p.captured_minor, 0)
FROM orders_order o
LEFT JOIN payments_payment p ON p.order_id = o.id AND p.disposition = 'applied'
WHERE o.paid_at IS NOT NULL AND o.total_minor > 0 AND COALESCE(p.captured_minor, 0) = 0
ORDER BY o.id
"""


@check(
    "pay.order_paid_without_payment",
    title="Paid order without a payment",
    rule="Every order that counts as paid, and had something to pay, has a payment that captured money for it.",
    severity=Severity.CRITICAL,
    what_to_do=(
        "Look the order up at Stripe by its number. If the money is there, bring the payment in line with Stripe; "
        "if it is not, do not ship, and ask the customer to pay again."
    ),
)
def order_paid_without_payment() -> Look:
    """Paid orders without a capture, canceled ones too."""

    def findings() -> Iterator[Finding]:
        for pk, total, currency, captured in rows(WITHOUT_PAYMENT):
            yield Finding(
                "order",
                pk,
                {"captured_minor": total},
                {"captured_minor": captured},
                subject=f"Order {order_number(pk)}",
                currency=currency,
                size=total,
            )

    return Look(Order.objects.sold().filter(total_minor__gt=0).count(), findings())


@check(
    "pay.payment_without_order",
    title="Payment that belongs to no sale",
    rule="Every payment that took money pays for an order that counts as paid, or is kept apart as surplus.",
    severity=Severity.CRITICAL,
    what_to_do="Compare order and payment with Stripe. Attach the payment to its order, or give the money back.",
)
def payment_without_order() -> Look:
    """Payments that took money, and are neither surplus nor of a sold order."""
    took_money = Payment.objects.filter(Q(status=Payment.Status.SUCCEEDED) | Q(captured_minor__gt=0))
    adrift = took_money.filter(
        Q(disposition=Payment.Disposition.NONE) | Q(disposition=Payment.Disposition.APPLIED, order__paid_at=None)
    )

    def findings() -> Iterator[Finding]:
        for payment in adrift.select_related("order").order_by("pk").iterator():
            yield Finding(
                "payment",
                payment.pk,
                {"order": "paid", "captured_minor": payment.captured_minor},
                {"order": payment.order.status, "captured_minor": payment.captured_minor},
                subject=f"Payment {payment.pk} of order {payment.order.number}",
                currency=payment.currency,
                size=payment.captured_minor,
            )

    return Look(took_money.count(), findings())


@check(
    "pay.amount_mismatch",
    title="Payment of another amount than the order",
    rule="The payment of a sale captured the order's total, and the order says that it got as much.",
    severity=Severity.CRITICAL,
    what_to_do="Compare order and payment with Stripe. Refund what is too much, or ask for what is missing.",
)
def amount_mismatch() -> Look:
    """Applied payments whose amount is not their order's. What captured nothing is another check's."""
    applied = Payment.objects.applied().filter(order__paid_at__isnull=False)
    different = applied.exclude(captured_minor=0, order__total_minor__gt=0).exclude(
        captured_minor=F("order__total_minor"), order__paid_minor=F("order__total_minor")
    )

    def findings() -> Iterator[Finding]:
        for payment in different.select_related("order").order_by("pk").iterator():
            order = payment.order
            yield Finding(
                "order",
                order.pk,
                {"captured_minor": order.total_minor, "paid_minor": order.total_minor},
                {"captured_minor": payment.captured_minor, "paid_minor": order.paid_minor},
                subject=f"Order {order.number}",
                currency=order.currency,
                size=abs(payment.captured_minor - order.total_minor),
            )

    return Look(applied.count(), findings())


@check(
    "pay.currency_mismatch",
    title="Payment in another currency than the order",
    rule="The payment of a sale was taken in the order's currency.",
    severity=Severity.CRITICAL,
    what_to_do=(
        "Compare order and payment with Stripe. An amount in another currency is no payment: give it back there, and "
        "ask the customer to pay again."
    ),
)
def currency_mismatch() -> Look:
    """Applied payments in another currency than their order's."""
    applied = Payment.objects.applied()
    different = applied.exclude(currency=F("order__currency"))

    def findings() -> Iterator[Finding]:
        for payment in different.select_related("order").order_by("pk").iterator():
            order = payment.order
            yield Finding(
                "order",
                order.pk,
                {"currency": order.currency},
                {"currency": payment.currency},
                subject=f"Order {order.number}",
                currency=order.currency,
                size=payment.captured_minor,
            )

    return Look(applied.count(), findings())
