"""How much there is: a stock item per variant, and the append-only movements that its count is the sum of."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.db import LockingQuerySet
from products.models.catalogue import Variant


class StockItem(models.Model):
    """The count of one variant. `reserved` is what unpaid orders hold; there is no table of reservations."""

    variant = models.OneToOneField(Variant, on_delete=models.PROTECT, related_name="stock")
    tracked = models.BooleanField(default=True, help_text="An untracked variant is always available.")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    backorder_cap = models.PositiveIntegerField(default=0)

    objects = LockingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reserved__gte=0), name="stock_reserved_not_negative"),
            models.CheckConstraint(
                condition=Q(on_hand__gte=0 - F("backorder_cap")), name="stock_on_hand_within_backorder_cap"
            ),
            models.CheckConstraint(
                condition=Q(reserved__lte=F("on_hand") + F("backorder_cap")),
                name="stock_reserved_within_available",
            ),
        ]

    def __str__(self) -> str:
        return f"stock of variant {self.variant_id}"

    @property
    def available(self) -> int:
        """How many units can still be promised; meaningless where the variant is not tracked."""
        return self.on_hand + self.backorder_cap - self.reserved


class StockMovement(models.Model):
    """One change of a count, with its cause; append-only. The same cause moves the same item once."""

    class Kind(models.TextChoices):
        RECEIVED = "received"
        SOLD = "sold"
        RETURNED = "returned"
        ADJUSTED = "adjusted"
        DAMAGED = "damaged"

    stock_item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="movements")
    at = models.DateTimeField(default=timezone.now)
    delta = models.IntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    source_type = models.CharField(max_length=20)
    source_id = models.CharField(max_length=64)
    reason = models.CharField(max_length=200, blank=True, default="")
    actor_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(delta=0), name="stock_movement_moves_something"),
            models.UniqueConstraint(fields=["source_type", "source_id", "kind"], name="stock_movement_once_per_source"),
        ]
        indexes = [models.Index(fields=["stock_item", "-at"], name="stock_movement_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.delta:+d} of {self.stock_item_id}"
