"""Taking up events again that were given up, or that should be looked at once more."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from payments.inbox import wake
from payments.models import Refund, WebhookEvent
from payments.refunds import submit_refund

State = WebhookEvent.State
MOST_AT_ONCE = 500
REPLAYABLE = Q(state__in=[State.DEAD, State.PROCESSED, State.IGNORED]) & ~Q(payload="", object_id="")


def replay_event(event_id: int, *, reason: str, actor: User | None) -> WebhookEvent:
    """Put an event back into the inbox with all its attempts; audited. Safe: its object is fetched again.

    Raises DomainError without a reason, NotAllowedInState for an event of the other mode, one that waits already, or
    one that has lost its content and names no object. Refusals are audited as well.
    """
    with recording_refusal("webhook.replayed", subject=WebhookEvent(pk=event_id), actor=actor):
        with transaction.atomic():
            _refuse_without(reason)
            event = WebhookEvent.objects.lock().get(pk=event_id)
            _refuse(event)
            _put_back([event], reason=reason, actor=actor)
        wake()
    event.refresh_from_db()
    return event


def replay_events(event_ids: Sequence[int], *, reason: str, actor: User) -> int:
    """Put many events back into the inbox at once, each with an audit record; return how many.

    Those that cannot be taken up are left as they are. Raises DomainError without a reason, for more than 500, and if
    none of them can be taken up.
    """
    with recording_refusal("webhook.replayed", actor=actor):
        if len(event_ids) > MOST_AT_ONCE:
            raise DomainError(f"At most {MOST_AT_ONCE} events are taken up at once.")
        with transaction.atomic():
            _refuse_without(reason)
            events = list(WebhookEvent.objects.lock().filter(REPLAYABLE, pk__in=event_ids).defer("payload"))
            if not events:
                raise NotAllowedInState("None of these events can be taken up again.")
            _put_back(events, reason=reason, actor=actor)
        wake()
    return len(events)


def _put_back(events: Sequence[WebhookEvent], *, reason: str, actor: User | None) -> None:
    WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).update(
        state=State.RECEIVED,
        attempts=0,
        last_error="",
        next_attempt_at=timezone.now(),
        lease_until=None,
        processed_at=None,
    )
    for event in events:
        changes = {"state": [event.state, State.RECEIVED]}
        record("webhook.replayed", subject=event, actor=actor, changes=changes, reason=reason.strip())


def _refuse_without(reason: str) -> None:
    if not reason.strip():
        raise DomainError("Say why the event is taken up again.")


def _refuse(event: WebhookEvent) -> None:
    if event.state == State.QUARANTINED:
        raise NotAllowedInState("This event is of the other mode (test or live); it is never taken up here.")
    if event.state == State.RECEIVED:
        raise NotAllowedInState("This event waits to be taken up already.")
    if not event.payload and not event.object_id:
        raise NotAllowedInState(
            "The content of this event has been emptied, and it names no object to ask Stripe about."
        )


def send_again(refund_id: int, *, actor: User) -> Refund:
    """Ask Stripe once more for a refund whose sending was cut short, under the key it had; audited. Safe to repeat."""
    refund = Refund.objects.get(pk=refund_id)
    with recording_refusal("refund.retried", subject=refund, actor=actor):
        if refund.status != Refund.Status.SUBMITTING:
            raise NotAllowedInState("This refund has reached Stripe already.")
    record("refund.retried", subject=refund, actor=actor)
    return submit_refund(refund.pk)
