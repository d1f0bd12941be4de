"""Payments for tests: an order on its way to be paid, and one paid through the simulator."""

from typing import Any

from orders.models import Order
from orders.tests.factories import make_order
from payments.models import Payment
from payments.starting import start_payment
from payments.sync import sync_payment
from stripe_simulator import control

VISA = "4242424242424242"


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
