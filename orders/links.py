"""The signed address under which a guest sees their order: whoever holds it may look, nobody can guess it."""

from django.conf import settings
from django.core.signing import Signer
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from orders.models import Order

SALT = "orders.guest"


def guest_signature(order: Order) -> str:
    """Return the signature that opens the guest page of this order and of no other."""
    return _signature(order.public_id)


def guest_path(order: Order) -> str:
    """Return the guest page's address on this site."""
    return reverse("orders:guest", args=[order.public_id, guest_signature(order)])


def guest_url(order: Order) -> str:
    """Return the guest page's full address, for mail."""
    return settings.STORE_BASE_URL + guest_path(order)


def is_signed_for(public_id: str, signature: str) -> bool:
    """Whether the signature belongs to this order; compared in constant time."""
    return constant_time_compare(_signature(public_id), signature)


def _signature(public_id: str) -> str:
    return Signer(salt=SALT).signature(public_id)
