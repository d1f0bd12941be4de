"""The simulator's state. It lives in tables, so that every process of the shop sees one Stripe."""

from django.db import models


class Resource(models.Model):
    """One Stripe object as JSON, with the keys by which it is found.

    Keys of `data` that begin with an underscore are the simulator's own and never leave it.
    """

    kind = models.CharField(max_length=40)
    stripe_id = models.CharField(max_length=80, unique=True)
    created = models.BigIntegerField(help_text="Seconds since 1970, as Stripe writes it.")
    label = models.CharField(max_length=80, blank=True, help_text="Status of an object, type of an event.")
    currency = models.CharField(max_length=3, blank=True)
    intent_id = models.CharField(max_length=80, blank=True)
    charge_id = models.CharField(max_length=80, blank=True)
    source_id = models.CharField(max_length=80, blank=True)
    payout_id = models.CharField(max_length=80, blank=True)
    data = models.JSONField()

    class Meta:
        indexes = [
            models.Index(fields=["kind", "-created", "-id"], name="simulator_resource_newest"),
            models.Index(fields=["kind", "label"], name="simulator_resource_label"),
            models.Index(fields=["intent_id"], name="simulator_resource_intent"),
            models.Index(fields=["charge_id"], name="simulator_resource_charge"),
            models.Index(fields=["source_id"], name="simulator_resource_source"),
            models.Index(fields=["payout_id"], name="simulator_resource_payout"),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class Delivery(models.Model):
    """One event on its way to the shop's webhook, sent until it is answered with a 2xx."""

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DROPPED = "dropped"
        GIVEN_UP = "given_up"

    event = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    position = models.BigIntegerField(help_text="Deliveries go out in this order.")
    attempts = models.PositiveIntegerField(default=0)
    last_status = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="simulator_delivery_due")]

    def __str__(self) -> str:
        return f"{self.event_id} {self.state}"


class IdempotentCall(models.Model):
    """The first answer to an idempotency key, kept for 24 hours."""

    key = models.CharField(max_length=255, unique=True)
    params_hash = models.CharField(max_length=64)
    request_id = models.CharField(max_length=40)
    status = models.PositiveIntegerField(default=0)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class Fault(models.Model):
    """A misbehaviour ordered in advance: what it strikes, how, and how many times more."""

    area = models.CharField(max_length=20)
    subject = models.CharField(max_length=80, help_text="Operation or event type; * is any.")
    mode = models.CharField(max_length=20)
    seconds = models.IntegerField(null=True)
    remaining = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.area} {self.subject}: {self.mode} x {self.remaining}"


class ScheduledStep(models.Model):
    """Something that Stripe does by itself later: an expiry, the end of a bank debit, a dispute."""

    action = models.CharField(max_length=30)
    target_id = models.CharField(max_length=80)
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.action} {self.target_id}"
