"""The purchase: order, lines, addresses, notes and the timeline."""

import secrets
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django_countries.fields import CountryField

from accounts.models import Customer, User
from core.db import LockingQuerySet
from orders.models.terms import ShippingMethod
from products.models import Variant

FIRST_NUMBER = 10_000
CHARGED = F("items_minor") - F("discount_minor") + F("shipping_minor") - F("shipping_discount_minor")


def make_public_id() -> str:
    """Return an order's unguessable name in addresses."""
    return secrets.token_urlsafe(12)


class OrderQuerySet(LockingQuerySet):
    """Orders by their condition and by who may see them."""

    def sold(self) -> Self:
        """Paid for, whatever came after."""
        return self.filter(paid_at__isnull=False)

    def expiring(self) -> Self:
        """Unpaid, with a time of their own: an imported order without one was past it when it came."""
        return self.filter(status=Order.Status.PENDING, expires_at__isnull=False)

    def expired(self, now: datetime) -> Self:
        """Unpaid and past their time."""
        return self.filter(status=Order.Status.PENDING, expires_at__lt=now)

    def owned_by(self, user: User) -> Self:
        """The orders of the customer whom a verified e-mail joined to this user."""
        return self.filter(customer__user=user)


class Order(models.Model):
    """A purchase. Payment, refund and dispute condition stand beside the status, never inside it.

    `items_minor` is the sum of quantity x unit price; `discount_minor` of line and order discounts;
    `tax_minor` includes `shipping_tax_minor`; with `prices_include_tax` all of it lies inside the prices.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        FULFILLED = "fulfilled"
        CANCELED = "canceled"

    public_id = models.CharField(max_length=24, unique=True, default=make_public_id)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    email = models.EmailField(max_length=254)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    cancel_reason = models.CharField(max_length=30, blank=True, default="")
    checkout_key = models.CharField(max_length=64, unique=True)
    country = CountryField(blank=True)
    currency = models.CharField(max_length=3)
    items_minor = models.PositiveBigIntegerField()
    discount_minor = models.PositiveBigIntegerField(default=0)
    shipping_minor = models.PositiveBigIntegerField(default=0)
    shipping_discount_minor = models.PositiveBigIntegerField(default=0)
    tax_minor = models.PositiveBigIntegerField(default=0)
    shipping_tax_minor = models.PositiveBigIntegerField(default=0)
    shipping_tax_rate_bps = models.PositiveIntegerField(null=True, blank=True)
    total_minor = models.PositiveBigIntegerField()
    prices_include_tax = models.BooleanField()
    paid_minor = models.PositiveBigIntegerField(default=0)
    refunded_minor = models.PositiveBigIntegerField(default=0)
    discount_code = models.CharField(max_length=40, blank=True, default="")
    shipping_method = models.ForeignKey(ShippingMethod, null=True, blank=True, on_delete=models.PROTECT)
    shipping_name = models.CharField(max_length=80, blank=True, default="")
    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    fulfilled_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    hold_reason = models.CharField(max_length=200, blank=True, default="")
    is_test = models.BooleanField(default=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(prices_include_tax=True, total_minor=CHARGED)
                | Q(prices_include_tax=False, total_minor=CHARGED + F("tax_minor")),
                name="order_total_is_sum_of_parts",
            ),
            models.CheckConstraint(
                condition=Q(discount_minor__lte=F("items_minor")), name="order_discount_within_items"
            ),
            models.CheckConstraint(
                condition=Q(shipping_discount_minor__lte=F("shipping_minor")),
                name="order_shipping_discount_within_shipping",
            ),
            models.CheckConstraint(
                condition=Q(shipping_tax_minor__lte=F("tax_minor")), name="order_shipping_tax_within_tax"
            ),
            models.CheckConstraint(condition=Q(refunded_minor__lte=F("paid_minor")), name="order_refunded_within_paid"),
            models.CheckConstraint(
                condition=Q(status="pending", paid_at__isnull=True, canceled_at__isnull=True)
                | Q(status="paid", paid_at__isnull=False)
                | Q(status="fulfilled", paid_at__isnull=False, fulfilled_at__isnull=False)
                | Q(status="canceled", canceled_at__isnull=False),
                name="order_status_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="order_latest"),
            models.Index(fields=["customer", "-placed_at"], name="order_of_customer"),
            models.Index(fields=["status", "-placed_at"], name="order_by_status"),
            models.Index(fields=["expires_at"], name="order_expiring", condition=Q(status="pending")),
            models.Index(fields=["id"], name="order_of_a_test", condition=Q(is_test=True)),
            models.Index(fields=["fulfilled_at"], name="order_sent", condition=Q(status="fulfilled")),  # lead times
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("orders:detail", args=[self.public_id])

    @property
    def number(self) -> str:
        """The number that people quote: `PL-10238`."""
        return f"PL-{FIRST_NUMBER + self.pk}"

    @property
    def refund_status(self) -> str:
        """`none`, `partial` or `full`."""
        if not self.refunded_minor:
            return "none"
        return "full" if self.refunded_minor >= self.paid_minor else "partial"

    @property
    def shipping_charged_minor(self) -> int:
        """What delivery costs after its discount, in price terms."""
        return self.shipping_minor - self.shipping_discount_minor


class OrderLine(models.Model):
    """What was bought, as it was at that moment. `total_minor` is quantity x unit price less all discounts.

    `discount_minor` holds the line's own discount and its share of the order's. With tax on top the tax comes to it.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="order_lines")
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    variant_name = models.CharField(max_length=120, blank=True, default="")
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.PositiveBigIntegerField()
    discount_minor = models.PositiveBigIntegerField(default=0)
    tax_class = models.CharField(max_length=20, blank=True, default="")
    tax_rate_bps = models.PositiveIntegerField(null=True, blank=True, help_text="Unknown for imported lines.")
    tax_minor = models.PositiveBigIntegerField(default=0)
    total_minor = models.PositiveBigIntegerField()
    unit_cost_minor = models.PositiveBigIntegerField(null=True, blank=True)
    quantity_fulfilled = models.PositiveIntegerField(default=0)
    quantity_canceled = models.PositiveIntegerField(default=0)
    quantity_refunded = models.PositiveIntegerField(default=0)
    quantity_restocked = models.PositiveIntegerField(default=0)

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering = ["order_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_one_per_position"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_quantity_at_least_one"),
            models.CheckConstraint(
                condition=Q(total_minor=F("quantity") * F("unit_price_minor") - F("discount_minor")),
                name="order_line_total_is_price_less_discount",
            ),
            models.CheckConstraint(
                condition=Q(quantity_fulfilled__lte=F("quantity") - F("quantity_canceled")),
                name="order_line_never_overshipped",
            ),
            models.CheckConstraint(
                condition=Q(quantity_refunded__lte=F("quantity")), name="order_line_refunded_within_quantity"
            ),
            models.CheckConstraint(
                condition=Q(quantity_restocked__lte=F("quantity"))
                & Q(quantity_restocked__lte=F("quantity_refunded") + F("quantity_canceled")),
                name="order_line_restocked_within_returned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def gross_minor(self) -> int:
        """Quantity x unit price, before discounts."""
        return self.quantity * self.unit_price_minor

    @property
    def quantity_to_refund(self) -> int:
        """Units that no refund has named yet."""
        return self.quantity - self.quantity_refunded

    @property
    def quantity_to_ship(self) -> int:
        """Units not shipped and not canceled."""
        return self.quantity - self.quantity_fulfilled - self.quantity_canceled


class OrderAddress(models.Model):
    """Where an order goes and whom to ring: personal data, erased apart from the order's figures."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="address")
    name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=160)
    line2 = models.CharField(max_length=160, blank=True, default="")
    city = models.CharField(max_length=80)
    region = models.CharField(max_length=80, blank=True, default="")
    postcode = models.CharField(max_length=20, blank=True, default="")
    country = CountryField()
    phone = models.CharField(max_length=32, blank=True, default="")

    def __str__(self) -> str:
        return f"address of order {self.order_id}"


class OrderEvent(models.Model):
    """One line of an order's timeline; append-only, without personal data."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    from_status = models.CharField(max_length=10, blank=True, default="")
    to_status = models.CharField(max_length=10, blank=True, default="")
    actor_id = models.BigIntegerField(null=True, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["order_id", "at", "id"]
        indexes = [models.Index(fields=["order", "at", "id"], name="order_event_timeline")]

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id}"


class OrderNote(models.Model):
    """What staff wrote about an order; erasable."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()
    text = models.TextField(max_length=2000)

    class Meta:
        ordering = ["order_id", "at"]

    def __str__(self) -> str:
        return f"note on order {self.order_id}"
