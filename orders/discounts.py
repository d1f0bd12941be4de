"""Discount codes: whether one applies, and the one conditional UPDATE that keeps its limit."""

import re
from datetime import datetime

from django.db.models import F, Q

from core.errors import DomainError
from core.money import format_money
from orders.models import DiscountCode, DiscountRedemption, Order
from orders.pricing import DiscountTerms

USABLE_CODE = re.compile(r"[A-Z0-9_-]{1,40}\Z")
UNKNOWN = "We do not know that code. Check its spelling."


def normal_code(text: str) -> str:
    """Return a code as it is stored, in capitals; empty if it cannot be one."""
    code = text.strip().upper()
    return code if USABLE_CODE.match(code) else ""


def find_code(text: str) -> DiscountCode | None:
    """Return the code that somebody typed, whatever its case."""
    code = normal_code(text)
    return DiscountCode.objects.filter(code=code).first() if code else None


def reason_against(code: DiscountCode | None, *, items_minor: int, currency: str, now: datetime) -> str:
    """Return the sentence that says why a code does not apply to these goods; empty if it does."""
    if code is None or not code.is_active:
        return UNKNOWN
    if now < code.starts_at:
        return f"The code {code.code} is not valid yet."
    if code.ends_at is not None and now >= code.ends_at:
        return f"The code {code.code} has ended."
    if code.limit is not None and code.used >= code.limit:
        return f"The code {code.code} has been used up."
    if code.currency and code.currency != currency:
        return f"The code {code.code} is for orders in {code.currency}."
    if items_minor < code.minimum_items_minor:
        least = format_money(code.minimum_items_minor, currency)
        return f"The code {code.code} is for orders from {least}."
    return ""


def terms_of(code: DiscountCode) -> DiscountTerms:
    """Return what pricing needs of a code."""
    return DiscountTerms(kind=code.kind, percent_bps=code.percent_bps, amount_minor=code.amount_minor)  # type: ignore[arg-type]


def redeem(code: DiscountCode, order: Order, *, now: datetime) -> None:
    """Count one use of the code for an order, in the caller's transaction.

    Raises DomainError if its limit was reached, or it ended, since it was looked at.
    """
    _take(code, valid_at=now)
    DiscountRedemption.objects.create(code=code, order=order, customer_id=order.customer_id, redeemed_at=now)


def release(order: Order, *, now: datetime) -> None:
    """Give back the use of a code that an order holds, if it holds one. Safe to repeat."""
    held = DiscountRedemption.objects.filter(order=order, released_at=None)
    code_id = held.values_list("code_id", flat=True).first()
    if code_id is None:
        return
    DiscountCode.objects.filter(pk=code_id).update(used=F("used") - 1)
    held.update(released_at=now)


def retake(order: Order) -> None:
    """Count again the use that an expired order had given back. Raises DomainError if the code is used up by now."""
    given_back = DiscountRedemption.objects.filter(order=order).exclude(released_at=None)
    redemption = given_back.select_related("code").first()
    if redemption is None:
        return
    _take(redemption.code, valid_at=order.placed_at)
    given_back.update(released_at=None)


def _take(code: DiscountCode, *, valid_at: datetime) -> None:
    left = Q(limit=None) | Q(used__lt=F("limit"))
    valid = Q(starts_at__lte=valid_at) & (Q(ends_at=None) | Q(ends_at__gt=valid_at))
    taken = DiscountCode.objects.filter(left, valid, pk=code.pk, is_active=True).update(used=F("used") + 1)
    if not taken:
        raise DomainError(f"The code {code.code} has just been used up or has ended. Remove it to go on.")
