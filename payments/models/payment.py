"""Money in and money back: payments, attempts and refunds as Stripe says they are."""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from core.db import LockingQuerySet
from orders.models import Order, OrderLine, Return

RETRY = "retry-"


class PaymentQuerySet(LockingQuerySet):
    """Payments by their condition."""

    def applied(self) -> "PaymentQuerySet":
        """Those that paid for their order."""
        return self.filter(disposition=Payment.Disposition.APPLIED)


class Payment(models.Model):
    """One Checkout session (or PaymentIntent) of an order, or money taken elsewhere, or nothing to pay at all."""

    class Tender(models.TextChoices):
        STRIPE = "stripe", "Stripe"
        IMPORTED = "imported"
        FREE = "free"

    class Status(models.TextChoices):
        CREATING = "creating"  # the session is asked for; the answer is not known yet
        OPEN = "open"
        PROCESSING = "processing"
        SUCCEEDED = "succeeded"
        EXPIRED = "expired"
        FAILED = "failed"

    class Disposition(models.TextChoices):
        NONE = "", "none"
        APPLIED = "applied"
        SURPLUS = "surplus"
        AUTO_REFUNDED = "auto_refunded", "refunded automatically"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    tender = models.CharField(max_length=10, choices=Tender, default=Tender.STRIPE)
    stripe_session_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    stripe_intent_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    stripe_charge_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    checkout_url = models.URLField(max_length=2000, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    amount_minor = models.PositiveBigIntegerField()
    captured_minor = models.PositiveBigIntegerField(default=0)
    refund_committed_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, choices=Status, default=Status.CREATING)
    disposition = models.CharField(max_length=16, choices=Disposition, default=Disposition.NONE, blank=True)
    livemode = models.BooleanField(default=False)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    card_brand = models.CharField(max_length=20, blank=True, default="")
    card_last4 = models.CharField(max_length=4, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    synced_at = models.DateTimeField(null=True, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(disposition="applied"), name="payment_one_applied_per_order"
            ),
            models.CheckConstraint(
                condition=Q(refund_committed_minor__lte=F("captured_minor")),
                name="payment_refunds_within_captured",
            ),
            models.CheckConstraint(
                condition=~Q(disposition="applied") | Q(status="succeeded"),
                name="payment_applied_has_succeeded",
            ),
        ]
        indexes = [
            models.Index(fields=["order", "created_at"], name="payment_of_order"),
            models.Index(
                fields=["created_at"],
                name="payment_unsettled",
                condition=Q(status__in=["creating", "open", "processing"]),
            ),
            models.Index(fields=["succeeded_at"], name="payment_taken", condition=Q(captured_minor__gt=0)),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk} of order {self.order_id}"

    @property
    def refundable_minor(self) -> int:
        """What could still be given back."""
        return self.captured_minor - self.refund_committed_minor

    @property
    def is_open_surplus(self) -> bool:
        """Whether it took money that its order did not need, and that has not gone back."""
        return self.disposition == self.Disposition.SURPLUS and self.refundable_minor > 0


class PaymentAttempt(models.Model):
    """One try at paying, as it ended; append-only."""

    class Outcome(models.TextChoices):
        FAILED = "failed"
        REQUIRES_ACTION = "requires_action", "requires action"
        SUCCEEDED = "succeeded"
        UNCONFIRMED = "unconfirmed"

    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="payment_attempts"
    )
    stripe_intent_id = models.CharField(max_length=255)
    stripe_charge_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome)
    code = models.CharField(max_length=60, blank=True, default="")
    amount_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)

    class Meta:
        indexes = [
            models.Index(fields=["stripe_intent_id", "at"], name="payment_attempt_intent"),
            models.Index(fields=["at"], name="payment_attempt_at"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} attempt of {self.stripe_intent_id}"


class RefundQuerySet(LockingQuerySet):
    """Refunds by what became of them."""

    def standing(self) -> "RefundQuerySet":
        """Promised, on their way or done: their money is not there to be given back again."""
        return self.exclude(status__in=Refund.GIVEN_UP)

    def paid_elsewhere(self) -> "RefundQuerySet":
        """Came to nothing at Stripe and were paid by other means since."""
        return self.filter(status__in=Refund.CAME_TO_NOTHING, settled_at__isnull=False)

    def taken(self) -> "RefundQuerySet":
        """Those whose money the customer has, gets, or was promised, by whichever way."""
        return self.filter(
            ~Q(status__in=Refund.GIVEN_UP) | Q(status__in=Refund.CAME_TO_NOTHING, settled_at__isnull=False)
        )

    def waiting(self) -> "RefundQuerySet":
        """Above a limit, and not decided on."""
        return self.filter(status=Refund.Status.REQUESTED)

    def unattended(self) -> "RefundQuerySet":
        """Failed, not paid by other means, and no later refund of the same payment took their place."""
        later = Refund.objects.standing().filter(payment=OuterRef("payment"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later), status=Refund.Status.FAILED, settled_at=None)


class Refund(models.Model):
    """Money given back, or on its way, or refused. It counts once it has succeeded, at `refunded_at`.

    `failure_code` is Stripe's own word, or `displaced` for one whose money a refund made at Stripe had taken before.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested"
        APPROVED = "approved"
        REJECTED = "rejected"
        SUBMITTING = "submitting"
        PENDING = "pending"
        REQUIRES_ACTION = "requires_action", "requires action"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELED = "canceled"

    class Source(models.TextChoices):
        STAFF = "staff"
        AUTOMATIC = "automatic"
        EXTERNAL = "external", "made at Stripe"

    CAME_TO_NOTHING = (Status.FAILED, Status.CANCELED)
    GIVEN_UP = (*CAME_TO_NOTHING, Status.REJECTED)
    ON_ITS_WAY = (Status.SUBMITTING, Status.PENDING, Status.REQUIRES_ACTION)

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    stripe_refund_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    request_key = models.CharField(max_length=64, null=True, blank=True, unique=True)
    amount_minor = models.PositiveBigIntegerField()
    shipping_minor = models.PositiveBigIntegerField(default=0)
    shipping_tax_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    source = models.CharField(max_length=10, choices=Source, default=Source.STAFF)
    reason = models.CharField(max_length=300, blank=True, default="")
    requested_by_id = models.BigIntegerField(null=True, blank=True)
    approved_by_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    refunded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=60, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    cancels_order = models.BooleanField(default=False, help_text="Once approved, the order is canceled with it.")
    return_request = models.ForeignKey(Return, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds")
    settled_note = models.CharField(max_length=300, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by_id = models.BigIntegerField(null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        ordering = ["payment_id", "created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=F("shipping_minor") + F("shipping_tax_minor")),
                name="refund_shipping_within_amount",
            ),
            models.CheckConstraint(
                condition=~Q(status="succeeded") | Q(refunded_at__isnull=False),
                name="refund_succeeded_has_time",
            ),
        ]
        indexes = [models.Index(fields=["status", "created_at"], name="refund_by_status")]

    def __str__(self) -> str:
        return f"refund {self.pk} of payment {self.payment_id}"

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        if self.source == self.Source.EXTERNAL and self.payment.tender == Payment.Tender.IMPORTED:
            return "imported"
        return self.get_source_display()

    @property
    def retry_key(self) -> str:
        """The `request_key` of the one refund that tries this one again."""
        return f"{RETRY}{self.pk}"

    @property
    def is_retry(self) -> bool:
        """Whether it tries another again, whose restocked units are on the shelf already."""
        return (self.request_key or "").startswith(RETRY)

    @property
    def has_moved_stock(self) -> bool:
        """Whether units that it puts on the shelf are there: not before it is approved."""
        return self.status != self.Status.REQUESTED or self.is_retry

    @property
    def is_paid_elsewhere(self) -> bool:
        """Whether it came to nothing and the money went back by other means."""
        return self.status in self.CAME_TO_NOTHING and self.settled_at is not None


class RefundLine(models.Model):
    """What a refund gives back of one order line. `goods_minor` is ex tax, its tax stands beside it.

    An amount without lines makes rows of quantity 0. Of units that are restocked, `unsellable_quantity` came back and
    do not go on the shelf.
    """

    class Restock(models.TextChoices):
        NONE = "none"
        CANCELED = "canceled"
        RETURNED = "returned"

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField(default=0)
    goods_minor = models.PositiveBigIntegerField()
    tax_minor = models.PositiveBigIntegerField()
    restock = models.CharField(max_length=10, choices=Restock, default=Restock.NONE)
    unsellable_quantity = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="refund_line_once"),
            models.CheckConstraint(
                condition=Q(unsellable_quantity__lte=F("quantity")), name="refund_line_unsellable_within_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"

    @property
    def is_restocked(self) -> bool:
        """Whether units of it go back on the shelf."""
        return self.restocked_quantity > 0

    @property
    def restocked_quantity(self) -> int:
        """How many of its units go back on the shelf."""
        return 0 if self.restock == self.Restock.NONE else self.quantity - self.unsellable_quantity
