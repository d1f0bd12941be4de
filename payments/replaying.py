"""Taking up an event again that was given up, or that should be looked at once more."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from payments.inbox import work_off_inbox
from payments.models import Refund, WebhookEvent
from payments.refunds import submit_refund


def replay_event(event_id: int, *, reason: str, actor: User) -> WebhookEvent:
    """Put an event back into the inbox with all its attempts; audited. Safe: its object is fetched again.

    Raises DomainError without a reason, NotAllowedInState for an event of the other mode, one that waits already, or
    one whose content has been emptied. Refusals are audited as well.
    """
    with recording_refusal("webhook.replayed", subject=WebhookEvent(pk=event_id), actor=actor), transaction.atomic():
        if not reason.strip():
            raise DomainError("Say why the event is taken up again.")
        event = WebhookEvent.objects.lock().get(pk=event_id)
        _refuse(event)
        before = event.state
        event.state, event.attempts, event.last_error = WebhookEvent.State.RECEIVED, 0, ""
        event.next_attempt_at, event.lease_until, event.processed_at = timezone.now(), None, None
        event.save()
        record(
            "webhook.replayed",
            subject=event,
            actor=actor,
            changes={"state": [before, event.state]},
            reason=reason.strip(),
        )
        work_off_inbox.enqueue()
    return event


def _refuse(event: WebhookEvent) -> None:
    if event.state == WebhookEvent.State.QUARANTINED:
        raise NotAllowedInState("This event is of the other mode (test or live); it is never taken up here.")
    if event.state == WebhookEvent.State.RECEIVED:
        raise NotAllowedInState("This event waits to be taken up already.")
    if not event.payload:
        raise NotAllowedInState("The content of this event has been emptied, so it cannot be taken up again.")


def send_again(refund_id: int, *, actor: User) -> Refund:
    """Ask Stripe once more for a refund whose sending was cut short, under the key it had; audited. Safe to repeat."""
    refund = Refund.objects.get(pk=refund_id)
    with recording_refusal("refund.retried", subject=refund, actor=actor):
        if refund.status != Refund.Status.SUBMITTING:
            raise NotAllowedInState("This refund has reached Stripe already.")
    record("refund.retried", subject=refund, actor=actor)
    return submit_refund(refund.pk)
