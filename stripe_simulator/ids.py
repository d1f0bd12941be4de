"""Identifiers in the shapes that Stripe gives them."""

import secrets
import string

_ALPHABET = string.digits + string.ascii_letters
_SHAPES = {
    "checkout.session": ("cs_test_a1", 58),
    "payment_intent": ("pi_3", 23),
    "charge": ("ch_3", 23),
    "refund": ("re_3", 23),
    "balance_transaction": ("txn_3", 23),
    "event": ("evt_1", 23),
    "dispute": ("dp_1", 23),
    "payout": ("po_1", 23),
    "payment_method": ("pm_1", 23),
    "item": ("li_1", 23),
    "price": ("price_1", 23),
    "product": ("prod_", 14),
    "request": ("req_", 14),
}


def random_text(length: int) -> str:
    """Random letters and digits from the system's source of randomness."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_id(kind: str) -> str:
    """A fresh identifier for an object of `kind`, such as `pi_3...` for a payment intent."""
    prefix, length = _SHAPES[kind]
    return prefix + random_text(length)
