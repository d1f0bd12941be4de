"""The bag: found by a signed cookie or by who is signed in, and every change a shopper makes to it."""

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from core.db import LockingQuerySet
from core.errors import DomainError
from orders import discounts
from orders.models import MAX_QUANTITY, Cart, CartLine, Order, OrderLine
from orders.models.bag import make_token
from orders.quoting import available_units, is_on_sale, quote_bag
from products.models import Variant

__all__ = [
    "add_to_bag", "apply_code", "bag_for", "close_bag", "merge_bags", "open_bag", "parse_quantity", "quote_bag",
    "remember", "remove_code", "remove_from_bag", "set_quantity",
]  # fmt: skip

COOKIE = "bag"
SALT = "orders.bag"
COOKIE_SECONDS = 396 * 24 * 3600  # 13 months, until its bag is emptied
USABLE_QUANTITY = re.compile(r"[0-9]{1,4}\Z")
BAD_QUANTITY = f"Write the quantity as a whole number from 1 to {MAX_QUANTITY}."
GONE = "That product is no longer sold."


def bags_of(request: HttpRequest) -> "LockingQuerySet | None":
    """Return the query that finds the visitor's open bag, None where there cannot be one (costs nothing then).

    Whoever is signed in has their own bag; a bag that belongs to somebody is never shown to anybody else.
    """
    if request.user.is_authenticated:
        return Cart.objects.open().filter(user=request.user)
    token = request.get_signed_cookie(COOKIE, default="", salt=SALT)
    return Cart.objects.open().filter(token=token, user=None) if token else None


def bag_for(request: HttpRequest) -> Cart | None:
    """Return the visitor's open bag, if they have one."""
    bags = bags_of(request)
    return bags.first() if bags is not None else None


def count_units(request: HttpRequest) -> int:
    """Return how many units the visitor's bag holds; no query where there cannot be a bag."""
    bags = bags_of(request)
    if bags is None:
        return 0
    return CartLine.objects.filter(cart__in=bags).aggregate(units=Sum("quantity"))["units"] or 0


def open_bag(request: HttpRequest) -> Cart:
    """Return the visitor's open bag, made now if there is none. The answer must `remember` it."""
    cart = bag_for(request)
    if cart is not None:
        return cart
    if request.user.is_authenticated:
        return Cart.objects.open().get_or_create(user=request.user, closed_at=None)[0]
    return Cart.objects.create()


def remember(response: HttpResponse, cart: Cart, request: HttpRequest) -> HttpResponse:
    """Put a guest's bag into the cookie of the answer; a signed-in shopper's is found by who they are."""
    if cart.user_id is None:
        response.set_signed_cookie(
            COOKIE,
            cart.token,
            salt=SALT,
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response


def parse_quantity(text: str) -> int:
    """Return the quantity that somebody typed, 1 to 99 in plain digits. Raises DomainError with a sentence."""
    text = text.strip(" \t")
    quantity = int(text) if USABLE_QUANTITY.match(text) else 0
    if not 1 <= quantity <= MAX_QUANTITY:
        raise DomainError(BAD_QUANTITY)
    return quantity


@transaction.atomic
def add_to_bag(cart_id: int, *, variant_id: int, quantity: int) -> CartLine:
    """Add units of a variant to a bag. Raises DomainError where it is not sold, not left, or more than 99."""
    cart = _lock(cart_id)
    line = cart.lines.filter(variant_id=variant_id).first()
    return _put(cart, variant_id, quantity + (line.quantity if line else 0))


@transaction.atomic
def set_quantity(cart_id: int, *, variant_id: int, quantity: int) -> CartLine:
    """Make a line of a bag hold this many units, and take its price as seen. Safe to repeat. Raises DomainError."""
    return _put(_lock(cart_id), variant_id, quantity)


@transaction.atomic
def remove_from_bag(cart_id: int, *, variant_id: int) -> int:
    """Take a line out of a bag and return how many units it held; 0 if it was not there."""
    cart = _lock(cart_id)
    quantity = cart.lines.filter(variant_id=variant_id).values_list("quantity", flat=True).first() or 0
    cart.lines.filter(variant_id=variant_id).delete()
    _touch(cart)
    return quantity


@transaction.atomic
def apply_code(cart_id: int, *, text: str) -> str:
    """Keep a discount code with a bag and return it; it counts while it applies. Raises DomainError if it cannot."""
    cart = _lock(cart_id)
    quote = quote_bag(cart, country="")
    code = discounts.find_code(text)
    reason = discounts.reason_against(
        code, items_minor=quote.quote.items_minor, currency=quote.quote.currency, now=timezone.now()
    )
    if code is None or reason:
        raise DomainError(reason)
    cart.discount_code = code.code
    cart.save(update_fields=["discount_code", "updated_at"])
    return code.code


@transaction.atomic
def remove_code(cart_id: int) -> None:
    """Take the discount code off a bag. Safe to repeat."""
    cart = _lock(cart_id)
    cart.discount_code = ""
    cart.save(update_fields=["discount_code", "updated_at"])


@transaction.atomic
def merge_bags(token: str, user: User) -> None:
    """Give a guest's bag to the user who has just signed in; where both hold a variant the larger quantity stays."""
    guest = Cart.objects.open().lock().filter(token=token, user=None).first()
    if guest is None:
        return
    own = Cart.objects.open().lock().filter(user=user).first()
    if own is None:
        guest.user = user
        guest.save(update_fields=["user", "updated_at"])
        return
    held = {line.variant_id: line for line in own.lines.all()}
    for line in guest.lines.all():
        mine = held.get(line.variant_id)
        if mine is None:
            CartLine.objects.filter(pk=line.pk).update(cart=own)
        elif mine.quantity < line.quantity:
            CartLine.objects.filter(pk=mine.pk).update(quantity=line.quantity)
    order = guest.order if own.order is None or (_is_waiting(guest) and not _is_waiting(own)) else None
    guest.closed_at, guest.order, guest.currency = timezone.now(), None, ""
    guest.save(update_fields=["closed_at", "order", "currency", "updated_at"])
    own.discount_code = own.discount_code or guest.discount_code
    own.checkout_at = own.checkout_at or guest.checkout_at
    if order:  # what it is about to pay for, or may still be paid late, is in this bag now, and leaves it by that sale
        own.order, own.currency = order, order.currency
    own.save(update_fields=["discount_code", "order", "currency", "checkout_at", "updated_at"])


def _is_waiting(cart: Cart) -> bool:
    return cart.order is not None and cart.order.status == Order.Status.PENDING


def close_bag(order: Order, lines: Iterable[OrderLine], *, at: datetime) -> None:
    """Close the bag that a sold order came from; what was put in since, and not bought, stays in a bag of its own."""
    cart = getattr(order, "cart", None)
    if cart is None or cart.closed_at is not None:
        return
    bought = {line.variant_id: line.quantity for line in lines}
    rest = [line for line in cart.lines.all() if line.quantity > bought.get(line.variant_id, 0)]
    token, cart.closed_at = cart.token, at
    if rest:
        cart.token = make_token()
    cart.save(update_fields=["token", "closed_at", "updated_at"])
    if rest:
        following = Cart.objects.create(token=token, user=cart.user)
        CartLine.objects.bulk_create(
            CartLine(
                cart=following,
                variant_id=line.variant_id,
                quantity=line.quantity - bought.get(line.variant_id, 0),
                seen_price_minor=line.seen_price_minor,
            )
            for line in rest
        )


def _lock(cart_id: int) -> Cart:
    cart = Cart.objects.open().lock().filter(pk=cart_id).first()
    if cart is None:
        raise DomainError("This bag has been paid for. Add products again to start a new one.")
    return cart


def _put(cart: Cart, variant_id: int, quantity: int) -> CartLine:
    variant = Variant.objects.select_related("product", "stock").filter(pk=variant_id).first()
    if variant is None:
        raise DomainError(GONE)
    _refuse(variant, quantity)
    line, _ = CartLine.objects.update_or_create(
        cart=cart,
        variant=variant,
        defaults={"quantity": quantity, "seen_price_minor": variant.price_minor},
    )
    _touch(cart)
    return line


def _refuse(variant: Variant, quantity: int) -> None:
    name = variant.product.name
    if not is_on_sale(variant):
        raise DomainError(f"{name} is no longer sold.")
    if quantity > MAX_QUANTITY:
        raise DomainError(f"You can order at most {MAX_QUANTITY} of {name} at a time.")
    available = available_units(variant)
    if available is not None and quantity > available:
        raise DomainError(
            f"{name} has sold out." if not available else f"Only {available} of {name} can be ordered just now."
        )


def _touch(cart: Cart) -> None:
    cart.save(update_fields=["updated_at"])
