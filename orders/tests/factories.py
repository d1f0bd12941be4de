"""Bags, terms and orders for the tests of every room: `make_order` places through the real `place_order`."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from orders.fulfilment import ship
from orders.lifecycle import mark_paid
from orders.models import Cart, CartLine, DiscountCode, Order, OrderLine, Return, ShippingMethod, TaxRate
from orders.placing import AddressData, place_order
from orders.quoting import quote_bag
from orders.returns import receive_return, request_return
from products.models import Variant
from products.tests.factories import make_variant

_numbers = count(1)
ADDRESS = AddressData(name="Charlie Clay", line1="1 Green Lane", city="Leeds", postcode="LS1 4AP")


def make_shipping_method(name: str = "Standard", **fields: Any) -> ShippingMethod:
    """Make a way of delivery to Great Britain for 3.50, unless told otherwise."""
    values = {"countries": ["GB"], "currency": settings.STORE_CURRENCY, "price_minor": 350}
    return ShippingMethod.objects.create(name=name, **values | fields)


def make_tax_rate(country: str = "GB", rate_bps: int = 2000, **fields: Any) -> TaxRate:
    """Make the rate of a tax class in a country; the same one again is left as it is."""
    return TaxRate.objects.get_or_create(
        country=country, tax_class=fields.pop("tax_class", "standard"), defaults={"rate_bps": rate_bps, **fields}
    )[0]


def make_discount(code: str = "", **fields: Any) -> DiscountCode:
    """Make a code of 10 %, unless told otherwise."""
    values = {"kind": DiscountCode.Kind.PERCENT, "percent_bps": 1000}
    return DiscountCode.objects.create(code=code or f"CODE{next(_numbers)}", **values | fields)


def make_cart(lines: Mapping[Variant, int] | None = None, *, user: User | None = None, **fields: Any) -> Cart:
    """Make a bag with so many units of each variant; without `lines` with one unit of a new variant."""
    cart = Cart.objects.create(user=user, **fields)
    for variant, quantity in (lines if lines is not None else {make_variant(): 1}).items():
        CartLine.objects.create(cart=cart, variant=variant, quantity=quantity, seen_price_minor=variant.price_minor)
    return cart


def place(cart: Cart, **changes: Any) -> Order:
    """Place the bag's order to Great Britain as the checkout would, with what it costs there."""
    method = changes.pop("method", None) or ShippingMethod.objects.first() or make_shipping_method()
    make_tax_rate()
    values: dict[str, Any] = {
        "cart_id": cart.pk,
        "checkout_key": f"key-{next(_numbers)}",
        "email": f"guest-{next(_numbers)}@example.com",
        "customer_name": "Charlie Clay",
        "address": ADDRESS,
        "country": "GB",
        "shipping_method_id": method.pk,
        "user": None,
        "now": timezone.now(),
    } | changes
    if "expected_total_minor" not in values:
        cart.refresh_from_db()
        quote = quote_bag(cart, country=values["country"], shipping_method=method, now=values["now"]).quote
        values["expected_total_minor"] = quote.total_minor
    return place_order(**values)


def make_order(
    lines: Mapping[Variant, int] | None = None, *, paid: bool = False, discount_code: str = "", **changes: Any
) -> Order:
    """Place an order of so many units of each variant (else one of a new variant); `paid` makes it a sale."""
    order = place(make_cart(lines, discount_code=discount_code), **changes)
    return pay(order) if paid else order


def pay(order: Order, **changes: Any) -> Order:
    """Mark an order paid in full, now."""
    values = {"at": timezone.now(), "amount_minor": order.total_minor, "currency": order.currency} | changes
    return mark_paid(order.pk, **values)


def line_of(order: Order, position: int = 1) -> OrderLine:
    """The order's line at a position."""
    return order.lines.get(position=position)


def make_return(order: Order | None = None, *, quantity: int = 1, actor: User | None = None, **changes: Any) -> Return:
    """Ask to send units of an order's first line back, or of a new order's that was sent; by staff if `actor` asks."""
    order = order or ship(make_order({make_variant(stock=9): 3}, paid=True).pk)
    values = {
        "units": {line_of(order).pk: quantity},
        "reason": Return.Reason.UNWANTED,
        "request_key": f"return-key-{next(_numbers):06}",
    }
    return request_return(order.pk, actor=actor, **values | changes)


def make_received(
    order: Order | None = None, *, quantity: int = 2, came: int = 2, shelved: int = 1, actor: User, **changes: Any
) -> Return:
    """Make a return that staff approved, and whose parcel came with so many units, of which some go on the shelf."""
    row = make_return(order, quantity=quantity, actor=actor, **changes)
    line_id = row.lines.get().line_id
    return receive_return(row.pk, came={line_id: came}, shelved={line_id: shelved}, actor=actor)
