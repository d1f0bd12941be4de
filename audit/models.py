"""The record of who did what: append-only rows without personal data."""

from django.db import models
from django.utils import timezone


class AuditRecord(models.Model):
    """One act, done or refused. Actor and subject are ids, so that a row outlives what it speaks of."""

    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"
        FAILED = "failed"

    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.DONE)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_role = models.CharField(max_length=20, blank=True, default="")
    subject_type = models.CharField(max_length=40, blank=True, default="")
    subject_id = models.CharField(max_length=64, blank=True, default="")
    changes = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_subject"),
            models.Index(fields=["action", "-id"], name="audit_action"),
            models.Index(fields=["actor_id", "-id"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type}:{self.subject_id} ({self.outcome})"


class AuditOrigin(models.Model):
    """The network address an act came from, apart from the record so that it can be purged."""

    record = models.OneToOneField(AuditRecord, on_delete=models.PROTECT, related_name="origin")
    address = models.GenericIPAddressField()

    def __str__(self) -> str:
        return f"origin of {self.record_id}"
