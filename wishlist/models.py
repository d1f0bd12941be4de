"""What shoppers keep for later: the wishes that stand, and the record of every wish and its end."""

from django.db import models
from django.utils import timezone

from accounts.models import Customer
from products.models import Product, Variant


class Wish(models.Model):
    """A product on somebody's wishlist; `variant` is the version they chose, None for any.

    It always agrees with the latest event of its customer and product.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="wishes")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="wishes")
    variant = models.ForeignKey(Variant, null=True, blank=True, on_delete=models.PROTECT, related_name="wishes")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "wishes"
        constraints = [models.UniqueConstraint(fields=["customer", "product"], name="wish_one_per_product")]
        indexes = [models.Index(fields=["customer", "-created_at", "-id"], name="wish_newest")]  # the wishlist's page

    def __str__(self) -> str:
        return f"wish of customer {self.customer_id} for product {self.product_id}"


class WishEvent(models.Model):
    """A wish, or its end, as it happened; append-only. `day` is the business day of `at`."""

    class Kind(models.TextChoices):
        WISH = "wish"
        UNWISH = "unwish"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="wish_events")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="wish_events")
    variant = models.ForeignKey(Variant, null=True, blank=True, on_delete=models.PROTECT, related_name="wish_events")
    kind = models.CharField(max_length=6, choices=Kind)
    at = models.DateTimeField()
    day = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["wish", "unwish"]), name="wish_event_kind_known"),
        ]
        indexes = [
            # What a customer last did about a product, and whether they bought it within its time.
            models.Index(fields=["customer", "product", "at"], name="wish_event_story"),
            models.Index(fields=["day", "kind"], name="wish_event_day"),  # the wishes of a window
        ]

    def __str__(self) -> str:
        return f"{self.kind} of customer {self.customer_id} for product {self.product_id} on {self.day}"
