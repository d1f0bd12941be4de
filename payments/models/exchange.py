"""What passes between the shop and Stripe: events that came in, calls that went out."""

import json
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.db import LockingQuerySet


class WebhookEventQuerySet(LockingQuerySet):
    """Events by what is to be done with them."""

    def due(self) -> "WebhookEventQuerySet":
        """Waiting, past their next attempt, and not held by a living worker."""
        now = timezone.now()
        return self.filter(state=WebhookEvent.State.RECEIVED, next_attempt_at__lte=now).filter(
            Q(lease_until=None) | Q(lease_until__lt=now)
        )


class WebhookEvent(models.Model):
    """One event of Stripe's in the inbox. Its content is only a pointer: the object itself is fetched again."""

    class State(models.TextChoices):
        RECEIVED = "received"
        PROCESSED = "processed"
        IGNORED = "ignored"
        QUARANTINED = "quarantined"
        DEAD = "dead"

    stripe_event_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=255, blank=True, default="")
    livemode = models.BooleanField()
    api_version = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(help_text="When it happened, by Stripe's clock.")
    received_at = models.DateTimeField(default=timezone.now, help_text="When it was stored here.")
    delivered_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe delivered it; empty while it is known from Stripe's list alone."
    )
    payload = models.TextField(blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True, default="")

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="webhook_event_due", condition=Q(state="received")),
            models.Index(fields=["object_id"], name="webhook_event_object"),
            models.Index(fields=["type", "-id"], name="webhook_event_type"),
            models.Index(fields=["-delivered_at"], name="webhook_event_delivered"),
            models.Index(fields=["-id"], name="webhook_event_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_event_id}"

    @property
    def subject(self) -> dict[str, Any]:
        """Stripe's object that the event is about, as it was then; its kind and id alone once the content is emptied.

        A pointer, never the truth: fetch the object.
        """
        if self.payload:
            return json.loads(self.payload)["data"]["object"]
        return {"id": self.object_id, "object": self.subject_kind}

    @property
    def subject_kind(self) -> str:
        """What Stripe calls the kind of object that this type of event is about: `charge.dispute.closed`: `dispute`."""
        stem = self.type.rpartition(".")[0]
        return stem if stem == "checkout.session" else stem.rpartition(".")[2]


class WebhookFailure(models.Model):
    """One attempt at an event that failed; the one that succeeded stands on the event itself."""

    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="failures")
    attempt = models.PositiveSmallIntegerField(help_text="Counted anew after each replay.")
    at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=500)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"attempt {self.attempt} at event {self.event_id}"


class OutboundCall(models.Model):
    """A write we sent, or are about to send, to Stripe, under the key that makes it safe to send again."""

    class State(models.TextChoices):
        SENDING = "sending"
        ANSWERED = "answered"
        REFUSED = "refused"
        UNCLEAR = "unclear"

    idempotency_key = models.CharField(max_length=120, unique=True)
    operation = models.CharField(max_length=60)
    params_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.SENDING)
    stripe_object_id = models.CharField(max_length=255, blank=True, default="")
    request_id = models.CharField(max_length=120, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["operation", "-id"], name="outbound_call_operation")]

    def __str__(self) -> str:
        return f"{self.operation} {self.idempotency_key}"
