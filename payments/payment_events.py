"""Events about sessions, intents, charges and refunds: each leads to a payment of this shop, which is then synced."""

from typing import Any

from payments.handling import handles, once
from payments.models import Payment, WebhookEvent
from payments.sync import sync_payment

ID_FIELDS = {
    "checkout.session": "stripe_session_id",
    "payment_intent": "stripe_intent_id",
    "charge": "stripe_charge_id",
    "refund": "refunds__stripe_refund_id",
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
    subject = event.subject
    payment = payment_of(subject)
    if payment is None:
        return False
    session_id = payment.stripe_session_id
    if not session_id and subject.get("object") == "checkout.session":
        # The answer that made the Checkout session was lost; its own event brings the id back.
        session_id = subject["id"]
        Payment.objects.filter(pk=payment.pk, stripe_session_id=None).update(stripe_session_id=session_id)
    once(("payment", payment.pk, session_id), lambda: sync_payment(payment.pk))
    return True


def payment_of(subject: dict[str, Any]) -> Payment | None:
    """Return the payment that one of Stripe's objects belongs to: by its ids, else by the metadata we gave it."""
    own = ID_FIELDS.get(_text(subject.get("object")), "")
    ours = Payment.objects.filter(tender=Payment.Tender.STRIPE)
    for field, key in [(own, "id"), ("stripe_intent_id", "payment_intent"), ("stripe_charge_id", "charge")]:
        known_as = _text(subject.get(key))
        found = ours.filter(**{field: known_as}).first() if field and known_as else None
        if found is not None:
            return found
    return _by_metadata(subject)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _by_metadata(subject: dict[str, Any]) -> Payment | None:
    metadata = subject.get("metadata") or {}
    number, public_id = str(metadata.get("payment", "")), str(metadata.get("order", ""))
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return Payment.objects.filter(pk=int(number), order__public_id=public_id, tender=Payment.Tender.STRIPE).first()
