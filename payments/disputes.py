"""Disputes: one convergent function brings the shop to what Stripe says of one. Nothing enters the sales ledger.

What moved on the balance is booked by Stripe's own balance transactions, which are imported apart.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core.days import business_day
from core.dirty import mark
from core.models import StoreSetting
from mail.services import queue_mail
from orders.holding import follow_disputes
from orders.lifecycle import lock_order
from orders.models import Order, OrderEvent
from payments import dispute_client
from payments.approval_holds import hold_for_refunds
from payments.dispute_client import CLOSED, DisputeState
from payments.errors import GatewayUnclear
from payments.handling import handles, once
from payments.models import Dispute, Payment, WebhookEvent
from payments.payment_events import payment_of
from payments.sync import sync_payment

log = structlog.get_logger("purelaka.payments")
Outcome = Dispute.Outcome
PREVENTED = "prevented"  # settled before it became a dispute: it binds nobody and counts in no rate
OUTCOMES = {
    "won": Outcome.WON,
    "lost": Outcome.LOST,
    "warning_closed": Outcome.INQUIRY_CLOSED,
    PREVENTED: Outcome.INQUIRY_CLOSED,
}
OPEN = ("warning_needs_response", "warning_under_review", "needs_response", "under_review")
NEEDS_ANSWER = ("warning_needs_response", "needs_response")
KNOWN = (*OPEN, *OUTCOMES)
MOST_READS = 5
DUE_SOON = timedelta(hours=72)


@dataclass(frozen=True)
class Seen:
    """What Stripe said, whose payment it is about, and which version of our row stood when Stripe was asked."""

    state: DisputeState
    payment_id: int | None
    closed_at: datetime | None
    version: datetime | None

    @property
    def outcome(self) -> Outcome:
        """How it ended; `NONE` while it is open, and for a status that nobody here knows."""
        return OUTCOMES.get(self.state.status, Outcome.NONE)

    @property
    def is_inquiry(self) -> bool:
        """Whether no money is taken: the bank only asks, or the dispute was prevented."""
        status = self.state.status
        if status in KNOWN:
            return status.startswith("warning_") or status == PREVENTED
        return status.startswith("warning_") or self.state.case == "inquiry"

    def values(self) -> dict[str, Any]:
        """The columns that say what Stripe said."""
        state = self.state
        return {
            "payment_id": self.payment_id,
            "stripe_charge_id": state.charge_id,
            "amount_minor": state.amount_minor,
            "currency": state.currency,
            "reason": state.reason[:60],
            "status": state.status[:60],
            "is_inquiry": self.is_inquiry,
            "outcome": self.outcome.value,
            "opened_at": state.opened_at,
            "opened_day": business_day(state.opened_at),
            "evidence_due_at": state.evidence_due_at,
            "has_evidence": state.has_evidence,
            "submission_count": state.submission_count,
            "is_past_due": state.is_past_due,
            "livemode": state.livemode,
        }


def sync_dispute(stripe_dispute_id: str) -> Dispute:
    """Fetch the truth about a dispute and bring its row, its order's hold, timeline and mail to it.

    Safe to repeat and to run at once in any number of places. An answer that may be older than what is stored by now is
    thrown away and asked for again. Never inside a transaction. Raises GatewayError when Stripe cannot be asked.
    """
    for _ in range(MOST_READS):
        seen = _look(stripe_dispute_id)
        dispute = _apply(seen)
        if dispute is not None:
            return dispute
    raise GatewayUnclear(f"{stripe_dispute_id} changed each time it was read")


def _look(stripe_dispute_id: str) -> Seen:
    known = Dispute.objects.filter(stripe_dispute_id=stripe_dispute_id).first()
    state = dispute_client.fetch_dispute(stripe_dispute_id)
    return Seen(
        state=state,
        payment_id=known.payment_id if known and known.payment_id else _payment_of(state),
        closed_at=_closing_time(state, known) if state.status in OUTCOMES else None,
        version=known.synced_at if known else None,
    )


def _payment_of(state: DisputeState) -> int | None:
    """Return the payment that is disputed, itself brought up to date if it had not been heard of yet."""
    subject = {"charge": state.charge_id, "payment_intent": state.intent_id, "metadata": state.metadata}
    payment = payment_of(subject)
    if payment is None:
        return None
    if payment.status != Payment.Status.SUCCEEDED:
        sync_payment(payment.pk)
    return payment.pk


def _closing_time(state: DisputeState, known: Dispute | None) -> datetime:
    """Return when a dispute ended. Stripe's object does not say, its event does, however we came to hear of it."""
    if known is not None and known.closed_at is not None and known.status == state.status:
        return known.closed_at
    told = WebhookEvent.objects.filter(type=CLOSED, object_id=state.id).order_by("-created_at").first()
    return told.created_at if told else dispute_client.closed_at(state.id) or timezone.now()


@transaction.atomic
def _apply(seen: Seen) -> Dispute | None:
    """Bring the row to what was seen; None if it has changed since, and differs."""
    order = _locked_order(seen.payment_id)
    values = seen.values()
    now = timezone.now()
    _, is_new = Dispute.objects.get_or_create(
        stripe_dispute_id=seen.state.id, defaults={**values, "closed_at": seen.closed_at, "synced_at": now}
    )
    dispute = Dispute.objects.lock().get(stripe_dispute_id=seen.state.id)
    before = {} if is_new else {name: getattr(dispute, name) for name in values}
    if before == values:
        Dispute.objects.filter(pk=dispute.pk).update(synced_at=now)
    elif not is_new:
        if dispute.synced_at != seen.version:
            return None
        for name, value in values.items():
            setattr(dispute, name, value)
        dispute.closed_at, dispute.synced_at = seen.closed_at, now
        dispute.save()
    if before != values:
        _follow(order, dispute, before)
    if order is not None and follow_disputes(order):
        hold_for_refunds(order)
    return dispute


def _locked_order(payment_id: int | None) -> Order | None:
    if payment_id is None:
        return None
    order = lock_order(Payment.objects.values_list("order_id", flat=True).get(pk=payment_id))
    Payment.objects.lock().get(pk=payment_id)
    return order


def _follow(order: Order | None, dispute: Dispute, before: dict[str, Any]) -> None:
    """Do what a change asks for: mark the day that counts it, tell the order's timeline and the staff."""
    counted = ("payment_id", "is_inquiry", "opened_day")
    if any(before.get(name) != getattr(dispute, name) for name in counted):
        mark("dispute", [(dispute.pk, dispute.opened_day)])
    if order is not None:
        known = before if before.get("payment_id") else {}  # the order hears of all of it once its payment is found
        OrderEvent.objects.bulk_create(_line(order, dispute, kind, at) for kind, at in _changes(dispute, known))
    if dispute.closed_at is None and (not before or (before["is_inquiry"] and not dispute.is_inquiry)):
        tell_staff(dispute, order, kind="dispute_opened")
    log.warning("dispute_changed", dispute=dispute.pk, status=dispute.status, order=order.pk if order else None)


def _changes(dispute: Dispute, before: dict[str, Any]) -> list[tuple[str, datetime]]:
    """Return the lines that a change writes into the timeline: what happened, and when."""
    now = timezone.now()
    found: list[tuple[str, datetime]] = []
    if not before:
        found.append(("inquiry_opened" if dispute.is_inquiry else "dispute_opened", dispute.opened_at))
    elif before["is_inquiry"] and not dispute.is_inquiry:
        found.append(("dispute_escalated", now))
    if dispute.submission_count > before.get("submission_count", 0):
        found.append(("dispute_evidence_sent", now))
    if dispute.closed_at is not None and before.get("status") != dispute.status:
        kinds = {Outcome.WON.value: "dispute_won", Outcome.LOST.value: "dispute_lost"}
        ended = "dispute_prevented" if dispute.status == PREVENTED else "inquiry_closed"
        found.append((kinds.get(dispute.outcome, ended), dispute.closed_at))
    elif before.get("outcome") and dispute.closed_at is None:
        found.append(("dispute_reopened", now))
    if dispute.status not in KNOWN and before.get("status") != dispute.status:
        found.append(("dispute_status_unknown", now))
    return found


def _line(order: Order, dispute: Dispute, kind: str, at: datetime) -> OrderEvent:
    detail: dict[str, Any] = {"by": "bank", "dispute": dispute.pk, "status": dispute.status}
    if dispute.currency == order.currency:
        detail["amount_minor"] = dispute.amount_minor
    # Stripe dates by the whole second, which may lie before the order that it is about.
    seen_at = max(moment for moment in (at, order.placed_at, order.paid_at) if moment)
    return OrderEvent(order=order, at=seen_at, kind=kind, detail=detail)


def tell_staff(dispute: Dispute, order: Order | None, *, kind: str) -> None:
    """Write to the shop's support address about a dispute, once for each stage and deadline; nothing without one."""
    recipient = StoreSetting.current().support_email
    if not recipient:
        return
    stage = "inquiry" if dispute.is_inquiry else "dispute"
    due = f"{dispute.evidence_due_at:%Y%m%d%H%M}" if dispute.evidence_due_at else "none"
    url = settings.STORE_BASE_URL + reverse("payments:console_dispute", args=[dispute.pk])
    queue_mail(
        key=f"{kind.replace('_', '-')}:{dispute.pk}:{stage}" + (f":{due}" if kind == "dispute_due" else ""),
        kind=kind,
        recipient=recipient,
        context={"dispute": dispute, "order": order, "dispute_url": url},
    )


@handles("charge.dispute.*")
def follow_dispute(event: WebhookEvent) -> bool:
    """Sync the dispute that an event points at; one of a charge that nobody here knows is kept as well."""
    once(("dispute", event.object_id), lambda: sync_dispute(event.object_id))
    return True
