"""Payments for tests: an order on its way to be paid, and one paid through the simulator."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from core.days import business_day
from orders.models import Order
from orders.tests.factories import make_order
from payments.balance_client import Movement, PayoutState
from payments.models import Dispute, Payment, Payout, Refund, WebhookEvent
from payments.payouts import keep_parts, keep_payout
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


def make_movement(**fields: Any) -> Movement:
    """Make a movement as Stripe would tell it: a charge of 10.00 less a fee of 0.40, unless told otherwise."""
    number, at = next(_numbers), fields.pop("at", None) or timezone.now()
    values = {
        "id": f"txn_made_{number}",
        "type": "charge",
        "reporting_category": "charge",
        "amount_minor": 1000,
        "fee_minor": 40,
        "currency": "GBP",
        "at": at,
        "available_on": at,
        "source_id": f"ch_made_{number}",
    } | fields
    rate = values.pop("exchange_rate", None)
    values.setdefault("net_minor", values["amount_minor"] - values["fee_minor"])
    return Movement(**values, exchange_rate=Decimal(rate) if rate else None)


def make_state(**fields: Any) -> PayoutState:
    """Make a payout as Stripe would tell it: 9.60 on its way by Stripe's schedule, unless told otherwise."""
    now = timezone.now().replace(microsecond=0)
    values = {
        "id": f"po_made_{next(_numbers)}",
        "amount_minor": 960,
        "currency": "GBP",
        "status": "in_transit",
        "is_automatic": True,
        "is_itemised": False,
        "arrives_at": now,
        "created_at": now,
        "failure_code": "",
    }
    return PayoutState(**values | fields)


def make_payout(**fields: Any) -> Payout:
    """Make a payout that Stripe told of, with one part of the same sum, unless told otherwise."""
    payout = keep_payout(make_state(**fields), asked_at=timezone.now())
    amount = payout.amount_minor
    return keep_parts(payout.pk, [[make_movement(amount_minor=amount, fee_minor=0, currency=payout.currency)]])


def make_refund(**fields: Any) -> Refund:
    """Make a refund of a paid order that has succeeded, unless told otherwise; Stripe knows nothing of it."""
    order = make_order(paid=True)
    payment = Payment.objects.create(
        order=order, amount_minor=order.total_minor, currency=order.currency, status=Payment.Status.SUCCEEDED
    )
    values = {"status": Refund.Status.SUCCEEDED, "refunded_at": timezone.now(), "amount_minor": 500}
    return Refund.objects.create(payment=payment, currency=order.currency, **values | fields)


def make_dispute(**fields: Any) -> Dispute:
    """Make an open dispute of a paid order, due in a week, unless told otherwise; Stripe knows nothing of it."""
    if "payment" not in fields:
        order = make_order(paid=True)
        fields["payment"] = Payment.objects.create(
            order=order,
            amount_minor=order.total_minor,
            captured_minor=order.total_minor,
            currency=order.currency,
            status=Payment.Status.SUCCEEDED,
            disposition=Payment.Disposition.APPLIED,
        )
    opened_at = fields.setdefault("opened_at", timezone.now())
    values = {
        "stripe_dispute_id": f"du_made_{next(_numbers)}",
        "amount_minor": 1500,
        "currency": "GBP",
        "reason": "fraudulent",
        "status": "needs_response",
        "opened_day": business_day(opened_at),
        "evidence_due_at": opened_at + timedelta(days=7),
        "synced_at": opened_at,
    }
    return Dispute.objects.create(**values | fields)


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
