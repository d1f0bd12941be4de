"""Placing an order: from a bag and an address to a pending order that holds its stock."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.customers import customer_for
from accounts.models import User
from core.errors import AmountMismatch, DomainError, NotAllowedInState, OutOfStock
from core.models import StoreSetting
from core.money import format_money
from orders import discounts, selectors
from orders.models import Cart, CartLine, Order, OrderAddress, OrderEvent, OrderLine, ShippingMethod
from orders.pricing import refuse_unpayable
from orders.quoting import BagLine, BagQuote, bag_lines, is_on_sale, quote_bag, weight_of
from orders.transitions import By
from products import stock


@dataclass(frozen=True)
class AddressData:
    """Where an order goes, as the form has checked it; the country stands beside it."""

    name: str
    line1: str
    city: str
    line2: str = ""
    region: str = ""
    postcode: str = ""
    phone: str = ""


class TotalChanged(AmountMismatch):
    """The total is not the one that the shopper saw. `total_minor` is what it is now."""

    def __init__(self, message: str, *, total_minor: int) -> None:
        super().__init__(message)
        self.total_minor = total_minor


def place_order(
    *,
    cart_id: int,
    checkout_key: str,
    email: str,
    customer_name: str,
    address: AddressData,
    country: str,
    shipping_method_id: int,
    expected_total_minor: int,
    user: User | None,
    now: datetime | None = None,
) -> Order:
    """Turn a bag into a pending order that holds stock and discount, in one transaction.

    Safe to repeat: the same `checkout_key` (the form's token) with the same bag returns the same order. Raises
    OutOfStock, TotalChanged, or DomainError with a sentence; nothing is kept then. Locks cart, discount code, stock.
    """
    now = now or timezone.now()
    key = stored_key(cart_id, checkout_key)
    with transaction.atomic():
        cart = Cart.objects.lock().get(pk=cart_id)
        placed = Order.objects.filter(checkout_key=key).first()
        if placed is not None:
            return placed
        if cart.closed_at is not None:
            raise DomainError("This bag has already been paid for.")
        if cart.order is not None and cart.order.status == Order.Status.PENDING:
            raise NotAllowedInState(
                f"Order {cart.order.number} already holds these products and waits for its payment."
            )
        method = _method(cart, country, shipping_method_id)
        priced = quote_bag(cart, country=country, shipping_method=method, now=now)
        _review(priced, expected_total_minor)
        order = _create_order(priced, key, email, user=user, name=customer_name, now=now)
        _create_lines(order, priced)
        OrderAddress.objects.create(order=order, country=country, **asdict(address))
        OrderEvent.objects.create(
            order=order, at=now, kind="placed", to_status=order.status, detail={"by": By.CHECKOUT.value}
        )
        _link(cart, order, priced, now)
        if priced.code is not None:
            discounts.redeem(priced.code, order, now=now)
        _reserve(priced)
    return order


def stored_key(cart_id: int, checkout_key: str) -> str:
    """Return the key as an order holds it: bound to the bag, so that nobody meets another's order by a guessed key."""
    return hashlib.sha256(f"{cart_id}:{checkout_key}".encode()).hexdigest()


def set_expiry(order_id: int, at: datetime) -> None:
    """Give a pending order time until `at`; one that is no longer pending, or holds nothing, keeps what it has."""
    Order.objects.expiring().filter(pk=order_id).update(expires_at=at)


def _method(cart: Cart, country: str, method_id: int) -> ShippingMethod:
    method = ShippingMethod.objects.filter(pk=method_id, is_active=True).first()
    place = selectors.country_name(country)
    if method is None or country not in method.countries:
        raise DomainError(f"That way of delivery is not offered to {place}. Please choose another.")
    if not selectors.carries(method, weight_of(line for line in bag_lines(cart) if line.is_counted)):
        raise DomainError(f"Your bag is too heavy for {method.name}. Please choose another way of delivery.")
    return method


def _review(priced: BagQuote, expected_total_minor: int) -> None:
    if not priced.lines:
        raise DomainError("Your bag is empty.")
    for line in priced.lines:
        if line.obstacle:
            _refuse_line(line)
    if priced.code_reason:
        raise DomainError(f"{priced.code_reason} Remove it to go on.")
    quote = priced.quote
    if quote.total_minor != expected_total_minor:
        raise TotalChanged(
            f"The total has changed from {format_money(expected_total_minor, quote.currency)} to "
            f"{format_money(quote.total_minor, quote.currency)}. Please look it over and confirm again.",
            total_minor=quote.total_minor,
        )
    refuse_unpayable(quote.total_minor, quote.currency)


def _refuse_line(line: BagLine) -> None:
    if not is_on_sale(line.variant) or line.available is None:
        raise DomainError(f"{line.name} is no longer sold. Please remove it from your bag.")
    left = f"only {line.available} left" if line.available else "none left"
    raise OutOfStock(
        f"Sorry, there {'is' if line.available == 1 else 'are'} {left} of {line.name}.",
        variant_id=line.variant.pk,
        available=line.available,
    )


def _create_order(priced: BagQuote, key: str, email: str, *, user: User | None, name: str, now: datetime) -> Order:
    quote, method = priced.quote, priced.method
    return Order.objects.create(
        customer=customer_for(email=email, name=name, user=user),
        email=email,
        checkout_key=key,
        country=priced.country,
        currency=quote.currency,
        items_minor=quote.items_minor,
        discount_minor=quote.discount_minor,
        shipping_minor=quote.shipping_minor,
        shipping_discount_minor=quote.shipping_discount_minor,
        tax_minor=quote.tax_minor,
        shipping_tax_minor=quote.shipping_tax_minor,
        shipping_tax_rate_bps=quote.shipping_tax_rate_bps,
        total_minor=quote.total_minor,
        prices_include_tax=quote.prices_include_tax,
        discount_code=priced.code.code if priced.code else "",
        shipping_method=method,
        shipping_name=method.name if method else "",
        placed_at=now,
        expires_at=now + timedelta(minutes=StoreSetting.current().order_expiry_minutes),
    )


def _create_lines(order: Order, priced: BagQuote) -> None:
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            position=position,
            variant=line.variant,
            sku=line.variant.sku,
            name=line.variant.product.name,
            variant_name=line.variant.label[:120],
            quantity=part.quantity,
            unit_price_minor=part.unit_price_minor,
            discount_minor=part.discount_minor,
            tax_class=part.tax_class,
            tax_rate_bps=part.tax_rate_bps,
            tax_minor=part.tax_minor,
            total_minor=part.total_minor,
            unit_cost_minor=line.variant.cost_minor,
        )
        for position, (line, part) in enumerate(zip(priced.counted, priced.quote.lines, strict=True), start=1)
    )


def _link(cart: Cart, order: Order, priced: BagQuote, now: datetime) -> None:
    cart.order, cart.currency, cart.checkout_at = order, order.currency, cart.checkout_at or now
    cart.save(update_fields=["order", "currency", "checkout_at", "updated_at"])
    for line in priced.lines:
        if line.seen_price_minor != line.variant.price_minor:
            CartLine.objects.filter(cart=cart, variant=line.variant).update(seen_price_minor=line.variant.price_minor)


def _reserve(priced: BagQuote) -> None:
    stock.reserve({line.variant.pk: line.quantity for line in priced.lines})
