"""Goods on their way back: what a shopper asks to return, and what became of it."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.db import LockingQuerySet
from orders.models.order import Order, OrderLine


class ReturnQuerySet(LockingQuerySet):
    """Returns by whether anything is still to be done."""

    def open(self) -> "ReturnQuerySet":
        """Waiting for a decision, for the parcel, or for the money to go back."""
        return self.filter(status__in=Return.OPEN)

    def waiting_for_us(self) -> "ReturnQuerySet":
        """Waiting for what only staff can do: a decision, or the money to go back."""
        return self.filter(status__in=(Return.Status.REQUESTED, Return.Status.RECEIVED))


class Return(models.Model):
    """A shopper's wish to send goods back. The money follows as a refund of `payments` that names this row."""

    class Status(models.TextChoices):
        REQUESTED = "requested"
        APPROVED = "approved"
        REJECTED = "rejected"
        RECEIVED = "received"
        REFUNDED = "refunded"
        WITHDRAWN = "withdrawn"

    class Reason(models.TextChoices):
        UNWANTED = "unwanted", "I changed my mind"
        DAMAGED = "damaged", "It arrived damaged"
        WRONG_ITEM = "wrong_item", "I was sent the wrong thing"
        NOT_AS_DESCRIBED = "not_as_described", "It is not as described"
        OTHER = "other", "Another reason"

    OPEN = (Status.REQUESTED, Status.APPROVED, Status.RECEIVED)
    OUR_FAULT = (Reason.DAMAGED, Reason.WRONG_ITEM, Reason.NOT_AS_DESCRIBED)

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns")
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    reason = models.CharField(max_length=20, choices=Reason)
    shopper_note = models.CharField(max_length=1000, blank=True, default="")
    answer = models.CharField(max_length=1000, blank=True, default="", help_text="What the shopper is told.")
    request_key = models.CharField(max_length=64, unique=True)
    requested_at = models.DateTimeField(default=timezone.now)
    is_by_staff = models.BooleanField(default=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_id = models.BigIntegerField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ReturnQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [models.Index(fields=["status", "requested_at"], name="return_by_status")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number that goes into the parcel: `RET-12`."""
        return f"RET-{self.pk}"

    @property
    def is_our_fault(self) -> bool:
        """Whether the shop pays for sending it back."""
        return self.reason in self.OUR_FAULT


class ReturnLine(models.Model):
    """How many units of an order line come back, and how many of those that came go on the shelf again."""

    return_request = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="return_lines")
    quantity = models.PositiveIntegerField()
    received_quantity = models.PositiveIntegerField(default=0)
    restock_quantity = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["return_request", "line"], name="return_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="return_line_quantity_at_least_one"),
            models.CheckConstraint(
                condition=Q(received_quantity__lte=F("quantity")), name="return_line_received_within_asked"
            ),
            models.CheckConstraint(
                condition=Q(restock_quantity__lte=F("received_quantity")), name="return_line_restock_within_received"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"
