"""Outgoing mail: one message per key, kept until it is sent and shown to staff afterwards."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.db import LockingQuerySet


class OutgoingMailQuerySet(LockingQuerySet):
    """Messages by what is to be done with them."""

    def due(self) -> "OutgoingMailQuerySet":
        """Queued, past their next attempt, and not held by a living worker."""
        now = timezone.now()
        return self.filter(state=OutgoingMail.State.QUEUED, next_attempt_at__lte=now).filter(
            Q(lease_until=None) | Q(lease_until__lt=now)
        )


class OutgoingMail(models.Model):
    """A message to one person. `key` says what it is about, so that it is written once however often it is asked for."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    recipient = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text_body = models.TextField()
    html_body = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    message_id = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="outgoing_mail_sent_has_time",
            )
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="outgoing_mail_due", condition=Q(state="queued")),
            models.Index(fields=["recipient", "-id"], name="outgoing_mail_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"
