"""What was sent: a fulfilment and its lines."""

from django.db import models
from django.db.models import Q

from orders.models.order import Order, OrderLine


class Fulfilment(models.Model):
    """A parcel on its way."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fulfilments")
    at = models.DateTimeField()
    carrier = models.CharField(max_length=60, blank=True, default="")
    tracking = models.CharField(max_length=120, blank=True, default="")
    actor_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["order_id", "at", "id"]
        indexes = [models.Index(fields=["at"], name="fulfilment_at")]

    def __str__(self) -> str:
        return f"fulfilment {self.pk} of order {self.order_id}"


class FulfilmentLine(models.Model):
    """How many units of an order line a parcel holds."""

    fulfilment = models.ForeignKey(Fulfilment, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="fulfilment_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fulfilment", "line"], name="fulfilment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="fulfilment_line_quantity_at_least_one"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"
