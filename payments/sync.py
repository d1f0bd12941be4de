"""One convergent function brings the shop to what Stripe says. Return page, webhook, poller and replay all call it."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from audit.recording import record
from core.days import business_day
from core.dirty import mark
from core.errors import DomainError, OutOfStock
from orders.lifecycle import cancel_unpaid, lock_order, mark_paid, revive_expired
from orders.models import Order, OrderEvent
from orders.transitions import By
from payments import client
from payments.adopting import adopt_strangers, has_strangers
from payments.event_list import succeeded_at
from payments.models import Payment, PaymentAttempt, WebhookEvent
from payments.refunds import adopt_states, commit_automatic_refund, submit_promised, submit_refund

log = structlog.get_logger("purelaka.payments")
IMMEDIATE_METHODS = frozenset({"card", "card_present", "link", "amazon_pay", "revolut_pay", "paypal", "klarna", ""})
GONE = "out of stock"
UNCONFIRMED = PaymentAttempt.Outcome.UNCONFIRMED
FACTS = (
    "stripe_intent_id",
    "stripe_charge_id",
    "synced_at",
    "status",
    "captured_minor",
    "card_brand",
    "card_last4",
    "succeeded_at",
    "disposition",
    "currency",
)


@dataclass(frozen=True)
class Refusal:
    """Why a succeeded payment does not pay for its order, and whether it is sent back by itself."""

    reason: str
    give_back: bool


def sync_payment(payment_id: int) -> Payment:
    """Fetch the truth about a payment and bring payment, attempts, refunds, order and ledger to it.

    Safe to repeat and to run at once in any number of places: order and repetition do not matter. Never call it inside
    a transaction. Raises GatewayError when Stripe cannot be asked.
    """
    payment = Payment.objects.get(pk=payment_id)
    if payment.tender != Payment.Tender.STRIPE or not payment.stripe_session_id:
        return payment
    session = client.fetch_session(payment.stripe_session_id)
    if has_strangers(payment_id, session.refunds) and submit_promised(payment_id):
        session = client.fetch_session(payment.stripe_session_id)  # what Stripe refused of ours is no longer promised
    payment, refund_id = _apply(payment, session, _sale_time(session))
    if refund_id is not None:
        submit_refund(refund_id)
    if session.refunds or refund_id is not None:
        return Payment.objects.get(pk=payment_id)  # refunds move it by updates of their own
    return payment


def _sale_time(session: client.Session) -> datetime | None:
    """Return the instant of sale: the charge's creation, or for delayed methods the moment the money was confirmed.

    Every path must give the same instant, so it comes from Stripe, never from the clock of whoever asks.
    """
    charge = session.succeeded_charge
    if charge is None:
        return None
    if charge.method in IMMEDIATE_METHODS:
        return charge.at
    stored = WebhookEvent.objects.filter(type=client.SUCCEEDED, object_id=session.intent_id).first()
    if stored is not None:
        return stored.created_at
    return succeeded_at(session.intent_id, since=charge.at) or charge.at


@transaction.atomic
def _apply(seen: Payment, session: client.Session, sold_at: datetime | None) -> tuple[Payment, int | None]:
    """Write down what Stripe says; return the payment and the refund that is to be asked for, if there is one."""
    order = lock_order(seen.order_id)
    payment = Payment.objects.lock().get(pk=seen.pk)
    _record_attempts(payment, session)
    _copy_facts(payment, session)
    refusal = None
    if sold_at is not None and payment.disposition == Payment.Disposition.NONE:
        refusal = _dispose(order, payment, session, sold_at)
    payment.save(update_fields=FACTS)  # never refund_committed_minor: refunds move it by conditional update
    strangers = adopt_states(payment, session.refunds)
    if strangers:
        adopt_strangers(payment.pk, strangers)
    if refusal is None or not refusal.give_back:
        return payment, None
    return payment, commit_automatic_refund(Payment.objects.get(pk=payment.pk), reason=refusal.reason)


def _dispose(order: Order, payment: Payment, session: client.Session, sold_at: datetime) -> Refusal | None:
    """Let a payment that took money pay for its order, or keep it apart as surplus; return why not, if not."""
    refusal = _reason_not_to_apply(order, payment, session) or _pay(order, payment, sold_at)
    payment.succeeded_at = sold_at
    payment.disposition = Payment.Disposition.SURPLUS if refusal else Payment.Disposition.APPLIED
    payment.currency = session.currency  # what was taken is given back as it was taken
    if refusal is not None:
        mark("payment", [(payment.pk, business_day(sold_at))])  # a charge of that day, which no sale marks
        _note_surplus(order, payment, refusal)
    if refusal is not None and refusal.reason == GONE and order.status == Order.Status.PENDING:
        cancel_unpaid(order.pk, reason=GONE, by=By.PAYMENT)  # nobody pays again for what is not there
    return refusal


def _copy_facts(payment: Payment, session: client.Session) -> None:
    payment.stripe_intent_id = session.intent_id or payment.stripe_intent_id
    payment.synced_at = timezone.now()
    charge = session.succeeded_charge
    if charge is not None:
        payment.status = Payment.Status.SUCCEEDED
        payment.stripe_charge_id = charge.id
        payment.captured_minor = charge.captured_minor
        payment.card_brand, payment.card_last4 = charge.card_brand, charge.card_last4
    elif payment.status != Payment.Status.SUCCEEDED:
        payment.status = _unpaid_status(session)


def _unpaid_status(session: client.Session) -> str:
    if session.status == "expired":
        return Payment.Status.EXPIRED
    if session.status == "open":
        return Payment.Status.OPEN
    delayed = session.intent_status in {"processing", "requires_action", ""}
    return Payment.Status.PROCESSING if delayed else Payment.Status.FAILED


def _record_attempts(payment: Payment, session: client.Session) -> None:
    """Keep each try once: a charge is unique by its id, an unanswered 3-D Secure prompt by its intent."""
    rows = list(payment.payment_attempts.values_list("stripe_charge_id", "outcome", "at", "stripe_intent_id"))
    known = {(charge_id, outcome) for charge_id, outcome, _, _ in rows}
    charges = {charge_id for charge_id, _ in known}
    fresh = [
        _attempt(payment, session.intent_id, at=charge.at, charge=charge)
        for charge in session.charges
        if charge.id not in charges and (charge.succeeded or charge.failed)
    ]
    prompted = (None, PaymentAttempt.Outcome.REQUIRES_ACTION)
    if session.intent_status == "requires_action" and prompted not in known:
        fresh.append(_attempt(payment, session.intent_id, at=timezone.now()))
    PaymentAttempt.objects.bulk_create(fresh)
    # An intent counts on the day of its first confirmation, as what it has come to by now.
    confirmed = [at for _, outcome, at, intent in rows if outcome != UNCONFIRMED and intent == session.intent_id]
    firsts = {min(confirmed, default=None), min((*confirmed, *(attempt.at for attempt in fresh)), default=None)}
    days = {business_day(at) for at in firsts if at is not None}
    mark("payment_attempt", ((one.pk, day) for one in fresh for day in sorted({business_day(one.at), *days})))


def _attempt(payment: Payment, intent_id: str, *, at: datetime, charge: client.Charge | None = None) -> PaymentAttempt:
    outcome = PaymentAttempt.Outcome.REQUIRES_ACTION
    if charge is not None:
        outcome = PaymentAttempt.Outcome.SUCCEEDED if charge.succeeded else PaymentAttempt.Outcome.FAILED
    return PaymentAttempt(
        payment=payment,
        stripe_intent_id=intent_id,
        stripe_charge_id=charge.id if charge else None,
        at=at,
        outcome=outcome,
        code=charge.failure_code if charge else "",
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )


def _reason_not_to_apply(order: Order, payment: Payment, session: client.Session) -> Refusal | None:
    if order.status in {Order.Status.PAID, Order.Status.FULFILLED}:
        return Refusal("duplicate", give_back=True)
    if payment.captured_minor != order.total_minor or session.currency != order.currency:
        return Refusal("amount differs", give_back=False)
    if session.livemode != client.is_live():
        return Refusal("other mode", give_back=False)
    return None


def _pay(order: Order, payment: Payment, sold_at: datetime) -> Refusal | None:
    """Make the order a sale, taking an expired one up again; whole or not at all.

    An order that nothing was held for, as its stock was not tracked when it was placed, can find the shelf empty.
    """
    is_late = order.status == Order.Status.CANCELED
    try:
        with transaction.atomic():
            sold = revive_expired(order.pk) if is_late else order
            mark_paid(order.pk, at=sold_at, amount_minor=payment.captured_minor, currency=payment.currency, locked=sold)
    except DomainError as problem:
        order.refresh_from_db()  # what was set on it has been rolled back
        if not is_late and not isinstance(problem, OutOfStock):
            raise
        return Refusal("order canceled" if is_late else GONE, give_back=True)
    return None


def _note_surplus(order: Order, payment: Payment, refusal: Refusal) -> None:
    OrderEvent.objects.create(
        order=order,
        at=timezone.now(),
        kind="payment_surplus",
        detail={"payment": payment.pk, "reason": refusal.reason, "amount_minor": payment.captured_minor},
    )
    record(
        "payment.surplus",
        subject=payment,
        reason=refusal.reason,
        changes={"captured_minor": payment.captured_minor, "currency": payment.currency},
    )
    log.error("payment_surplus", payment=payment.pk, order=order.pk, reason=refusal.reason)
