"""Runs of the snapshot build, and what they left: which days are built, and what closed days came to before."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class BuildQuerySet(models.QuerySet):
    """Builds by how they ended."""

    def succeeded(self) -> "BuildQuerySet":
        """Those whose figures stand, the latest first."""
        return self.filter(state=Build.State.SUCCEEDED).order_by("-id")


class Build(models.Model):
    """One run of the snapshot build; at most one is running, and it holds the lease.

    `data_to` is the moment up to which its figures hold; a later run that found nothing to do moves it on.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    scope = models.CharField(max_length=40, help_text="changes, full, days 30 or day 2026-06-01")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    data_to = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField()
    days = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")

    objects = BuildQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="build_one_at_a_time"),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(finished_at__isnull=False, data_to__isnull=False),
                name="build_succeeded_has_times",
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="build_latest")]

    def __str__(self) -> str:
        return f"build {self.pk} ({self.scope})"


class DayState(models.Model):
    """A day that was built. `revision` rises when a day that was over when it was built comes to other figures."""

    day = models.DateField(primary_key=True)
    built_at = models.DateTimeField()
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "day_state"

    def __str__(self) -> str:
        return f"{self.day}, revision {self.revision}"


class FactDayHistory(models.Model):
    """What a closed day came to before it was restated, and why: the figures of `fact_day` as they stood."""

    day = models.DateField()
    currency = models.CharField(max_length=3)
    revision = models.PositiveIntegerField()
    facts = models.JSONField()
    replaced_at = models.DateTimeField()
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "fact_day_history"
        constraints = [
            models.UniqueConstraint(fields=["day", "currency", "revision"], name="fact_day_history_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}, revision {self.revision}"
