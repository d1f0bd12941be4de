"""Wishes of a history and their ends."""

from core.days import business_day
from history.fields import BadLine
from history.records import Line, WishRecord
from history.refs import World
from history.writers_catalogue import known_goods
from wishlist.models import WishEvent


def add_wish(world: World, line: Line, record: WishRecord) -> WishEvent:
    """Plan that somebody wished for a product, or stopped to, as the type of the line says. Raises BadLine."""
    customer = world.customers.get(record.customer)
    if customer is None:
        raise BadLine("customer", f"there is no customer {record.customer}")
    goods = known_goods(world, record.product, "product")
    event = WishEvent(
        customer=customer,
        product_id=goods.product_id,
        variant_id=goods.variant_id,
        kind=line.type,
        at=record.at,
        day=business_day(record.at),
    )
    world.plan.wishes.append(event)
    return event
