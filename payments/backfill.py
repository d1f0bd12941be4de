"""Events that never came: Stripe's list is read, and what is missing here is put into the inbox."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import Max
from django.tasks import task
from django.utils import timezone

from accounts.models import User
from audit.recording import record
from core.models import JobRun
from payments.event_list import LISTED_FOR, find_event, list_events
from payments.inbox import store_listed, take_up, wake
from payments.models import WebhookEvent

JOB = "payments.backfill"
OVERLAP = timedelta(minutes=15)
UNDER_WAY = timedelta(minutes=1)  # what is younger may be on its way here by itself
LONGEST_LOOK = 15.0  # seconds that somebody waits for the answer on a page
log = structlog.get_logger("purelaka.inbox")


@dataclass(frozen=True)
class Backfill:
    """How many events Stripe listed, how many of them were missing here, and whether the whole span was read."""

    listed: int
    imported: int
    is_complete: bool


def import_missed(*, since: datetime, until: datetime | None = None, seconds: float | None = None) -> Backfill:
    """Put into the inbox what Stripe lists for a span and never delivered; the newest first. Safe to repeat.

    With `seconds` it ends after so long, incomplete. Never inside a transaction. Raises GatewayError; what was read
    until then is kept.
    """
    end = None if seconds is None else time.monotonic() + seconds
    listed = imported = 0
    is_complete = True
    try:
        for page in list_events(since=since, until=until):
            listed += len(page)
            imported += store_listed([event.content for event in page])
            if end is not None and time.monotonic() > end:
                is_complete = False
                break
    finally:
        if imported:
            log.warning("events_missed", imported=imported, listed=listed)
            wake()
    return Backfill(listed, imported, is_complete)


def import_missed_for(days: int, *, actor: User) -> Backfill:
    """Do so for the last days because somebody waits for it; audited. Raises GatewayError.

    What takes longer than a person waits is left to a worker.
    """
    done = import_missed(since=timezone.now() - timedelta(days=days), seconds=LONGEST_LOOK)
    record("webhook.backfilled", actor=actor, changes={"days": days, "imported": done.imported})
    if not done.is_complete:
        import_last_days.enqueue(days)
    return done


@task
def import_last_days(days: int) -> None:
    """Read Stripe's whole list of the last days."""
    import_missed(since=timezone.now() - timedelta(days=days))


def import_event(event_id: str) -> WebhookEvent:
    """Fetch one event that is missing here, by its id at Stripe, and work it off. Raises GatewayError."""
    store_listed([find_event(event_id).content])
    stored = WebhookEvent.objects.get(stripe_event_id=event_id)
    return take_up(stored.pk)


def read_on() -> None:
    """Read on in Stripe's list from a little before where the last run of the job that succeeded began."""
    now = timezone.now()
    runs = JobRun.objects.filter(job=JOB, state=JobRun.State.SUCCEEDED)
    last = runs.aggregate(at=Max("slot_at"))["at"]
    oldest = now - LISTED_FOR
    import_missed(since=max(oldest, last - OVERLAP) if last else oldest, until=now - UNDER_WAY)
