"""Events about sessions, intents, charges and refunds: each leads to a payment of this shop, which is then synced."""

import re
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from payments.handling import handlers_of, handles, once, this_round
from payments.models import Payment, Refund, WebhookEvent
from payments.sync import sync_payment

USABLE_KEY = re.compile(r"[1-9][0-9]{0,17}")
ID_FIELDS = {
    "checkout.session": "stripe_session_id",
    "payment_intent": "stripe_intent_id",
    "charge": "stripe_charge_id",
    "refund": "refund",
}


@handles(
    "checkout.session.*",
    "payment_intent.*",
    "charge.succeeded",
    "charge.failed",
    "charge.pending",
    "charge.updated",
    "charge.refunded",
    "charge.refund.*",
    "refund.*",
)
def sync_subject(event: WebhookEvent) -> bool:
    """Sync the payment that an event points at; False if it is none of ours."""
    payment = _payment(event)
    if payment is None:
        return False
    subject = event.subject
    if not payment.stripe_session_id and subject.get("object") == "checkout.session":
        # The answer that made the Checkout session was lost; its own event brings the id back.
        payment.stripe_session_id = subject["id"]
        Payment.objects.filter(pk=payment.pk, stripe_session_id=None).update(stripe_session_id=subject["id"])
    once(("payment", payment.pk, payment.stripe_session_id), lambda: sync_payment(payment.pk))
    return True


def _payment(event: WebhookEvent) -> Payment | None:
    """Return an event's payment. The first event of a round looks all of them up; who is not found is asked for again.

    What becomes known of a payment within the round, such as its charge, can only find more.
    """
    current = this_round(event)
    if not current.found:
        events = [other for other in current.events if sync_subject in handlers_of(other.type)]
        payments = payments_of([_subject_or_nothing(other) for other in events])
        current.found = {other.pk: payment for other, payment in zip(events, payments, strict=True)}
    return current.found.get(event.pk) or payment_of(event.subject)


def _subject_or_nothing(event: WebhookEvent) -> dict[str, Any]:
    """One event whose content cannot be read fails by itself, in its own turn."""
    try:
        return event.subject
    except (ValueError, LookupError, TypeError):
        return {}


def payment_of(subject: dict[str, Any]) -> Payment | None:
    """Return the payment that one of Stripe's objects belongs to: by its ids, else by the metadata we gave it."""
    return payments_of([subject])[0]


def payments_of(subjects: Sequence[dict[str, Any]]) -> list[Payment | None]:
    """Return the payment of each object, with its order; None for those that belong to none."""
    wanted: dict[str, set[str]] = {}
    for subject in subjects:
        for name, value in _names(subject):
            wanted.setdefault(name, set()).add(value)
    refunds = Refund.objects.filter(stripe_refund_id__in=wanted.pop("refund", ()))
    paid_by = dict(refunds.values_list("stripe_refund_id", "payment__pk"))
    wanted.setdefault("pk", set()).update(str(pk) for pk in paid_by.values())
    condition = reduce(or_, (Q(**{f"{name}__in": values}) for name, values in wanted.items()))
    found = Payment.objects.filter(condition, tender=Payment.Tender.STRIPE).select_related("order")
    known = {(name, str(getattr(payment, name))): payment for payment in found for name in wanted}
    known |= {
        ("refund", name): known["pk", str(pk)] for name, pk in paid_by.items() if name and ("pk", str(pk)) in known
    }
    return [_first(subject, known) for subject in subjects]


def _first(subject: dict[str, Any], known: dict[tuple[str, str], Payment]) -> Payment | None:
    for name, value in _names(subject):
        payment = known.get((name, value))
        if payment is not None and (name != "pk" or payment.order.public_id == subject["metadata"].get("order")):
            return payment
    return None


def _names(subject: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what an object tells of its payment, the surest first: fields of Payment with their values."""
    own = ID_FIELDS.get(_text(subject.get("object")), "")
    metadata = subject.get("metadata")
    number = _text(metadata.get("payment")) if isinstance(metadata, dict) else ""
    told = [
        (own, _text(subject.get("id"))),
        ("stripe_intent_id", _text(subject.get("payment_intent"))),
        ("stripe_charge_id", _text(subject.get("charge"))),
        ("pk", number if USABLE_KEY.fullmatch(number) else ""),
    ]
    return [(name, value) for name, value in told if name and value]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
