"""Money back. What is promised is committed before Stripe is asked, so that it can never be promised twice."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.errors import NotAllowedInState
from mail.services import queue_mail
from orders.ledger import RefundedLine
from orders.lifecycle import lock_order
from orders.links import guest_url
from orders.models import Order, OrderEvent
from orders.refunding import ReturnedUnits, book_refund, give_units_back
from payments import client
from payments.calls import call_once
from payments.errors import GatewayError, GatewayRefused
from payments.models import Payment, Refund

log = structlog.get_logger("purelaka.payments")
GIVEN_UP = frozenset({Refund.Status.FAILED, Refund.Status.CANCELED, Refund.Status.REJECTED})


def commit_automatic_refund(payment: Payment, *, reason: str) -> int | None:
    """Promise back everything a surplus payment took; the caller holds its lock. Returns the refund to submit.

    None if it is promised already.
    """
    amount = payment.refundable_minor
    if amount <= 0:
        return None
    taken = Payment.objects.filter(pk=payment.pk, refund_committed_minor__lte=F("captured_minor") - amount).update(
        refund_committed_minor=F("refund_committed_minor") + amount
    )
    if not taken:
        raise NotAllowedInState("More would be given back than was taken.")
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=amount,
        currency=payment.currency,
        status=Refund.Status.SUBMITTING,
        source=Refund.Source.AUTOMATIC,
        reason=reason,
    )
    return refund.pk


def submit_refund(refund_id: int) -> Refund:
    """Ask Stripe for a committed refund, under its own key. Safe to repeat; never inside a transaction.

    A definite refusal releases the promise, once Stripe says that no earlier try has made the refund after all; an
    unclear answer leaves it for the next try.
    """
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.status != Refund.Status.SUBMITTING:
        return refund
    params = {
        "payment_intent": refund.payment.stripe_intent_id,
        "amount": refund.amount_minor,
        "metadata": {"refund": str(refund.pk)},
    }
    if refund.reason == "duplicate":
        params["reason"] = "duplicate"
    try:
        state = call_once("refund.create", key=f"refund-{refund.pk}", params=params, send=client.create_refund)
    except GatewayRefused as error:
        log.exception("refund_refused", refund=refund.pk, code=error.code)
        return _settle_refused(refund)
    except GatewayError as error:
        log.warning("refund_unclear", refund=refund.pk, code=error.code)
        return refund
    return _adopt(refund, [state])


def _settle_refused(refund: Refund) -> Refund:
    """Give a refund up that Stripe refused, unless an earlier try whose answer was lost has made it."""
    try:
        states = client.fetch_session(refund.payment.stripe_session_id or "").refunds
    except GatewayError as error:
        log.warning("refund_unclear", refund=refund.pk, code=error.code)
        return refund
    refund = _adopt(refund, states)
    if refund.status == Refund.Status.SUBMITTING:
        settle(refund.pk, status=Refund.Status.FAILED)
    return Refund.objects.get(pk=refund.pk)


def _adopt(refund: Refund, states: Iterable[client.RefundState]) -> Refund:
    with transaction.atomic():
        lock_order(refund.payment.order_id)
        payment = Payment.objects.lock().get(pk=refund.payment_id)
        adopt_states(payment, states)
    return Refund.objects.select_related("payment").get(pk=refund.pk)


def adopt_states(payment: Payment, states: Iterable[client.RefundState]) -> None:
    """Bring our refunds of a payment to what Stripe says of them; the caller holds the payment's lock.

    A refund whose id we were never told is known by the mark that it was sent with.
    """
    refunds = list(Refund.objects.filter(payment=payment))
    ours = {refund.stripe_refund_id: refund for refund in refunds if refund.stripe_refund_id}
    sent = {str(refund.pk): refund for refund in refunds if not refund.stripe_refund_id}
    for state in states:
        refund = ours.get(state.id) or sent.get(state.mark)
        if refund is None or refund.status == state.status:
            continue
        settle(refund.pk, status=state.status, state=state)


@transaction.atomic
def settle(refund_id: int, *, status: str, state: client.RefundState | None = None) -> None:
    """Move a refund to a status Stripe gave, with all that follows from it for payment and order. Safe to repeat.

    What has succeeded can still fail, and nothing else: an answer that says otherwise was read before it succeeded.
    """
    order_id, payment_id = Refund.objects.values_list("payment__order_id", "payment_id").get(pk=refund_id)
    order = lock_order(order_id)
    payment = Payment.objects.lock().get(pk=payment_id)
    refund = Refund.objects.lock().get(pk=refund_id)
    before = refund.status
    if before == status or before in GIVEN_UP:
        return
    if before == Refund.Status.SUCCEEDED and status not in GIVEN_UP:
        return
    refund.status = status
    if state is not None:
        refund.stripe_refund_id = state.id
    if status == Refund.Status.SUCCEEDED:
        refund.refunded_at = state.at if state else timezone.now()
    if status in GIVEN_UP:
        refund.failed_at = (state and state.failed_at) or timezone.now()
        Payment.objects.filter(pk=payment.pk).update(
            refund_committed_minor=F("refund_committed_minor") - refund.amount_minor
        )
    refund.save()
    if payment.disposition == Payment.Disposition.APPLIED:
        _follow_up(order, refund, had_succeeded=before == Refund.Status.SUCCEEDED)
    else:
        _follow_up_surplus(order, payment, refund, had_succeeded=before == Refund.Status.SUCCEEDED)


def _follow_up_surplus(order: Order, payment: Payment, refund: Refund, *, had_succeeded: bool) -> None:
    """Tell once that a surplus went back; one that came back to us stands out again until somebody deals with it."""
    if refund.status == Refund.Status.SUCCEEDED:
        _tell_of_surplus(order, payment, refund)
    elif had_succeeded and refund.status in GIVEN_UP:
        Payment.objects.filter(pk=payment.pk).update(disposition=Payment.Disposition.SURPLUS)


def _follow_up(order: Order, refund: Refund, *, had_succeeded: bool) -> None:
    """Bring an order in line with a refund of the payment that paid for it."""
    if refund.status == Refund.Status.SUCCEEDED:
        _book(order, refund, at=refund.refunded_at or timezone.now())
        queue_mail(
            key=f"order-refunded:{refund.pk}",
            kind="order_refunded",
            recipient=order.email,
            context={"order": order, "refund": refund, "order_url": guest_url(order)},
        )
    elif refund.status in GIVEN_UP:
        give_units_back(returned_units(refund))
        if had_succeeded:
            _book(order, refund, at=refund.failed_at or timezone.now(), is_reversal=True)


def _book(order: Order, refund: Refund, *, at: datetime, is_reversal: bool = False) -> None:
    rows = refund.lines.select_related("line").order_by("line__position")
    book_refund(
        order,
        refund_id=refund.pk,
        at=at,
        amount_minor=refund.amount_minor,
        lines=[
            RefundedLine(
                row.line, row.quantity, row.goods_minor, row.tax_minor, row.quantity if row.is_restocked else 0
            )
            for row in rows
        ],
        shipping_minor=refund.shipping_minor,
        shipping_tax_minor=refund.shipping_tax_minor,
        is_reversal=is_reversal,
    )


def returned_units(refund: Refund) -> list[ReturnedUnits]:
    """Return the units a refund names, as its order counts them."""
    rows = refund.lines.select_related("line").order_by("line__position")
    return [ReturnedUnits(row.line, row.quantity, row.pk, is_restocked=row.is_restocked) for row in rows]


def _tell_of_surplus(order: Order, payment: Payment, refund: Refund) -> None:
    Payment.objects.filter(pk=payment.pk).update(disposition=Payment.Disposition.AUTO_REFUNDED)
    OrderEvent.objects.create(
        order=order,
        at=timezone.now(),
        kind="payment_sent_back",
        detail={"payment": payment.pk, "refund": refund.pk, "amount_minor": refund.amount_minor},
    )
    queue_mail(
        key=f"payment-sent-back:{refund.pk}",
        kind="payment_sent_back",
        recipient=order.email,
        context={"order": order, "refund": refund},
    )
