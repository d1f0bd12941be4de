"""Money back. What is promised is committed before Stripe is asked, so that it can never be promised twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.errors import NotAllowedInState
from orders.ledger import RefundedLine
from orders.lifecycle import lock_order
from orders.models import Order, OrderEvent
from orders.refunding import ReturnedUnits, book_refund, give_units_back
from orders.returns import reopen_refunded
from payments import client
from payments.approval_holds import ALL_IS_BACK, let_go, put_on_hold
from payments.calls import call_once
from payments.errors import GatewayError, GatewayRefused
from payments.models import Payment, Refund, RefundLine
from payments.refund_mails import tell_of_failure, tell_of_refund, tell_of_surplus

log = structlog.get_logger("purelaka.payments")
GIVEN_UP = frozenset(Refund.GIVEN_UP)
REFUSED = "refused"


def commit_automatic_refund(payment: Payment, *, reason: str, requested_by_id: int | None = None) -> int | None:
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
        requested_by_id=requested_by_id,
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
        return _settle_refused(refund, code=error.code or REFUSED)
    except GatewayError as error:
        log.warning("refund_unclear", refund=refund.pk, code=error.code)
        return refund
    return _adopt(refund, [state])


def submit_promised(payment_id: int) -> bool:
    """Ask Stripe for every refund of a payment that is promised and has had no answer; True if there was one."""
    promised = Refund.objects.filter(payment=payment_id, status=Refund.Status.SUBMITTING).order_by("pk")
    pending = list(promised.values_list("pk", flat=True))
    for refund_id in pending:
        submit_refund(refund_id)
    return bool(pending)


def _settle_refused(refund: Refund, *, code: str) -> Refund:
    """Give a refund up that Stripe refused, unless an earlier try whose answer was lost has made it."""
    try:
        states = client.fetch_session(refund.payment.stripe_session_id or "").refunds
    except GatewayError as error:
        log.warning("refund_unclear", refund=refund.pk, code=error.code)
        return refund
    refund = _adopt(refund, states)
    if refund.status == Refund.Status.SUBMITTING:
        settle(refund.pk, status=Refund.Status.FAILED, code=code)
    return Refund.objects.select_related("payment").get(pk=refund.pk)


def _adopt(refund: Refund, states: Sequence[client.RefundState]) -> Refund:
    with transaction.atomic():
        lock_order(refund.payment.order_id)
        payment = Payment.objects.lock().get(pk=refund.payment_id)
        adopt_states(payment, states)
    return Refund.objects.select_related("payment").get(pk=refund.pk)


def adopt_states(payment: Payment, states: Sequence[client.RefundState]) -> list[client.RefundState]:
    """Bring our refunds of a payment to what Stripe says of them; the caller holds the payment's lock.

    A refund whose id we were never told is known by the mark that it was sent with. Returns what we know nothing of:
    refunds made at Stripe, and those of ours that we had given up before Stripe ever told us their id.
    """
    if not states:
        return []
    refunds = list(Refund.objects.filter(payment=payment))
    ours = {refund.stripe_refund_id: refund for refund in refunds if refund.stripe_refund_id}
    sent = {(str(refund.pk), refund.amount_minor): refund for refund in refunds if _is_on_its_way(refund)}
    strangers = []
    for state in states:
        refund = ours.get(state.id) or sent.get((state.mark, state.amount_minor))
        if refund is None:
            strangers.append(state)
        elif refund.status != state.status:
            settle(refund.pk, status=state.status, state=state)
    return strangers


def _is_on_its_way(refund: Refund) -> bool:
    return not refund.stripe_refund_id and refund.status == Refund.Status.SUBMITTING


@transaction.atomic
def settle(refund_id: int, *, status: str, state: client.RefundState | None = None, code: str = "") -> None:
    """Move a refund to a status Stripe gave, with all that follows from it for payment and order. Safe to repeat.

    What has succeeded can still fail, and nothing else: an answer that says otherwise was read before it succeeded.
    `code` says why it came to nothing where Stripe's state does not.
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
        refund.failure_code = ((state and state.failure_reason) or code)[:60]
        release_promise(refund)
    refund.save()
    if payment.disposition == Payment.Disposition.APPLIED:
        _follow_up(order, refund, before=before)
    else:
        _follow_up_surplus(order, refund, before=before)


def release_promise(refund: Refund) -> None:
    """Let the money of a refund that came to nothing be given back again."""
    Payment.objects.filter(pk=refund.payment_id).update(
        refund_committed_minor=F("refund_committed_minor") - refund.amount_minor
    )


def _follow_up_surplus(order: Order, refund: Refund, *, before: str) -> None:
    """Tell once that a surplus went back; one that came back to us stands out again until somebody deals with it."""
    had_succeeded = before == Refund.Status.SUCCEEDED
    payment = Payment.objects.get(pk=refund.payment_id)
    if refund.status == Refund.Status.SUCCEEDED:
        if payment.disposition == Payment.Disposition.SURPLUS and payment.refundable_minor == 0:
            Payment.objects.filter(pk=payment.pk).update(disposition=Payment.Disposition.AUTO_REFUNDED)
        _note(order, refund, "payment_sent_back", at=timezone.now(), payment=payment.pk)
        tell_of_surplus(order, refund)
    elif refund.status in GIVEN_UP:
        Payment.objects.filter(pk=payment.pk, disposition=Payment.Disposition.AUTO_REFUNDED).update(
            disposition=Payment.Disposition.SURPLUS
        )
        kind = "refund_reversed" if had_succeeded else f"refund_{refund.status}"
        _note(order, refund, kind, at=refund.failed_at or timezone.now())
        if had_succeeded:
            tell_of_failure(order, refund)


def _follow_up(order: Order, refund: Refund, *, before: str) -> None:
    """Bring an order in line with a refund of the payment that paid for it."""
    if refund.status == Refund.Status.SUCCEEDED:
        _book(order, refund, at=refund.refunded_at or timezone.now())
        if refund.source == Refund.Source.EXTERNAL and _is_all_back_unsent(order):
            put_on_hold(order, ALL_IS_BACK)
        tell_of_refund(order, refund)
    elif refund.status in GIVEN_UP:
        had_succeeded = before == Refund.Status.SUCCEEDED
        if before == Refund.Status.REQUESTED:
            forget_units(refund)
            let_go(order)
        else:
            give_units_back(returned_units(refund))
        if refund.return_request_id:
            reopen_refunded(order, refund.return_request_id)
        if had_succeeded:
            _book(order, refund, at=refund.failed_at or timezone.now(), is_reversal=True)
            tell_of_failure(order, refund)
        else:
            _note(order, refund, f"refund_{refund.status}", at=refund.failed_at or timezone.now())


def _is_all_back_unsent(order: Order) -> bool:
    return order.refunded_minor == order.paid_minor and not order.lines.filter(quantity_fulfilled__gt=0).exists()


def _book(order: Order, refund: Refund, *, at: datetime, is_reversal: bool = False) -> None:
    rows = refund.lines.select_related("line").order_by("line__position")
    book_refund(
        order,
        refund_id=refund.pk,
        at=at,
        amount_minor=refund.amount_minor,
        lines=[
            RefundedLine(row.line, row.quantity, row.goods_minor, row.tax_minor, row.restocked_quantity) for row in rows
        ],
        shipping_minor=refund.shipping_minor,
        shipping_tax_minor=refund.shipping_tax_minor,
        is_reversal=is_reversal,
    )


def returned_units(refund: Refund) -> list[ReturnedUnits]:
    """Return the units a refund names, as its order counts them."""
    rows = refund.lines.select_related("line").order_by("line__position")
    return [ReturnedUnits(row.line, row.quantity, row.pk, restocked=row.restocked_quantity) for row in rows]


def forget_units(refund: Refund) -> None:
    """Let the units of a refund that waited be refunded again: nothing of them has gone on the shelf.

    But for those of one that was tried again: they went there with the first.
    """
    units = returned_units(refund)
    if not refund.is_retry:
        units = [replace(unit, restocked=0) for unit in units]
        refund.lines.update(restock=RefundLine.Restock.NONE)
    give_units_back(units)


def _note(order: Order, refund: Refund, kind: str, *, at: datetime, **detail: int) -> None:
    detail |= {"refund": refund.pk, "amount_minor": refund.amount_minor}
    OrderEvent.objects.create(order=order, at=at, kind=kind, detail=detail)
