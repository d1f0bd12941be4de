"""The bag of a shopper, kept in the database under a token in a cookie, and the redemption of a discount code."""

import secrets
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Customer, User
from core.db import LockingQuerySet
from orders.models.order import Order
from orders.models.terms import DiscountCode
from products.models import Variant

MAX_QUANTITY = 99


def make_token() -> str:
    """Return the secret that names a bag."""
    return secrets.token_urlsafe(24)


class CartQuerySet(LockingQuerySet):
    """Bags by whether they are still in use."""

    def open(self) -> Self:
        """Not paid for yet, and not forgotten."""
        return self.filter(closed_at=None, emptied_at=None)


class Cart(models.Model):
    """A bag. Its times tell the funnel: made, taken to checkout, turned into an order; closed by its sale, at its time.

    `currency` is that of its order. One closed without an order was poured into another at sign-in. One that nobody
    has touched for long is emptied: what it held, and whose it was, is forgotten; the row stays, for the funnel of its
    day counts it.
    """

    token = models.CharField(max_length=64, unique=True, default=make_token)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="carts")
    discount_code = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    checkout_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    emptied_at = models.DateTimeField(null=True, blank=True)
    order = models.OneToOneField(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="cart")
    currency = models.CharField(max_length=3, blank=True, default="")

    objects = CartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(user__isnull=False, closed_at__isnull=True),
                name="cart_one_open_per_user",
            )
        ]
        indexes = [
            models.Index(fields=["updated_at"], name="cart_to_empty", condition=Q(emptied_at=None)),
            models.Index(fields=["created_at", "order", "closed_at", "checkout_at", "currency"], name="cart_funnel"),
        ]

    def __str__(self) -> str:
        return f"bag {self.pk}"


class CartLine(models.Model):
    """A variant in a bag, with the price the shopper last saw, so that a change can be told."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="cart_lines")
    quantity = models.PositiveSmallIntegerField()
    seen_price_minor = models.PositiveBigIntegerField()
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["added_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_line_one_per_variant"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY), name="cart_line_quantity_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × variant {self.variant_id}"


class DiscountRedemption(models.Model):
    """A discount code as one order uses it; released when the order expires or is canceled unpaid."""

    code = models.ForeignKey(DiscountCode, on_delete=models.PROTECT, related_name="redemptions")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="redemption")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    redeemed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    objects = LockingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.code_id} by order {self.order_id}"
