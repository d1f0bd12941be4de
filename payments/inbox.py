"""The webhook inbox: an event is verified, stored once and answered; its object is then fetched and synced."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.utils import timezone

from core.leases import backoff, claim, held
from payments import client
from payments.errors import BadSignature
from payments.handling import handlers_of, work_off
from payments.models import WebhookEvent

log = structlog.get_logger("purelaka.inbox")
TOLERANCE = timedelta(seconds=300)
MOST_BYTES = 1_048_576
LATEST_STAMP = 253_402_300_799  # the last second of the year 9999
LEASE_SECONDS = 120
MOST_ATTEMPTS = 12
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
    verify_signature(body, header, now=timezone.now())
    event = _parse(body)
    row = _row(event, body)
    with transaction.atomic():
        WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
        stored = WebhookEvent.objects.get(stripe_event_id=row.stripe_event_id)
        is_new = stored.received_at == row.received_at
        if is_new and stored.state == WebhookEvent.State.RECEIVED:
            work_off_inbox.enqueue()
    return is_new


def _parse(body: bytes) -> dict[str, Any]:
    event = json.loads(body)
    if not isinstance(event, dict) or event.get("object") != "event" or not _is_complete(event):
        raise ValueError("not an event")
    return event


def _is_complete(event: dict[str, Any]) -> bool:
    texts = (event.get("id"), event.get("type"))
    content = event.get("data")
    return (
        all(isinstance(text, str) and text and "\x00" not in text for text in texts)
        and type(event.get("created")) is int
        and 0 <= event["created"] <= LATEST_STAMP
        and isinstance(event.get("livemode"), bool)
        and isinstance(content, dict)
        and isinstance(content.get("object"), dict)
    )


def _row(event: dict[str, Any], body: bytes) -> WebhookEvent:
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
        payload=body.decode(),
        state=state,
    )


@task
def work_off_inbox() -> None:
    """Wake-up call: the truth is the table of events, so one call drains whatever waits."""
    drain()


def drain(*, limit: int = 100) -> int:
    """Process waiting events under a lease and return how many were claimed; a failure is kept and tried again."""
    claimed = claim(WebhookEvent.objects.due().order_by("next_attempt_at", "pk"), limit=limit, seconds=LEASE_SECONDS)
    for event in claimed:
        _process(event)
    return len(claimed)


def _process(event: WebhookEvent) -> None:
    try:
        concerned = work_off(event)
    except Exception as error:  # the edge of a loop: one bad event must not stop the others
        log.exception("event_failed", event_id=event.stripe_event_id, type=event.type, attempt=event.attempts)
        _postpone(event, error)
        return
    held(event).update(
        state=WebhookEvent.State.PROCESSED,
        processed_at=timezone.now(),
        lease_until=None,
        last_error="" if concerned else NOT_OURS,
    )


def _postpone(event: WebhookEvent, error: Exception) -> None:
    is_dead = event.attempts >= MOST_ATTEMPTS
    held(event).update(
        state=WebhookEvent.State.DEAD if is_dead else WebhookEvent.State.RECEIVED,
        next_attempt_at=timezone.now() + backoff(event.attempts),
        lease_until=None,
        last_error=f"{type(error).__name__}: {error}"[:500],
    )
