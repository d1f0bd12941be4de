"""Asking Stripe about everything an order has there, because somebody wants to know now."""

from accounts.models import User
from audit.recording import record
from orders.models import Order
from payments.models import Payment
from payments.sync import sync_payment


def sync_order(order_id: int, *, actor: User) -> int:
    """Bring an order's payments at Stripe to the truth; return how many were asked about. Audited, safe to repeat.

    Never inside a transaction. Raises GatewayError if Stripe cannot be asked.
    """
    record("order.synced", subject=Order(pk=order_id), actor=actor)
    asked = Payment.objects.filter(order_id=order_id, tender=Payment.Tender.STRIPE).exclude(stripe_session_id=None)
    payments = list(asked.values_list("pk", flat=True))
    for payment_id in payments:
        sync_payment(payment_id)
    return len(payments)
