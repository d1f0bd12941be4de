"""Keeping an order from being sent while a refund that would cancel it, or part of it, waits for approval."""

from django.utils import timezone

from accounts.models import User
from audit.recording import record
from orders.holding import follow_disputes
from orders.models import Order, OrderEvent
from orders.transitions import Status
from payments.models import Refund, RefundLine

WAITING = "a refund waits for approval"
ALL_IS_BACK = "all of its money was given back at Stripe"


def stops_sending(refund: Refund) -> bool:
    """Whether a refund, once approved, keeps something from being sent."""
    return refund.cancels_order or refund.lines.filter(restock=RefundLine.Restock.CANCELED, quantity__gt=0).exists()


def hold_while_waiting(order: Order, *, actor: User) -> None:
    """Put a locked order on hold until the refund is decided on; one that is held already stays as it is held."""
    put_on_hold(order, WAITING, actor=actor)


def put_on_hold(order: Order, reason: str, *, actor: User | None = None) -> None:
    """Hold a locked, paid order for a reason; safe to repeat."""
    if order.held_at is not None or order.status != Status.PAID:
        return
    order.held_at, order.hold_reason = timezone.now(), reason
    order.save(update_fields=["held_at", "hold_reason"])
    OrderEvent.objects.create(order=order, at=order.held_at, kind="held", actor_id=actor.pk if actor else None)
    record("order.hold", subject=order, actor=actor)


def hold_for_refunds(order: Order) -> None:
    """Hold a locked order for its refunds that a dispute has just let go, and that was held for it until then."""
    if any(stops_sending(refund) for refund in Refund.objects.waiting().filter(payment__order=order)):
        put_on_hold(order, WAITING)
    elif order.refund_status == "full" and not order.lines.filter(quantity_fulfilled__gt=0).exists():
        put_on_hold(order, ALL_IS_BACK)


def let_go(order: Order, *, actor: User | None = None) -> None:
    """Release a locked order that was held for a refund, unless another one still waits; safe to repeat.

    A dispute that was opened meanwhile found it on hold, so it goes on being held for that.
    """
    if order.held_at is None or order.hold_reason != WAITING:
        return
    if any(stops_sending(refund) for refund in Refund.objects.waiting().filter(payment__order=order)):
        return
    order.held_at, order.hold_reason = None, ""
    order.save(update_fields=["held_at", "hold_reason"])
    OrderEvent.objects.create(order=order, at=timezone.now(), kind="released", actor_id=actor.pk if actor else None)
    record("order.release", subject=order, actor=actor)
    follow_disputes(order)
