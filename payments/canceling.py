"""Canceling a paid order that keeps no money: it was free, or all of it has been given back already."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from audit.recording import recording_refusal
from core.errors import DomainError, NotAllowedInState
from orders.holding import add_note
from orders.lifecycle import lock_order
from orders.models import Order, OrderLine
from orders.transitions import Status
from payments.models import Refund
from payments.refund_plan import refundable
from payments.refunding import cancel_rest
from products import stock

ORDER_LINE = "order_line"


def cancel_without_refund(order_id: int, *, is_restocked: bool, reason: str, actor: User) -> Order:
    """Cancel a paid order of which nothing was shipped and nothing is left to give back. Safe to repeat.

    Its units go back on the shelf if they are to; the reason is kept as a note. Audited, refusals too. Raises
    DomainError without a reason, NotAllowedInState while money is kept, or while a refund waits for approval.
    """
    with recording_refusal("order.cancel", subject=Order(pk=order_id), actor=actor), transaction.atomic():
        if not reason.strip():
            raise DomainError("Say why the order is canceled.")
        order = lock_order(order_id)
        if order.status == Status.CANCELED:
            return order
        _refuse(order)
        if is_restocked:
            _put_back(order)
        cancel_rest(order, actor=actor, reason="staff" if not order.total_minor else "refunded")
        add_note(order.pk, text=f"Canceled: {reason.strip()}", actor=actor)
        return order


def keeps_nothing(order: Order) -> bool:
    """Whether a paid order has nothing that could be given back, and nothing that waits for approval."""
    is_waiting = Refund.objects.waiting().filter(payment__order=order).exists()
    return order.status == Status.PAID and not is_waiting and refundable(order).total == 0


def _refuse(order: Order) -> None:
    if order.status != Status.PAID:
        raise NotAllowedInState(f"Order {order.number} is {Status(order.status).label.lower()}; it cannot be canceled.")
    if order.lines.filter(quantity_fulfilled__gt=0).exists():
        raise NotAllowedInState("Something of this order has been shipped, so it cannot be canceled.")
    if not keeps_nothing(order):
        raise NotAllowedInState("This order keeps money, or a refund of it waits for approval.")


def _put_back(order: Order) -> None:
    """Put on the shelf what was never sent and is not there yet. `cancel_rest` follows, which cancels these units."""
    now = timezone.now()
    lines = [line for line in order.lines.all() if _unsent(line)]
    stock.lock(line.variant_id for line in lines)
    for line in lines:
        units = _unsent(line)
        OrderLine.objects.filter(pk=line.pk).update(
            quantity_canceled=F("quantity_canceled") + line.quantity_to_ship,
            quantity_restocked=F("quantity_restocked") + units,
        )
        if not order.is_test:
            stock.restock(line.variant_id, quantity=units, source_type=ORDER_LINE, source_id=line.pk, at=now)


def _unsent(line: OrderLine) -> int:
    return max(0, min(line.quantity_to_ship, line.quantity - line.quantity_restocked))
