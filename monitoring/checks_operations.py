"""The machinery: events, mail and jobs get done."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from core.jobs import JOBS, Job
from core.models import JobRun
from mail.models import OutgoingMail
from monitoring.models import Severity
from monitoring.registry import Finding, Look, check
from payments.models import WebhookEvent

WAITING_TIME = timedelta(minutes=10)
GRACE = timedelta(minutes=10)
DAILY_GRACE = timedelta(hours=2)


@check(
    "hook.unprocessed",
    title="Event of Stripe's that waits",
    rule="No event of Stripe's waits for more than 10 minutes.",
    severity=Severity.HIGH,
    what_to_do="See whether the worker runs, and what the event's last error says.",
)
def hook_unprocessed() -> Look:
    """Events that came in a while ago and are still to be processed."""
    waiting = WebhookEvent.objects.filter(
        state=WebhookEvent.State.RECEIVED, received_at__lt=timezone.now() - WAITING_TIME
    )
    return Look(WebhookEvent.objects.count(), _event_findings(waiting))


@check(
    "hook.failed",
    title="Event of Stripe's that was given up",
    rule="No event of Stripe's was given up after failing again and again.",
    severity=Severity.HIGH,
    what_to_do="Read the event's last error, mend its cause, and replay the event.",
)
def hook_failed() -> Look:
    """Dead events."""
    return Look(
        WebhookEvent.objects.count(), _event_findings(WebhookEvent.objects.filter(state=WebhookEvent.State.DEAD))
    )


def _event_findings(events: "QuerySet[WebhookEvent]") -> Iterator[Finding]:
    for event in events.defer("payload").order_by("pk").iterator():
        yield Finding(
            "webhook_event",
            event.pk,
            {"state": WebhookEvent.State.PROCESSED.value},
            {"state": event.state, "attempts": event.attempts},
            subject=f"Event {event.pk} ({event.type})",
            size=event.attempts,
        )


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
