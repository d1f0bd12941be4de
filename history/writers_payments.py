"""Attempts to pay, and disputes, of a history."""

from typing import Any

from django.conf import settings

from core.days import business_day
from core.making import Maker
from history.fields import BadLine
from history.naming import is_stripe_id, stripe_name
from history.records import AttemptRecord, DisputeRecord
from history.refs import World
from history.states import OrderState
from orders.holding import BY_DISPUTE, DISPUTED, HOLDABLE, INQUIRED, LOST
from orders.models import Order
from payments.models import Dispute, Payment, PaymentAttempt

_make_attempt = Maker(PaymentAttempt)
SUCCEEDED = PaymentAttempt.Outcome.SUCCEEDED
# Stripe's own words. What is still open was answered elsewhere: nobody here can send evidence for it.
OPEN = {False: "under_review", True: "warning_under_review"}
CLOSED = {
    Dispute.Outcome.WON: "won",
    Dispute.Outcome.LOST: "lost",
    Dispute.Outcome.INQUIRY_CLOSED: "warning_closed",
}
# How the timeline of an order calls the end of a dispute, as `payments.disputes` does.
ENDED = {
    Dispute.Outcome.WON: "dispute_won",
    Dispute.Outcome.LOST: "dispute_lost",
    Dispute.Outcome.INQUIRY_CLOSED: "inquiry_closed",
}


def add_attempt(world: World, record: AttemptRecord) -> PaymentAttempt:
    """Plan a try at paying. That of an order belongs to the payment that paid for it. Raises BadLine."""
    state = known_order(world, record.order) if record.order else None
    if state is not None and record.outcome == SUCCEEDED and state.order.paid_at is None:
        raise BadLine("order", f"{record.order} has not been paid")
    total = state.order.total_minor if state is not None else 0
    attempt = _make_attempt(
        payment=_payment(world, state) if state is not None else None,
        stripe_intent_id=stripe_name(world.source, record.intent),
        at=record.at,
        outcome=record.outcome,
        code=record.code,
        amount_minor=total if record.amount is None else record.amount,
        currency=record.currency or (state.order.currency if state is not None else settings.STORE_CURRENCY),
    )
    world.plan.attempts.append(attempt)
    return attempt


def add_dispute(world: World, record: DisputeRecord) -> Dispute:
    """Plan a dispute of the payment of an order; it books nothing, the balance does. Raises BadLine."""
    state = known_order(world, record.order)
    order = state.order
    if order.paid_at is None or state.payment is None:
        raise BadLine("order", f"{record.order} has not been paid")
    if record.at < order.paid_at:
        raise BadLine("at", "lies before the order was paid")
    there = world.at_stripe.get(record.ref)
    if isinstance(there, Dispute):
        if (there.amount_minor, there.currency) != (record.amount, order.currency):
            raise BadLine("ref", f"{record.ref} is known here with other content")
        return there
    closed_at = (record.closed_at or record.at) if record.outcome else None
    dispute = Dispute(
        payment=state.payment,
        stripe_dispute_id=record.ref if is_stripe_id(record.ref) else None,
        amount_minor=record.amount,
        currency=order.currency,
        status=CLOSED[Dispute.Outcome(record.outcome)] if record.outcome else OPEN[record.inquiry],
        is_inquiry=record.inquiry,
        outcome=record.outcome,
        opened_at=record.at,
        opened_day=business_day(record.at),
        closed_at=closed_at,
    )
    world.plan.disputes.append(dispute)
    _tell_dispute(world, order, dispute)
    _hold(world, state, dispute)
    return dispute


def _tell_dispute(world: World, order: Order, dispute: Dispute) -> None:
    detail: dict[str, Any] = {"by": "bank", "status": dispute.status, "amount_minor": dispute.amount_minor}
    opened = "inquiry_opened" if dispute.is_inquiry else "dispute_opened"
    world.plan.note(order, opened, dispute.opened_at, about=("dispute", dispute), **detail)
    if dispute.closed_at is not None:
        closed = ENDED[Dispute.Outcome(dispute.outcome)]
        world.plan.note(order, closed, dispute.closed_at, about=("dispute", dispute), **detail)


def _hold(world: World, state: OrderState, dispute: Dispute) -> None:
    """Hold an order that nothing has held yet and that could still be sent, if its dispute is open or lost."""
    order = state.order
    causes = {"": INQUIRED if dispute.is_inquiry else DISPUTED, Dispute.Outcome.LOST.value: LOST}
    cause = causes.get(dispute.outcome, "")
    is_weaker = order.held_at is not None and order.hold_reason in BY_DISPUTE and cause in BY_DISPUTE
    if is_weaker and BY_DISPUTE.index(cause) < BY_DISPUTE.index(order.hold_reason):
        order.hold_reason = cause
    elif cause and order.held_at is None and order.status in HOLDABLE:
        order.held_at, order.hold_reason = dispute.opened_at, cause
        world.plan.note(order, "held", dispute.opened_at, by="dispute")
    world.plan.touch(state)


def known_order(world: World, ref: str) -> OrderState:
    """Return an order by reference. Raises BadLine for one that no line before has named."""
    state = world.orders.get(ref)
    if state is None:
        raise BadLine("order", f"there is no order {ref}")
    return state


def _payment(world: World, state: OrderState) -> Payment:
    """Return the payment that paid for an order, or the one in which it was only tried."""
    if state.payment is not None:
        return state.payment
    if state.unpaid is None:
        order = state.order
        state.unpaid = Payment(
            order=order,
            tender=Payment.Tender.IMPORTED,
            amount_minor=order.total_minor,
            currency=order.currency,
            status=Payment.Status.EXPIRED,
            created_at=order.placed_at,
        )
        world.plan.unpaid.append(state.unpaid)
    return state.unpaid
