"""One timeline of an order for staff: what happened to it, its payments, its mails, its notes, and what was refused."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Q

from accounts.models import User
from audit.models import AuditRecord
from core.money import format_money
from core.statuses import status_word
from mail.models import OutgoingMail
from orders.models import Fulfilment, Order, OrderEvent, OrderNote, Return
from orders.return_mails import KINDS, mail_key
from orders.transitions import EXPIRED, Status

MOST = 200
SHOWN_ACTS = ("refund.requested", "refund.retried")  # done acts that no event of the order tells of
WORDS = {
    "placed": "Order placed",
    "paid": "Paid",
    "fulfilled": "Fulfilled: nothing is left to send",
    "held": "Put on hold",
    "released": "Released from hold",
    "refund_pending": "Refund is being processed",
    "refund_failed": "Refund failed",
    "refund_canceled": "Refund canceled",
    "refund_approved": "Refund approved",
    "refund_rejected": "Refund not approved",
    "payment_surplus": "Payment that the order did not need",
    "payment_sent_back": "Payment sent back",
    "inquiry_opened": "The bank asks about the payment",
    "inquiry_closed": "The bank’s inquiry is closed",
    "dispute_opened": "Payment disputed",
    "dispute_escalated": "The bank’s inquiry became a dispute",
    "dispute_evidence_sent": "Evidence sent to the bank",
    "dispute_won": "Dispute won",
    "dispute_lost": "Dispute lost",
    "dispute_prevented": "Dispute prevented",
    "dispute_reopened": "Dispute open again",
    "dispute_status_unknown": "Dispute in a state that is not known here",
    "refunded": "Refunded",
    "refund_reversed": "Refund came back from the bank",
    "return_requested": "Return asked for",
    "return_approved": "Return approved",
    "return_rejected": "Return rejected",
    "return_received": "Return received",
    "return_withdrawn": "Return withdrawn by the shopper",
}
TONES = {
    "paid": "ok",
    "fulfilled": "ok",
    "held": "warn",
    "refund_failed": "err",
    "return_requested": "warn",
    "refund_reversed": "err",
    "payment_surplus": "err",
    "inquiry_opened": "warn",
    "dispute_opened": "err",
    "dispute_escalated": "err",
    "dispute_won": "ok",
    "dispute_lost": "err",
    "dispute_status_unknown": "err",
}
CANCELED = {
    EXPIRED: "it was not paid in time",
    "shopper": "by the shopper",
    "refunded": "refunded in full",
    "staff": "by staff",
    "out of stock": "its goods were gone when it was paid",
}
ACTS = {
    "order.ship": "Sending",
    "order.cancel": "Canceling",
    "order.hold": "Holding",
    "order.release": "Releasing",
    "order.note": "A note",
    "order.pay": "A payment",
    "order.revive": "A late payment",
    "refund.requested": "A refund",
    "refund.retried": "Sending a refund again",
    "return.requested": "A return",
    "return.decided": "Deciding on a return",
    "return.received": "Recording what came back",
}


@dataclass(frozen=True)
class Entry:
    """One line of the timeline; `by` is whoever did it, in words."""

    at: datetime
    text: str
    by: str = ""
    tone: str = ""


def timeline(order: Order, payments: list[Any], parcels: list[Fulfilment]) -> list[Entry]:
    """Return what happened, newest first. `payments` come with their refunds and attempts. Four queries of its own."""
    refunds = [refund.pk for payment in payments for refund in payment.refunds.all()]
    events = list(order.events.all()[:MOST])
    returns = sorted({event.detail["return"] for event in events if "return" in event.detail})
    acts = list(_acts(order, refunds, returns))
    people = _people({event.actor_id for event in events} | {act.actor_id for act in acts})
    by_id = {parcel.pk: parcel for parcel in parcels}
    asked = {act.subject_id: act.at for act in acts if act.action == "refund.requested"}
    entries = [
        *(_of_act(act, order, people) for act in acts),
        *(_of_event(event, order, by_id, people, asked) for event in events),
        *(_of_note(note) for note in order.notes.select_related("author")),
        *(_of_mail(mail) for mail in _mails(order, refunds, returns)),
        *(_of_attempt(attempt) for payment in payments for attempt in payment.payment_attempts.all()),
    ]
    return sorted(filter(None, entries), key=attrgetter("at"))[: -MOST - 1 : -1]


def _people(ids: set[int | None]) -> dict[int, str]:
    found = User.objects.filter(pk__in=[pk for pk in ids if pk]).only("pk", "name", "email")
    return {user.pk: user.name or user.email for user in found}


def _who(actor_id: int | None, people: dict[int, str], otherwise: str = "") -> str:
    return people.get(actor_id, f"user {actor_id}") if actor_id else otherwise


def _of_event(
    event: OrderEvent, order: Order, parcels: dict[int, Fulfilment], people: dict[int, str], asked: dict[str, datetime]
) -> Entry:
    by = _who(event.actor_id, people, str(event.detail.get("by", "")))
    # Stripe dates a refund by the whole second, which may lie before the moment it was asked for.
    at = max(event.at, asked.get(str(event.detail.get("refund", "")), event.at))
    return Entry(at, _text(event, order, parcels), by, TONES.get(event.kind, ""))


def _text(event: OrderEvent, order: Order, parcels: dict[int, Fulfilment]) -> str:
    if event.kind == "shipped":
        return _sent(event, parcels)
    if event.kind == Status.CANCELED:
        reason = str(event.detail.get("reason", ""))
        return f"Canceled: {CANCELED.get(reason, reason)}" if reason else "Canceled"
    text = WORDS.get(event.kind, event.kind.replace("_", " ").capitalize())
    if "return" in event.detail:
        return f"{text}: {_returned(event)}"
    amount = event.detail.get("amount_minor")
    return f"{text}: {format_money(amount, order.currency)}" if isinstance(amount, int) else text


def _sent(event: OrderEvent, parcels: dict[int, Fulfilment]) -> str:
    units = event.detail.get("units", 0)
    parcel = parcels.get(event.detail.get("fulfilment", 0))
    label = " ".join(filter(None, [parcel.carrier, parcel.tracking])) if parcel else ""
    text = f"{units} {'unit' if units == 1 else 'units'} sent"
    if event.detail.get("override"):
        text = f"{text} in spite of the hold"
    return f"{text}, {label}" if label else text


def _returned(event: OrderEvent) -> str:
    units = event.detail.get("units")
    number = Return(pk=event.detail["return"]).number
    return f"{number}, {units} {'unit' if units == 1 else 'units'}" if units else number


def _mails(order: Order, refunds: list[int], returns: list[int]) -> list[OutgoingMail]:
    keys = [f"order-receipt:{order.pk}"]
    keys += [f"{kind}:{pk}" for pk in refunds for kind in ("order-refunded", "payment-sent-back")]
    keys += [mail_key(kind, pk) for pk in returns for kind in KINDS]
    return list(OutgoingMail.objects.filter(key__in=keys).without_bodies())


def _of_note(note: OrderNote) -> Entry:
    return Entry(note.at, f"Note: {note.text}", note.author.get_full_name() if note.author else "")


def _of_mail(mail: OutgoingMail) -> Entry:
    state = status_word("mail", mail.state)
    tone = "err" if state.tone == "err" else ""
    return Entry(mail.created_at, f"Mail “{mail.subject}”: {state.word.lower()}", tone=tone)


def _acts(order: Order, refunds: list[int], returns: list[int]) -> list[AuditRecord]:
    subject = Q(subject_type="orders.order", subject_id=str(order.pk))
    for subject_type, ids in (("payments.refund", refunds), ("orders.return", returns)):
        subject |= Q(subject_type=subject_type, subject_id__in=[str(pk) for pk in ids])
    worth_it = ~Q(outcome=AuditRecord.Outcome.DONE) | Q(action__in=SHOWN_ACTS)
    return list(AuditRecord.objects.filter(subject & worth_it)[:MOST])


def _of_act(act: AuditRecord, order: Order, people: dict[int, str]) -> Entry:
    what, amount = ACTS.get(act.action, act.action), act.changes.get("amount_minor")
    if isinstance(amount, int):
        what = f"{what} of {format_money(amount, order.currency)}"
    outcome = {"done": "was asked for", "refused": "was refused", "failed": "failed"}[act.outcome]
    return Entry(act.at, f"{what} {outcome}", _who(act.actor_id, people), "" if act.outcome == "done" else "warn")


def _of_attempt(attempt: Any) -> Entry | None:
    if attempt.outcome == "succeeded":
        return None
    word = status_word("attempt", attempt.outcome).word.lower()
    code = f" ({attempt.code.replace('_', ' ')})" if attempt.code else ""
    return Entry(attempt.at, f"Attempt to pay: {word}{code}", tone="warn")
