"""The terms of a sale: discount codes, ways of delivery and rates of tax."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django_countries.fields import CountryField

from core.db import LockingQuerySet


class DiscountCode(models.Model):
    """A code that takes something off the goods. `used` counts its live redemptions and never passes `limit`."""

    class Kind(models.TextChoices):
        PERCENT = "percent"
        AMOUNT = "amount"
        FREE_SHIPPING = "free_shipping", "free delivery"

    code = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    percent_bps = models.PositiveIntegerField(default=0)
    amount_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True, default="", help_text="Empty: any currency.")
    minimum_items_minor = models.PositiveBigIntegerField(default=0)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    limit = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = LockingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(percent_bps__lte=10_000), name="discount_percent_at_most_all"),
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | Q(used__lte=F("limit")), name="discount_used_within_limit"
            ),
            models.CheckConstraint(
                condition=~Q(kind="amount") | (Q(amount_minor__gt=0) & ~Q(currency="")),
                name="discount_amount_has_currency",
            ),
            models.CheckConstraint(condition=~Q(kind="percent") | Q(percent_bps__gt=0), name="discount_percent_given"),
            models.CheckConstraint(condition=Q(code=Upper("code")), name="discount_code_in_capitals"),
        ]

    def __str__(self) -> str:
        return self.code


class ShippingMethod(models.Model):
    """A way of delivery: where to, for how much, from which goods total it is free, up to which weight."""

    name = models.CharField(max_length=80)
    detail = models.CharField(max_length=160, blank=True, default="")
    countries = models.JSONField(default=list, help_text="ISO 3166 codes this method serves.")
    currency = models.CharField(max_length=3)
    price_minor = models.PositiveBigIntegerField()
    free_over_minor = models.PositiveBigIntegerField(null=True, blank=True)
    max_weight_g = models.PositiveIntegerField(null=True, blank=True)
    tax_class = models.CharField(max_length=20, default="standard")
    days_min = models.PositiveSmallIntegerField(default=2)
    days_max = models.PositiveSmallIntegerField(default=4)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "price_minor", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(days_min__lte=F("days_max")), name="shipping_method_days_in_order")
        ]

    def __str__(self) -> str:
        return self.name


class TaxRate(models.Model):
    """The rate of a tax class in a country from a day on. A country without a row is refused, never taxed at 0."""

    country = CountryField()
    tax_class = models.CharField(max_length=20, default="standard")
    rate_bps = models.PositiveIntegerField()
    valid_from = models.DateField(default=date(2000, 1, 1))

    class Meta:
        ordering = ["country", "tax_class", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["country", "tax_class", "valid_from"], name="tax_rate_one_per_day"),
            models.CheckConstraint(condition=Q(rate_bps__lte=10_000), name="tax_rate_at_most_all"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.tax_class}: {self.rate_bps / 100:g} %"
