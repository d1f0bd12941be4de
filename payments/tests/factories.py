"""Payments for tests: an order on its way to be paid, and one paid through the simulator."""

from itertools import count
from typing import Any

from django.utils import timezone

from orders.models import Order
from orders.tests.factories import make_order
from payments.models import Payment, Refund, WebhookEvent
from payments.starting import start_payment
from payments.sync import sync_payment
from stripe_simulator import control

VISA = "4242424242424242"
_numbers = count(1)


def make_event(**fields: Any) -> WebhookEvent:
    """Make an event of the inbox about a charge of nobody's, unless told otherwise."""
    values = {
        "stripe_event_id": f"evt_{next(_numbers)}",
        "type": "charge.updated",
        "object_id": "ch_1",
        "livemode": False,
        "created_at": timezone.now(),
        "payload": '{"data": {"object": {"id": "ch_1", "object": "charge"}}}',
    }
    return WebhookEvent.objects.create(**values | fields)


def make_refund(**fields: Any) -> Refund:
    """Make a refund of a paid order that has succeeded, unless told otherwise; Stripe knows nothing of it."""
    order = make_order(paid=True)
    payment = Payment.objects.create(
        order=order, amount_minor=order.total_minor, currency=order.currency, status=Payment.Status.SUCCEEDED
    )
    values = {"status": Refund.Status.SUCCEEDED, "refunded_at": timezone.now(), "amount_minor": 500}
    return Refund.objects.create(payment=payment, currency=order.currency, **values | fields)


def make_started(**changes: Any) -> tuple[Order, Payment]:
    """Place an order and open its Checkout session."""
    order = make_order(**changes)
    return order, start_payment(order.pk)


def session_of(payment: Payment) -> str:
    """The id of a payment's session, which there must be."""
    assert payment.stripe_session_id
    return payment.stripe_session_id


def make_paid(*, card: str = VISA, **changes: Any) -> tuple[Order, Payment]:
    """Place an order, pay it at the simulator and sync it."""
    order, payment = make_started(**changes)
    control.pay(session_of(payment), card)
    payment = sync_payment(payment.pk)
    order.refresh_from_db()
    return order, payment
