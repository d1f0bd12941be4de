"""The sales ledger that every sales figure is a sum over, and the invoices."""

from django.db import models
from django.db.models import Q

from orders.models.order import Order, OrderLine

PREFIXES = {"invoice": "INV", "credit_note": "CN"}


class SalesEntry(models.Model):
    """A signed line of the sales ledger; append-only, written in the transaction that made it true.

    Amounts are minor units ex tax: net sales = gross - discount - returns. `returns_minor` is positive for a refund
    and negative for a refund that failed afterwards; `shipping_minor`, `tax_minor`, `units` and `cost_minor` carry
    their sign. `day` is the business day of `at`. `refund_id` names a row of `payments`, which stands above this room.
    """

    class Kind(models.TextChoices):
        SALE = "sale"
        LINE = "line"
        SHIPPING = "shipping"
        TAX = "tax"
        REFUND = "refund"
        REFUND_REVERSAL = "refund_reversal"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="entries")
    line = models.ForeignKey(OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    refund_id = models.BigIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField()
    day = models.DateField()
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    returns_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    units = models.IntegerField(default=0)
    cost_minor = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "sales entries"
        constraints = [
            models.UniqueConstraint(
                fields=["line", "kind"],
                condition=Q(line__isnull=False, refund_id__isnull=True),
                name="sales_entry_once_per_line",
            ),
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(line__isnull=True, refund_id__isnull=True),
                name="sales_entry_once_per_order",
            ),
            models.UniqueConstraint(
                fields=["refund_id", "kind", "line"],
                condition=Q(line__isnull=False, refund_id__isnull=False),
                name="sales_entry_once_per_refunded_line",
            ),
            models.UniqueConstraint(
                fields=["refund_id", "kind"],
                condition=Q(line__isnull=True, refund_id__isnull=False),
                name="sales_entry_once_per_refund",
            ),
        ]
        indexes = [
            models.Index(fields=["day", "currency"], name="sales_entry_day"),
            models.Index(fields=["order"], name="sales_entry_order"),
            # Which of the orders of a day were refunded: a build asks that of each.
            models.Index(fields=["order"], name="sales_entry_refunded", condition=Q(refund_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id} on {self.day}"


class Invoice(models.Model):
    """An invoice or credit note; append-only, numbered without gaps within its kind: the database holds to both.

    The seller is frozen as it was; the buyer stands in the order's address, which can be erased. `tax_rates` holds one
    object a rate: `rate_bps` (null if unknown), `net_minor`, `tax_minor`; they add up to the whole. A credit note's
    amounts are positive; one that takes a credit note back, because its refund failed afterwards, has negative ones.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        CREDIT_NOTE = "credit_note", "credit note"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="invoices")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.INVOICE)
    number = models.PositiveBigIntegerField()
    issued_at = models.DateTimeField()
    day = models.DateField()
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    refund_id = models.BigIntegerField(null=True, blank=True)
    seller = models.JSONField(default=dict)
    tax_rates = models.JSONField(default=list)

    class Meta:
        ordering = ["kind", "number"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="invoice_number_once"),
            models.UniqueConstraint(fields=["order"], condition=Q(kind="invoice"), name="invoice_one_per_order"),
            models.CheckConstraint(
                condition=Q(total_minor=models.F("net_minor") + models.F("tax_minor")),
                name="invoice_total_is_sum",
            ),
            models.CheckConstraint(
                condition=Q(kind="invoice", refund_id__isnull=True) | Q(kind="credit_note", refund_id__isnull=False),
                name="invoice_credit_note_has_refund",
            ),
            models.UniqueConstraint(
                fields=["refund_id"],
                condition=Q(kind="credit_note", total_minor__gte=0),
                name="credit_note_one_per_refund",
            ),
            models.UniqueConstraint(
                fields=["refund_id"],
                condition=Q(kind="credit_note", total_minor__lt=0),
                name="credit_note_taken_back_once",
            ),
        ]
        indexes = [models.Index(fields=["currency", "day"], name="invoice_by_day")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The number as printed: `INV-000042`."""
        return f"{PREFIXES[self.kind]}-{self.number:06d}"

    @property
    def is_credit_note(self) -> bool:
        """Whether it takes from an invoice."""
        return self.kind == self.Kind.CREDIT_NOTE
