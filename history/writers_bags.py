"""Bags of a history: when they were begun, taken to checkout, and which order came of them; never what they held."""

from core.making import Maker
from history.fields import BadLine
from history.records import CartRecord
from history.refs import World
from history.writers_payments import known_order
from orders.models import Cart

_make_bag = Maker(Cart)


def add_bag(world: World, record: CartRecord) -> Cart:
    """Plan a bag. One whose order was paid is closed by that sale, as a bag here is. Raises BadLine."""
    state = known_order(world, record.order) if record.order else None
    if state is not None and state.has_bag:
        raise BadLine("order", f"{record.order} came of another bag already")
    order = state.order if state is not None else None
    closed_at = order.paid_at if order is not None else None
    bag = _make_bag(
        created_at=record.at,
        updated_at=closed_at or record.checkout_at or record.at,
        checkout_at=record.checkout_at,
        closed_at=closed_at,
        order=order,
        currency=order.currency if order is not None else "",
    )
    if state is not None:
        state.has_bag = True
    world.plan.bags.append(bag)
    return bag
