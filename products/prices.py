"""Changing a price, and keeping what it was."""

from django.db import transaction

from accounts.models import User
from audit.recording import record
from core.errors import DomainError
from core.money import format_money, is_chargeable, step
from products.models import PriceChange, Variant

# Stripe takes at most eight digits: https://docs.stripe.com/api/payment_intents/create#create_payment_intent-amount
MAX_PRICE_MINOR = 99_999_999


@transaction.atomic
def set_price(variant_id: int, *, new_minor: int, actor: User | None) -> Variant:
    """Give a variant a new price and record the change. Safe to repeat: the same price again changes nothing.

    A "was" price that is no longer above the new price is dropped. Raises DomainError for a price that cannot be
    charged.
    """
    variant = Variant.objects.lock().select_related(None).get(pk=variant_id)
    _check(new_minor, variant.currency)
    old_minor = variant.price_minor
    if old_minor == new_minor:
        return variant
    variant.price_minor = new_minor
    if variant.compare_at_minor is not None and variant.compare_at_minor <= new_minor:
        variant.compare_at_minor = None
    variant.save(update_fields=["price_minor", "compare_at_minor"])
    PriceChange.objects.create(
        variant=variant, old_minor=old_minor, new_minor=new_minor, actor_id=actor.pk if actor else None
    )
    record("price.changed", subject=variant, actor=actor, changes={"old_minor": old_minor, "new_minor": new_minor})
    return variant


def _check(minor: int, currency: str) -> None:
    if not 0 <= minor <= MAX_PRICE_MINOR:
        raise DomainError(f"A price is at least zero and at most {format_money(MAX_PRICE_MINOR, currency)}.")
    if not is_chargeable(minor, currency):
        smallest = format_money(step(currency), currency)
        raise DomainError(f"Prices in {currency} are multiples of {smallest}.")
