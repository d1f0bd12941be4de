"""Wishes for the tests of every room: `make_wish`, `make_wish_event`."""

from datetime import datetime
from typing import Any

from accounts.models import Customer
from core.days import business_day
from products.models import Product
from wishlist.models import Wish, WishEvent
from wishlist.services import wish


def make_wish(customer: Customer, product: Product, **choice: Any) -> Wish:
    """A wish that stands, with its event, as the heart makes it."""
    return wish(customer.pk, product_id=product.pk, **choice)


def make_wish_event(
    customer: Customer, product: Product, at: datetime, kind: WishEvent.Kind = WishEvent.Kind.WISH
) -> WishEvent:
    """An event at a moment of the past, without the wish that may stand."""
    return WishEvent.objects.create(customer=customer, product=product, at=at, day=business_day(at), kind=kind)
