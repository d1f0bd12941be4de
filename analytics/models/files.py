"""Files that are written in the background: what was asked for, how far it has come, and what it holds."""

import uuid

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User


class FileFormat(models.TextChoices):
    """How a file is written."""

    CSV = "csv", "CSV"
    GZIP = "csv.gz", "CSV, compressed"
    PARQUET = "parquet", "Parquet"


class ExportSchedule(models.Model):
    """A file that is made again and again, over the days that ended with the last period."""

    class Every(models.TextChoices):
        DAY = "day", "every day"
        WEEK = "week", "every Monday"
        MONTH = "month", "on the first of every month"

    dataset = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    format = models.CharField(max_length=8, choices=FileFormat, default=FileFormat.CSV)
    every = models.CharField(max_length=5, choices=Every)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="export_schedules")
    created_at = models.DateTimeField(default=timezone.now)
    last_day = models.DateField(null=True, blank=True, help_text="The last day that a file has been asked for.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "dataset", "currency", "format", "every"], name="export_schedule_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}, {self.get_every_display()}"


class ExportRunQuerySet(models.QuerySet):
    """Files by what is to be done with them."""

    def under_way(self) -> "ExportRunQuerySet":
        """Those that wait, or are being written."""
        return self.filter(state__in=[ExportRun.State.QUEUED, ExportRun.State.RUNNING])

    def due(self) -> "ExportRunQuerySet":
        """Under way, past their next attempt, and not held by a living worker; the longest waiting first."""
        now = timezone.now()
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return self.under_way().filter(free, next_attempt_at__lte=now).order_by("next_attempt_at", "requested_at")


class ExportRun(models.Model):
    """One file asked for: days from `start` to `end`, both included, in one currency.

    `options` hold what else was chosen (columns, conditions). `with_personal` is settled when it is asked for, by what
    that person may export. `file` names it in the private store; it is gone once `expires_at` has passed.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELED = "canceled"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dataset = models.CharField(max_length=60)
    start = models.DateField()
    end = models.DateField()
    currency = models.CharField(max_length=3)
    options = models.JSONField(default=dict)
    format = models.CharField(max_length=8, choices=FileFormat, default=FileFormat.CSV)
    for_excel = models.BooleanField(default=False)
    with_personal = models.BooleanField(default=False)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="export_runs")
    schedule = models.ForeignKey(ExportSchedule, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_expected = models.PositiveBigIntegerField(null=True, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="bytes of the file as it is stored")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    manifest = models.JSONField(default=dict)
    file = models.CharField(max_length=200, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    requested_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True, help_text="When the latest attempt began.")
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = ExportRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(end__gte=models.F("start")), name="export_run_days_in_order"),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(sha256="") & ~Q(file="") & Q(expires_at__isnull=False),
                name="export_run_done_has_a_file",
            ),
            models.UniqueConstraint(fields=["schedule", "end"], name="export_run_once_a_period"),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="export_run_due", condition=Q(state__in=["queued", "running"])
            ),
            models.Index(fields=["-requested_at"], name="export_run_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.start} to {self.end} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse("analytics:export_run", args=[self.pk])

    @property
    def is_under_way(self) -> bool:
        """Whether it waits, or is being written."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_done(self) -> bool:
        """Whether there is a file."""
        return self.state == self.State.DONE
