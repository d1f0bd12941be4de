"""The machinery: mail and jobs get done."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Max, Min
from django.utils import timezone

from core.jobs import JOBS, Job
from core.models import JobRun
from mail.models import OutgoingMail
from monitoring.models import Severity
from monitoring.registry import Finding, Look, check

GRACE = timedelta(minutes=10)
DAILY_GRACE = timedelta(hours=2)


@check(
    "mail.failed",
    title="Message that could not be sent",
    rule="No message has failed for good.",
    severity=Severity.MEDIUM,
    what_to_do="Read why it failed on the page of the message, mend that, and send it again.",
)
def mail_failed() -> Look:
    """Messages given up. The issue holds no address."""
    failed = OutgoingMail.objects.filter(state=OutgoingMail.State.FAILED).without_bodies()

    def findings() -> Iterator[Finding]:
        for message in failed.order_by("pk").iterator():
            yield Finding(
                "mail",
                message.pk,
                {"state": OutgoingMail.State.SENT.value},
                {"state": message.state, "attempts": message.attempts},
                subject=f"Message {message.pk} ({message.kind_words.lower()})",
            )

    return Look(OutgoingMail.objects.count(), findings())


@check(
    "job.heartbeat_missed",
    title="Scheduled job that did not succeed in time",
    rule="Once a worker has run, every scheduled job succeeds within its period and a grace.",
    severity=Severity.HIGH,
    what_to_do="See whether the worker runs, and what the last run of the job says.",
)
def heartbeat_missed() -> Look:
    """Jobs whose last success is too long ago; before a worker has ever run, nothing is expected."""
    first = JobRun.objects.aggregate(at=Min("started_at"))["at"]
    if first is None:
        return Look(0)
    now = timezone.now()
    succeeded = JobRun.objects.filter(state=JobRun.State.SUCCEEDED).order_by().values("job")
    last = dict(succeeded.annotate(at=Max("slot_at")).values_list("job", "at"))

    def findings() -> Iterator[Finding]:
        for name, job in sorted(JOBS.items()):
            seen = last.get(name) or first
            if now - seen > longest_silence(job):
                found = last[name].isoformat() if name in last else "never"
                minutes = f"within {longest_silence(job) // timedelta(minutes=1):,} minutes"
                yield Finding("job", name, {"last_success": minutes}, {"last_success": found}, subject=f"Job {name}")

    return Look(len(JOBS), findings())


def longest_silence(job: Job) -> timedelta:
    """How long a job may go without a success: two periods and a grace."""
    if job.every is None:
        return timedelta(days=1) + DAILY_GRACE
    return 2 * job.every + GRACE
