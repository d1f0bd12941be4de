"""To wish for a product and to stop: each leaves one event, however often it is asked for."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Customer
from core.days import business_day
from core.dirty import mark
from core.errors import DomainError
from products.models import Product, Variant
from wishlist.models import Wish, WishEvent

SOURCE = "wish_event"
MOST_WISHES = 200
Kind = WishEvent.Kind


@transaction.atomic
def wish(customer_id: int, *, product_id: int, variant_id: int | None = None) -> Wish:
    """Put a product on a customer's wishlist. Safe to repeat: a product that is there stays as it is.

    Raises DomainError for what is not on sale, a variant of another product, and on a full list.
    """
    Customer.objects.lock().get(pk=customer_id)  # two clicks at once come one after the other
    there = Wish.objects.filter(customer_id=customer_id, product_id=product_id).first()
    if there is not None:
        return there
    _refuse(customer_id, product_id, variant_id)
    now = timezone.now()
    made = Wish.objects.create(customer_id=customer_id, product_id=product_id, variant_id=variant_id, created_at=now)
    _record(Kind.WISH, made, now)
    return made


@transaction.atomic
def unwish(customer_id: int, *, product_id: int) -> Wish | None:
    """Take a product off a customer's wishlist, on sale or not, and return the wish that it was.

    Safe to repeat: None if it was not there.
    """
    Customer.objects.lock().get(pk=customer_id)
    there = Wish.objects.filter(customer_id=customer_id, product_id=product_id).first()
    if there is None:
        return None
    _record(Kind.UNWISH, there, timezone.now())
    there.delete()
    return there


def settle(pairs: Iterable[tuple[int, int]]) -> None:
    """Make the wishes of these customers for these products what their latest events say; in the caller's transaction.

    Needed only where events were written without `wish` and `unwish`. Safe to repeat.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        return
    about = {"customer__in": {pair[0] for pair in wanted}, "product__in": {pair[1] for pair in wanted}}
    list(Customer.objects.filter(pk__in=about["customer__in"]).lock().values_list("pk"))
    latest = {
        (event.customer_id, event.product_id): event for event in WishEvent.objects.filter(**about).order_by("at", "pk")
    }
    standing = {(wish.customer_id, wish.product_id): wish.pk for wish in Wish.objects.filter(**about)}
    begun = [pair for pair in wanted if latest[pair].kind == Kind.WISH and pair not in standing]
    ended = [standing[pair] for pair in wanted if latest[pair].kind == Kind.UNWISH and pair in standing]
    Wish.objects.filter(pk__in=ended).delete()
    Wish.objects.bulk_create(
        Wish(customer_id=pair[0], product_id=pair[1], variant_id=latest[pair].variant_id, created_at=latest[pair].at)
        for pair in begun
    )


def _refuse(customer_id: int, product_id: int, variant_id: int | None) -> None:
    if not Product.objects.listed().filter(pk=product_id).exists():
        raise DomainError("That product is no longer sold.")
    offered = Variant.objects.on_sale().filter(pk=variant_id, product_id=product_id)
    if variant_id is not None and not offered.exists():
        raise DomainError("That version of the product is no longer sold.")
    if Wish.objects.filter(customer_id=customer_id).count() >= MOST_WISHES:
        raise DomainError(f"Your wishlist holds {MOST_WISHES} products. Take one off before you add another.")


def _record(kind: Kind, about: Wish, at: datetime) -> None:
    event = WishEvent.objects.create(
        customer_id=about.customer_id,
        product_id=about.product_id,
        variant_id=about.variant_id,
        kind=kind,
        at=at,
        day=business_day(at),
    )
    mark(SOURCE, [(event.pk, event.day)])
