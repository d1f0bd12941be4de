"""The webhook inbox: an event is verified, stored once and answered; its object is then fetched and synced."""

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.tasks import TaskResultStatus, task
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from core.leases import backoff, claim, held, held_together, renew
from payments import client
from payments.errors import BadSignature
from payments.handling import handlers_of, one_round, work_off
from payments.models import WebhookEvent, WebhookFailure

log = structlog.get_logger("purelaka.inbox")
TOLERANCE = timedelta(seconds=300)
MOST_BYTES = 1_048_576
LATEST_STAMP = 253_402_300_799  # the last second of the year 9999
CLAIMED_AT_ONCE = 100
MARKED_AT_ONCE = 20
LEASE_SECONDS = 120
LONGEST_EVENT = timedelta(seconds=100)  # several calls to Stripe, each up to its time-out
LONGEST_TURN = 60.0  # seconds after which a worker looks at its other tasks and at the clock
MOST_ATTEMPTS = 12
CALL_WAITS = f'SELECT 1 FROM "{DBTaskResult._meta.db_table}" WHERE status = %s AND task_path = %s LIMIT 1'  # noqa: S608
NOT_OURS = "about nothing of this shop"


def verify_signature(body: bytes, header: str, *, now: datetime) -> None:
    """Accept a body signed with one of our secrets within five minutes of now, else raise BadSignature.

    The SDK's own check lets stamps from the future through.
    """
    parts = [part.partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name.strip() == "t"]
    given = [value for name, _, value in parts if name.strip() == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 12) or not given:
        raise BadSignature("unreadable signature header")
    signed = stamps[0].encode() + b"." + body
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        if any(hmac.compare_digest(expected.encode(), signature.encode()) for signature in given):
            break
    else:
        raise BadSignature("no signature of ours")
    if abs(now.timestamp() - int(stamps[0])) > TOLERANCE.total_seconds():
        raise BadSignature("stamp too far from now")


def receive(body: bytes, header: str) -> bool:
    """Store a signed event; True if it is new. Raises BadSignature, or ValueError for a body that is no event."""
    now = timezone.now()
    verify_signature(body, header, now=now)
    event = event_row(_parse(body), body.decode())
    event.received_at = event.delivered_at = now
    is_new = _insert(event)
    if is_new and event.state == WebhookEvent.State.RECEIVED:
        wake()
    elif not is_new:  # it was sent before, or was found in Stripe's list
        WebhookEvent.objects.filter(stripe_event_id=event.stripe_event_id, delivered_at=None).update(delivered_at=now)
    return is_new


def store_listed(contents: Sequence[dict[str, Any]]) -> int:
    """Store those events of Stripe's list that are not here yet; return how many. Wake a worker afterwards."""
    events = {content["id"]: content for content in contents if _is_complete(content)}
    known = WebhookEvent.objects.filter(stripe_event_id__in=events).values_list("stripe_event_id", flat=True)
    for event_id in known:
        del events[event_id]
    rows = [event_row(content, json.dumps(content)) for content in events.values()]
    WebhookEvent.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _insert(event: WebhookEvent) -> bool:
    """Insert unless it is there, in one statement: this is what every delivery waits for."""
    table = WebhookEvent._meta
    columns = [field for field in table.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in columns)
    places = ", ".join(["%s"] * len(columns))
    values = [field.get_db_prep_save(getattr(event, field.attname), connection) for field in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table.db_table}" ({names}) VALUES ({places}) '  # noqa: S608  names from the model
            "ON CONFLICT (stripe_event_id) DO NOTHING",
            values,
        )
        return cursor.rowcount == 1


def wake() -> None:
    """See to it that a worker looks at the inbox, once what was stored is committed. One call waiting is enough.

    It stands outside the transaction that stored the event, for else a call that waits could be taken before the event
    is to be seen. If the process ends in between, the job of the next minute finds the event.
    """
    with connection.cursor() as cursor:  # by hand: making this query anew for each delivery took longer than all else
        cursor.execute(CALL_WAITS, [TaskResultStatus.READY.value, work_off_inbox.module_path])
        if cursor.fetchone() is None:
            work_off_inbox.enqueue()


def _parse(body: bytes) -> dict[str, Any]:
    event = json.loads(body)
    if not isinstance(event, dict) or event.get("object") != "event" or not _is_complete(event):
        raise ValueError("not an event")
    return event


def _is_complete(event: dict[str, Any]) -> bool:
    texts = (event.get("id"), event.get("type"))
    content = event.get("data")
    return (
        all(isinstance(text, str) and text for text in texts)
        and type(event.get("created")) is int
        and 0 <= event["created"] <= LATEST_STAMP
        and isinstance(event.get("livemode"), bool)
        and isinstance(content, dict)
        and isinstance(content.get("object"), dict)
        and not any("\x00" in str(text) for text in (*texts, event.get("api_version"), content["object"].get("id")))
    )


def event_row(event: dict[str, Any], body: str) -> WebhookEvent:
    """Return an event as it is to be stored: waiting, or put aside if it is of the other mode or nobody's to handle."""
    state = WebhookEvent.State.RECEIVED
    if event["livemode"] != client.is_live():
        state = WebhookEvent.State.QUARANTINED
    elif not handlers_of(event["type"]):
        state = WebhookEvent.State.IGNORED
    return WebhookEvent(
        stripe_event_id=event["id"][:255],
        type=event["type"][:80],
        object_id=str(event["data"]["object"].get("id", ""))[:255],
        livemode=event["livemode"],
        api_version=str(event.get("api_version") or "")[:40],
        created_at=datetime.fromtimestamp(event["created"], tz=UTC),
        payload=body,
        state=state,
    )


@task
def work_off_inbox() -> None:
    """Wake-up call: the truth is the table of events, so one call drains whatever waits."""
    drain_all()


def drain_all(*, seconds: float = LONGEST_TURN) -> None:
    """Work off what waits, for so long at most; what is left then is for the next call."""
    end = time.monotonic() + seconds
    while drain() == CLAIMED_AT_ONCE:
        if time.monotonic() > end:
            wake()
            return


def drain(*, limit: int = CLAIMED_AT_ONCE) -> int:
    """Process waiting events under a lease and return how many were claimed; a failure is kept and tried again."""
    due = WebhookEvent.objects.due().order_by("next_attempt_at", "pk")
    claimed = claim(due, limit=limit, seconds=LEASE_SECONDS)
    if len(claimed) == limit:
        wake()  # there may be more than one worker's worth
    _work_off(claimed)
    return len(claimed)


def take_up(event_id: int) -> WebhookEvent:
    """Process one waiting event now, before its time; return it as it is then. Leaves alone what a worker holds."""
    now = timezone.now()
    waiting = WebhookEvent.objects.filter(pk=event_id, state=WebhookEvent.State.RECEIVED)
    waiting.filter(next_attempt_at__gt=now).update(next_attempt_at=now)
    _work_off(claim(WebhookEvent.objects.due().filter(pk=event_id), limit=1, seconds=LEASE_SECONDS))
    return WebhookEvent.objects.get(pk=event_id)


def _work_off(claimed: list[WebhookEvent]) -> None:
    """Process claimed events, holding on to the rest while some of them take long."""
    done = _Done()
    with one_round(claimed):
        while claimed:
            if claimed[0].lease_until - timezone.now() < LONGEST_EVENT:  # type: ignore[operator]
                done.write()
                claimed = renew(claimed, seconds=LEASE_SECONDS)
            for event in claimed[:1]:
                _process(event, done)
            claimed = claimed[1:]
    done.write()


class _Done:
    """Events that were worked off and are still to be marked so: many at once cost little more than one.

    If the worker dies before that, the next one works them off once more, which changes nothing.
    """

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], list[WebhookEvent]] = {}

    def add(self, event: WebhookEvent, *, concerned: bool) -> None:
        """Note an event and what it came to."""
        is_ours = bool(handlers_of(event.type))
        state = WebhookEvent.State.PROCESSED if is_ours else WebhookEvent.State.IGNORED
        note = NOT_OURS if is_ours and not concerned else ""
        self.events.setdefault((state, note), []).append(event)
        if len(self.events[state, note]) >= MARKED_AT_ONCE:
            self.write()

    def write(self) -> None:
        """Mark them, but for those that another worker has taken meanwhile."""
        for (state, note), events in self.events.items():
            held_together(events).update(state=state, processed_at=timezone.now(), lease_until=None, last_error=note)
        self.events.clear()


def _process(event: WebhookEvent, done: _Done) -> None:
    try:
        concerned = work_off(event)
    except Exception as error:  # the edge of a loop: one bad event must not stop the others
        log.exception("event_failed", stripe_event=event.stripe_event_id, type=event.type, attempt=event.attempts)
        _postpone(event, error)
        return
    done.add(event, concerned=concerned)


def _postpone(event: WebhookEvent, error: Exception) -> None:
    now, is_dead = timezone.now(), event.attempts >= MOST_ATTEMPTS
    said = f"{type(error).__name__}: {error}"[:500]
    with transaction.atomic():
        changed = held(event).update(
            state=WebhookEvent.State.DEAD if is_dead else WebhookEvent.State.RECEIVED,
            next_attempt_at=now + backoff(event.attempts),
            lease_until=None,
            last_error=said,
        )
        if changed:
            WebhookFailure.objects.create(event_id=event.pk, attempt=event.attempts, at=now, error=said)
    if changed and is_dead:
        log.error("event_given_up", stripe_event=event.stripe_event_id, type=event.type)
