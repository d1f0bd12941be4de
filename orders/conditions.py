"""How an order stands, as staff read it: its money and its goods, each in the one word there is for it."""

from typing import NamedTuple

from orders.models import Order
from orders.transitions import Status


class Condition(NamedTuple):
    """A kind and a value of `core/statuses.py`; an empty value is a dash."""

    kind: str
    value: str


def money_condition(order: Order) -> Condition:
    """Return whether an order is paid for, or how much of it has been given back."""
    if order.paid_at is None:
        return Condition("money", "unpaid") if order.status == Status.CANCELED else Condition("order", order.status)
    if order.refunded_minor:
        return Condition("refund_status", order.refund_status)
    return Condition("order", "paid")


def goods_condition(order: Order, *, units_sent: int) -> Condition:
    """Return whether an order is still to be sent. `units_sent` are the units that are on their way already."""
    if order.status == Status.CANCELED:
        return Condition("goods", "canceled")
    if order.status == Status.FULFILLED:
        return Condition("goods", "sent")
    if order.held_at is not None:
        return Condition("goods", "held")
    if order.status == Status.PENDING:
        return Condition("goods", "")
    return Condition("goods", "part_sent" if units_sent else "to_send")
