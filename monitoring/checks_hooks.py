"""What Stripe tells arrives, all of it, and is worked off."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from core.errors import DomainError, NotAllowedInState
from monitoring.models import Issue, Severity
from monitoring.registry import CannotRun, Finding, Look, check
from payments.backfill import import_event
from payments.errors import GatewayError, GatewayRefused
from payments.event_list import LISTED_FOR, Listed, list_events
from payments.inbox import take_up
from payments.models import Payment, WebhookEvent
from payments.replaying import replay_event

WAITING_TIME = timedelta(minutes=10)
SILENT_TIME = timedelta(minutes=10)
ASKED_ABOUT = timedelta(hours=24)
CLOCKS_DIFFER = timedelta(minutes=1)
UNDER_WAY = timedelta(minutes=15)  # by then a delivery has come, or the list has been read
EVENTS_A_SPAN = 1_000
LONGEST_LOOK = 8.0  # seconds; what is not reached is looked at by one of the next runs
TURN_SECONDS = 900
NO_ANSWER = "Stripe does not answer just now; try again in a minute."
State = WebhookEvent.State
type Span = tuple[datetime, datetime]


def work_off_waiting(issue: Issue) -> str:
    """Work off the event of an issue now. Raises DomainError if it fails once more."""
    event = take_up(int(issue.entity_pk))
    if event.state == State.RECEIVED and event.lease_until is not None:
        raise NotAllowedInState("A worker has this event in hand just now.")
    if event.state in (State.RECEIVED, State.DEAD):
        raise DomainError(f"The event failed once more: {event.last_error}")
    return f"The event was worked off; it is {event.get_state_display().lower()} now."


def replay_given_up(issue: Issue) -> str:
    """Take the event of an issue up again, with all its attempts, and work it off now."""
    replay_event(int(issue.entity_pk), reason="a repair of the check hook.failed", actor=None)
    return work_off_waiting(issue)


@check(
    "hook.unprocessed",
    title="Event of Stripe's that waits",
    rule="No event of Stripe's waits for more than 10 minutes.",
    severity=Severity.HIGH,
    what_to_do="See whether the worker runs, and what the event's last error says. The repair works it off now.",
    repair=work_off_waiting,
)
def hook_unprocessed() -> Look:
    """Events that came in, or were taken up again, a while ago and are still to be processed."""
    long_ago = timezone.now() - WAITING_TIME
    waiting = WebhookEvent.objects.filter(state=State.RECEIVED, received_at__lt=long_ago).filter(
        Q(attempts__gt=0) | Q(next_attempt_at__lt=long_ago)  # one that was just taken up again has its time
    )
    return Look(WebhookEvent.objects.count(), _event_findings(waiting))


@check(
    "hook.failed",
    title="Event of Stripe's that was given up",
    rule="No event of Stripe's was given up after failing again and again.",
    severity=Severity.HIGH,
    what_to_do="Read the event's last error and mend its cause. The repair takes the event up again.",
    repair=replay_given_up,
)
def hook_failed() -> Look:
    """Dead events."""
    return Look(WebhookEvent.objects.count(), _event_findings(WebhookEvent.objects.filter(state=State.DEAD)))


def _event_findings(events: "QuerySet[WebhookEvent]") -> Iterator[Finding]:
    for event in events.defer("payload").order_by("pk").iterator():
        yield Finding(
            "webhook_event",
            event.pk,
            {"state": State.PROCESSED.value},
            {"state": event.state, "attempts": event.attempts},
            subject=f"Event {event.pk} ({event.type})",
            size=event.attempts,
        )


@check(
    "hook.silence",
    title="Stripe's deliveries do not arrive",
    rule="After a payment has succeeded at Stripe, something that Stripe delivers arrives within 10 minutes.",
    severity=Severity.HIGH,
    what_to_do=(
        "Test the endpoint: Stripe's dashboard, under Developers and Webhooks, says what it answers. 400 is a wrong "
        "secret, 301 a proxy that does not say https; a disabled endpoint is sent nothing. Meanwhile nothing is lost: "
        "missed events are imported every ten minutes."
    ),
)
def hook_silence() -> Look:
    """Whether anything was delivered since the last success of the last day that is older than 10 minutes."""
    now = timezone.now()
    paid = Payment.objects.filter(tender=Payment.Tender.STRIPE, succeeded_at__gte=now - ASKED_ABOUT)
    due = paid.filter(succeeded_at__lte=now - SILENT_TIME)
    latest = due.aggregate(at=Max("succeeded_at"))["at"]
    last = WebhookEvent.objects.aggregate(at=Max("delivered_at"))["at"]
    if latest is None or (last is not None and last >= latest - CLOCKS_DIFFER):
        return Look(paid.count())
    unheard = due.filter(succeeded_at__gt=last).count() if last else due.count()
    finding = Finding(
        "webhook_endpoint",
        "deliveries",
        {"last_delivery": f"since {latest.isoformat()}"},
        {"last_delivery": last.isoformat() if last else "never"},
        subject="Stripe's deliveries",
        size=unheard,
    )
    return Look(paid.count(), [finding])


def import_missing(issue: Issue) -> str:
    """Fetch the event of an issue and work it off. Raises DomainError if Stripe does not list it any more."""
    try:
        event = import_event(issue.entity_pk)
    except GatewayRefused as error:
        raise DomainError("Stripe does not list this event any more, so it cannot be imported.") from error
    except GatewayError as error:
        raise DomainError(NO_ANSWER) from error
    return f"The event was imported; it is {event.get_state_display().lower()} now."


@check(
    "hook.gap",
    title="Event of Stripe's that never came",
    rule="Every event that Stripe lists for the last 30 days, of the types the shop asks for, is in the inbox.",
    severity=Severity.CRITICAL,
    what_to_do="The repair imports it. If there are many, see why Stripe does not reach the endpoint.",
    repair=import_missing,
    asks_outside=True,
)
def hook_gap() -> Look:
    """Stripe's list against the inbox, as far back as time allows: the newest first, the older parts in turn."""
    now = timezone.now()
    held = WebhookEvent.objects.filter(created_at__gte=now - LISTED_FOR).count()
    end, listed, seen, missing = time.monotonic() + LONGEST_LOOK, 0, list[Span](), list[Listed]()
    try:
        for since, until in spans(now, held):
            for page in list_events(since=since, until=until):
                listed += len(page)
                missing += _missing_of(page, before=now - UNDER_WAY)
            seen.append((since, until))
            if time.monotonic() > end:
                break
    except GatewayError as error:
        raise CannotRun(f"Stripe could not be asked for its list of events: {error}") from error
    return Look(listed, map(_gap, missing), covers=lambda issue: _lies_in(seen, issue))


def spans(now: datetime, held: int) -> list[Span]:
    """Return thirty days cut into spans of about a thousand events: the newest, then the older ones by turns."""
    count = max(1, -(-held // EVENTS_A_SPAN))
    width = LISTED_FOR / count
    edges = [now + timedelta(seconds=1), *(now - width * number for number in range(1, count + 1))]
    newest, *older = [(edges[number + 1], edges[number]) for number in range(count)]
    turn = int(now.timestamp()) // TURN_SECONDS % len(older) if older else 0
    return [newest, *older[turn:], *older[:turn]]


def _missing_of(page: list[Listed], *, before: datetime) -> list[Listed]:
    wanted = {event.id: event for event in page if event.at < before}
    known = WebhookEvent.objects.filter(stripe_event_id__in=wanted).values_list("stripe_event_id", flat=True)
    for event_id in known:
        del wanted[event_id]
    return list(wanted.values())


def _gap(event: Listed) -> Finding:
    return Finding(
        "stripe_event",
        event.id,
        {"in_inbox": "yes"},
        {"in_inbox": "no", "type": event.type, "object": event.object_id, "created": event.at.isoformat()},
        subject=f"{event.type} of {event.at:%d %b %Y, %H:%M} UTC",
    )


def _lies_in(seen: list[Span], issue: Issue) -> bool:
    """Whether this look could see the thing of an issue, or it has come meanwhile."""
    if issue.entity_type == "check":
        return sum((until - since for since, until in seen), timedelta(0)) >= LISTED_FOR
    if WebhookEvent.objects.filter(stripe_event_id=issue.entity_pk).exists():
        return True
    created = issue.details.get("found", {}).get("created", "")
    return bool(created) and any(since <= datetime.fromisoformat(created) < until for since, until in seen)
