"""Disputes: a customer's bank asks for the money back, or asks a question first."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from core.db import LockingQuerySet
from payments.models.payment import Payment


class DisputeQuerySet(LockingQuerySet):
    """Disputes by whether they bind the order."""

    def open(self) -> "DisputeQuerySet":
        """Not decided yet; an unknown status of Stripe's counts as open."""
        return self.filter(closed_at=None)

    def binding(self) -> "DisputeQuerySet":
        """Open or lost, and no inquiry: these forbid refund and cancellation."""
        return self.filter(Q(closed_at=None) | Q(outcome=Dispute.Outcome.LOST), is_inquiry=False)

    def unanswered(self) -> "DisputeQuerySet":
        """Open, with a deadline for evidence, and none was sent."""
        return self.open().filter(evidence_due_at__isnull=False, submission_count=0)

    def due_within(self, time: timedelta) -> "DisputeQuerySet":
        """Unanswered, and the deadline lies ahead, at most so far; the nearest first."""
        now = timezone.now()
        return self.unanswered().filter(evidence_due_at__range=(now, now + time)).order_by("evidence_due_at", "pk")


class Dispute(models.Model):
    """A dispute or an inquiry, as Stripe tells it. Only what its balance transactions say is booked.

    `status` is Stripe's own word, stored as it came even if nobody here knows it. `payment` is null for a dispute of a
    charge that this shop does not know. `opened_day` is the business day of `opened_at`.
    """

    class Outcome(models.TextChoices):
        NONE = "", "open"
        WON = "won"
        LOST = "lost"
        INQUIRY_CLOSED = "inquiry_closed", "inquiry closed"

    payment = models.ForeignKey(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="disputes")
    stripe_dispute_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    stripe_charge_id = models.CharField(max_length=255, blank=True, default="")
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60, blank=True, default="")
    status = models.CharField(max_length=60)
    is_inquiry = models.BooleanField(default=False)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.NONE, blank=True)
    opened_at = models.DateTimeField()
    opened_day = models.DateField()
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    has_evidence = models.BooleanField(default=False, help_text="Stripe holds some, sent to the bank or not.")
    submission_count = models.PositiveSmallIntegerField(default=0, help_text="How often evidence was sent to the bank.")
    is_past_due = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    livemode = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    synced_at = models.DateTimeField(null=True, blank=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(
                condition=Q(outcome="", closed_at__isnull=True) | Q(~Q(outcome=""), closed_at__isnull=False),
                name="dispute_closed_has_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["opened_day"], name="dispute_opened_day"),
            models.Index(fields=["payment"], name="dispute_of_payment"),
        ]

    def __str__(self) -> str:
        return f"dispute {self.stripe_dispute_id or self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("payments:console_dispute", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self.closed_at is None

    @property
    def reason_words(self) -> str:
        """The reason as people read it."""
        return self.reason.replace("_", " ") or "not given"

    @property
    def is_unanswered(self) -> bool:
        """Whether the bank waits for evidence and has been sent none."""
        return self.is_open and self.evidence_due_at is not None and not self.submission_count
