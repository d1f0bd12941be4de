"""Refunds that came to nothing: tried again, or paid by other means."""

from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from orders.lifecycle import lock_order
from orders.models import Order, OrderEvent
from orders.refunding import ReturnedUnits, count_units
from orders.returns import close_refunded
from orders.splitting import Parts
from payments.adopting import itemise
from payments.models import Payment, Refund, RefundLine
from payments.refund_plan import refundable, refuse_bound
from payments.refunding import NOTE_LENGTH, begin, commit_promise, record_request
from payments.refunds import commit_automatic_refund, returned_units, submit_refund

GONE = "Its money or its units have been given back since. Look at what is left of the order and refund that."


def retry_refund(refund_id: int, *, actor: User) -> Refund:
    """Make a new refund of the same parts as one that came to nothing, and send it; the limits apply to it as well.

    Units that went on the shelf stay there, and count with the new refund. Safe to repeat: each is tried again once,
    and what comes to nothing then can be tried again itself. Never inside a transaction. Audited, refusals too.
    Raises NotAllowedInState for a refund that did not come to nothing, or whose money went back since.
    """
    with recording_refusal("refund.requested", subject=Refund(pk=refund_id), actor=actor):
        refund = _retry(refund_id, actor)
    if refund.status == Refund.Status.SUBMITTING:
        refund = submit_refund(refund.pk)
    return refund


@transaction.atomic
def _retry(refund_id: int, actor: User) -> Refund:
    order, payment, failed = _locked(refund_id)
    if earlier := Refund.objects.filter(request_key=failed.retry_key).first():
        return earlier
    _refuse(failed)
    if payment.disposition != Payment.Disposition.APPLIED:
        return _give_surplus_back(payment, reason=failed.reason, actor=actor, request_key=failed.retry_key)
    if payment.tender != Payment.Tender.STRIPE:
        raise NotAllowedInState("This payment was not taken through Stripe; note how the money was given back instead.")
    refuse_bound(order)
    _refuse_gone(order, failed)
    commit_promise(payment, failed.amount_minor)
    refund = Refund.objects.create(
        payment=payment,
        request_key=failed.retry_key,
        amount_minor=failed.amount_minor,
        shipping_minor=failed.shipping_minor,
        shipping_tax_minor=failed.shipping_tax_minor,
        currency=failed.currency,
        status=Refund.Status.REQUESTED,
        source=Refund.Source.STAFF,
        reason=failed.reason or "tried again",
        requested_by_id=actor.pk,
        return_request=failed.return_request,
    )
    if failed.return_request_id:
        close_refunded(order, failed.return_request_id)
    _repeat_lines(refund, failed)
    count_units(_uncounted(failed))
    record_request(order, refund, actor)
    begin(order, refund, actor=actor)
    refund.refresh_from_db()
    return refund


def settle_elsewhere(refund_id: int, *, note: str, actor: User) -> Refund:
    """Note that the money of a refund which came to nothing was given back by other means; nothing is booked for it.

    Its money and units count as given back from then on, so that nobody refunds them again. Safe to repeat with the
    same note; audited, refusals too. Raises DomainError without a note, NotAllowedInState as `retry_refund` does.
    """
    with recording_refusal("refund.settled", subject=Refund(pk=refund_id), actor=actor):
        note = note.strip()[:NOTE_LENGTH]
        if not note:
            raise DomainError("Say how the money was given back, so that it can be found.")
        return _settle(refund_id, note, actor)


@transaction.atomic
def _settle(refund_id: int, note: str, actor: User) -> Refund:
    order, payment, refund = _locked(refund_id)
    if refund.is_paid_elsewhere and refund.settled_note == note:
        return refund
    _refuse(refund)
    if payment.disposition == Payment.Disposition.APPLIED:
        _refuse_gone(order, refund)
        count_units(_uncounted(refund))
        if refund.return_request_id:
            close_refunded(order, refund.return_request_id)
    elif payment.refundable_minor < refund.amount_minor:
        raise NotAllowedInState(GONE)
    refund.settled_note, refund.settled_at, refund.settled_by_id = note, timezone.now(), actor.pk
    refund.save(update_fields=["settled_note", "settled_at", "settled_by_id"])
    changes = {"amount_minor": refund.amount_minor, "currency": refund.currency}
    record("refund.settled", subject=refund, actor=actor, changes=changes)
    return refund


def give_surplus_back(payment_id: int, *, actor: User | None = None) -> Refund:
    """Send back all that is left of a payment its order did not need. Safe to repeat; never inside a transaction.

    No limit applies: nothing of it was ever the shop's. Raises NotAllowedInState for a payment that is no surplus.
    """
    with recording_refusal("refund.requested", subject=Payment(pk=payment_id), actor=actor), transaction.atomic():
        lock_order(Payment.objects.values_list("order_id", flat=True).get(pk=payment_id))
        payment = Payment.objects.lock().get(pk=payment_id)
        refund = _give_surplus_back(payment, reason=_surplus_reason(payment), actor=actor)
    return submit_refund(refund.pk)


def _give_surplus_back(payment: Payment, *, reason: str, actor: User | None, request_key: str | None = None) -> Refund:
    if payment.disposition != Payment.Disposition.SURPLUS:
        raise NotAllowedInState("This payment is not kept as surplus; there is nothing of it to send back.")
    made = commit_automatic_refund(payment, reason=reason, requested_by_id=actor.pk if actor else None)
    if made is None:
        raise NotAllowedInState("All of this payment has been given back, or is on its way.")
    Refund.objects.filter(pk=made).update(request_key=request_key)
    refund = Refund.objects.get(pk=made)
    changes = {"amount_minor": refund.amount_minor, "currency": refund.currency}
    record("refund.requested", subject=refund, actor=actor, changes=changes)
    return refund


def _locked(refund_id: int) -> tuple[Order, Payment, Refund]:
    order = lock_order(Refund.objects.values_list("payment__order_id", flat=True).get(pk=refund_id))
    payment = Payment.objects.lock().get(refunds=refund_id)
    return order, payment, Refund.objects.lock().get(pk=refund_id)


def _surplus_reason(payment: Payment) -> str:
    event = OrderEvent.objects.filter(
        order=payment.order_id, kind="payment_surplus", detail__payment=payment.pk
    ).first()
    return str(event.detail.get("reason", "")) if event else ""


def _uncounted(failed: Refund) -> list[ReturnedUnits]:
    """The units that its failure gave back; those on the shelf have stayed returned."""
    units = returned_units(failed)
    return [replace(unit, quantity=unit.quantity - unit.restocked, restocked=0) for unit in units]


def _repeat_lines(refund: Refund, failed: Refund) -> None:
    RefundLine.objects.bulk_create(
        RefundLine(
            refund=refund,
            line_id=row.line_id,
            quantity=row.quantity,
            goods_minor=row.goods_minor,
            tax_minor=row.tax_minor,
            restock=RefundLine.Restock.RETURNED if row.is_restocked else RefundLine.Restock.NONE,
            unsellable_quantity=row.unsellable_quantity,
        )
        for row in failed.lines.all()
    )


def _refuse(refund: Refund) -> None:
    if refund.status not in Refund.CAME_TO_NOTHING:
        raise NotAllowedInState("This refund has not come to nothing, so there is nothing to make up for.")
    if refund.settled_at is not None:
        raise NotAllowedInState("This refund was paid by other means already.")
    if Refund.objects.standing().filter(request_key=refund.retry_key).exists():
        raise NotAllowedInState("This refund has been tried again already.")


def _refuse_gone(order: Order, failed: Refund) -> None:
    """Raise NotAllowedInState unless every part of the refund is still there to be given back."""
    try:
        itemise(order, failed)
    except DomainError as problem:
        raise NotAllowedInState(GONE) from problem
    given = {row.line_id: row for row in failed.lines.all()}
    lines = [given.get(line.pk) for line in order.lines.all()]
    parts = Parts(
        tuple(row.goods_minor if row else 0 for row in lines),
        tuple(row.tax_minor if row else 0 for row in lines),
        failed.shipping_minor,
        failed.shipping_tax_minor,
    )
    rest = refundable(order).minus(parts)
    if min(*rest.goods, *rest.tax, rest.shipping, rest.shipping_tax) < 0:
        raise NotAllowedInState(GONE)
