"""What the checks found: issues with their history, and the runs that looked."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from core.db import LockingQuerySet


class Severity(models.TextChoices):
    """How bad it is while it lasts, from the mildest up."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return list(Severity).index(self)

    def and_worse(self) -> list["Severity"]:
        """This one and those above it."""
        return list(Severity)[self.rank :]


class IssueQuerySet(LockingQuerySet):
    """Issues by what is to be done about them."""

    def standing(self) -> Self:
        """The fault was there when it was last looked for, muted or not."""
        return self.exclude(state=Issue.State.RESOLVED)

    def open(self) -> Self:
        """Standing, and not muted: what makes a run fail, and what the sidebar counts."""
        return self.filter(state__in=Issue.OPEN)

    def matching(self, *, state: str = "", severity: str = "", check: str = "") -> Self:
        """Of that state (or `unresolved`, or `any`), severity and check; an empty value narrows nothing."""
        found = self.standing() if state == "unresolved" else self
        exact = {"state": "" if state in ("unresolved", "any") else state, "severity": severity, "check_id": check}
        return found.filter(**{name: value for name, value in exact.items() if value})


class Issue(models.Model):
    """A rule that one thing breaks, or broke. The fingerprint names rule and thing, never the message.

    `details` hold `expected` and `found` as the last run saw them, `size` how far apart they are: a muted issue may
    wait until that grows. Nothing here is personal data but `mute_reason` and the notes, which can be erased.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        REGRESSED = "regressed"
        MUTED = "muted"
        RESOLVED = "resolved"

    OPEN = (State.OPEN, State.ACKNOWLEDGED, State.REGRESSED)

    check_id = models.CharField(max_length=60)
    fingerprint = models.CharField(max_length=200, unique=True)
    entity_type = models.CharField(max_length=30)
    entity_pk = models.CharField(max_length=64)
    currency = models.CharField(max_length=3, blank=True, default="")
    subject = models.CharField(max_length=120)
    severity = models.CharField(max_length=10, choices=Severity)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    details = models.JSONField(default=dict)
    size = models.BigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    muted_until = models.DateTimeField(null=True, blank=True)
    muted_size = models.BigIntegerField(null=True, blank=True)
    mute_reason = models.CharField(max_length=300, blank=True, default="")
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="issues")

    objects = IssueQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="resolved", resolved_at__isnull=False)
                | (~Q(state="resolved") & Q(resolved_at__isnull=True)),
                name="issue_resolved_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="muted")
                | (~Q(mute_reason="") & (Q(muted_until__isnull=False) | Q(muted_size__isnull=False))),
                name="issue_muted_has_reason_and_end",
            ),
        ]
        indexes = [
            models.Index(fields=["check_id", "state"], name="issue_of_check"),
            models.Index(fields=["state", "-last_seen_at", "-id"], name="issue_latest"),
        ]

    def __str__(self) -> str:
        return self.fingerprint

    def get_absolute_url(self) -> str:
        return reverse("monitoring:issue", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Standing and not muted."""
        return self.state in self.OPEN

    def mute_is_over(self, now: datetime, size: int) -> bool:
        """Whether a muted issue that is seen with this size speaks again: its date has come, or it is worse."""
        if self.muted_until is not None and self.muted_until <= now:
            return True
        return self.muted_size is not None and size > self.muted_size


class IssueEvent(models.Model):
    """One change of an issue; append-only, without personal data."""

    issue = models.ForeignKey(Issue, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=20)
    from_state = models.CharField(max_length=12, blank=True, default="")
    to_state = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["issue_id", "id"]
        indexes = [models.Index(fields=["issue", "id"], name="issue_event_history")]

    def __str__(self) -> str:
        return f"{self.kind} of issue {self.issue_id}"


class IssueNote(models.Model):
    """What staff wrote about an issue; erasable."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(max_length=2000)

    class Meta:
        ordering = ["issue_id", "id"]

    def __str__(self) -> str:
        return f"note on issue {self.issue_id}"


class CheckRunQuerySet(models.QuerySet):
    """Runs by how they ended."""

    def running(self) -> Self:
        """Not ended; at most one, by constraint."""
        return self.filter(state=CheckRun.State.RUNNING)


class CheckRun(models.Model):
    """One pass over checks. The row is written at the start and is the lease: there is one running row at most."""

    class State(models.TextChoices):
        RUNNING = "running"
        FINISHED = "finished"
        DIED = "died"

    class Trigger(models.TextChoices):
        COMMAND = "command"
        JOB = "job", "schedule"
        PERSON = "person"

    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    trigger = models.CharField(max_length=10, choices=Trigger)
    is_full = models.BooleanField(default=True, help_text="All checks, not some of them.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True, blank=True)

    objects = CheckRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="check_run_one_at_a_time")
        ]
        indexes = [models.Index(fields=["started_at"], name="check_run_started")]

    def __str__(self) -> str:
        return f"run {self.pk} ({self.state})"


class CheckResult(models.Model):
    """What one check came to in one run. `open` counts its open issues afterwards, `resolved` those this run closed."""

    class Status(models.TextChoices):
        PASSED = "passed"
        ISSUES = "issues"
        CRASHED = "crashed"
        SKIPPED = "skipped"

    run = models.ForeignKey(CheckRun, on_delete=models.CASCADE, related_name="results")
    check_id = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status)
    examined = models.PositiveBigIntegerField(default=0)
    open = models.PositiveIntegerField(default=0)
    resolved = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    error = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["run_id", "id"]
        indexes = [models.Index(fields=["check_id", "-id"], name="check_result_latest")]

    def __str__(self) -> str:
        return f"{self.check_id}: {self.status}"

    def as_json(self) -> dict[str, Any]:
        """The result as `run_checks --json` prints it."""
        return {
            "id": self.check_id,
            "status": self.status,
            "examined": self.examined,
            "open": self.open,
            "seconds": round(self.seconds, 3),
        }
