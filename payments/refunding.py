"""Refunds that staff make: promised under lock, within their limits sent to Stripe, above them kept for approval."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from orders.lifecycle import lock_order
from orders.models import Order, OrderLine, Return
from orders.moving import move
from orders.refunding import count_units, restock_units
from orders.returns import close_refunded
from orders.transitions import By, Status
from payments.approval_holds import hold_while_waiting, let_go, stops_sending
from payments.models import Payment, Refund, RefundLine
from payments.refund_arithmetic import RefundChoice, RefundPlan
from payments.refund_limits import approval_needed
from payments.refund_plan import plan_refund, refundable
from payments.refunds import returned_units, settle, submit_refund

__all__ = ["RefundChoice", "RefundPlan", "carry_out", "plan_refund", "refundable", "request_refund"]

Restock = RefundLine.Restock
NOTE_LENGTH = 300


def request_refund(
    order_id: int,
    *,
    choice: RefundChoice,
    actor: User,
    request_key: str,
    return_request: Return | None = None,
) -> Refund:
    """Promise a refund, ask Stripe for it, and return it. Safe to repeat with the same key; never inside a transaction.

    Commits the promise before Stripe is asked, so two people can never give back more than was taken. A full refund of
    an order of which nothing was shipped cancels it in the same act. Above the limits it is `requested`: promised, and
    neither sent nor put on the shelf before somebody else approves it. An imported payment is given back by other
    means, so its refund succeeds at once, with a note. Raises DomainError with a sentence; refusals are audited.
    """
    with recording_refusal("refund.requested", subject=Order(pk=order_id), actor=actor):
        if not choice.reason.strip():
            raise DomainError("Say why the money is given back.")
        refund = _promise(order_id, choice, actor, request_key, return_request)
    if refund.status == Refund.Status.SUBMITTING:
        refund = submit_refund(refund.pk)
    return refund


@transaction.atomic
def _promise(
    order_id: int, choice: RefundChoice, actor: User, request_key: str, return_request: Return | None
) -> Refund:
    order = lock_order(order_id)
    earlier = Refund.objects.filter(request_key=request_key, payment__order=order).first()
    if earlier is not None:
        return earlier
    if return_request is not None:
        close_refunded(order, return_request.pk)
    plan = plan_refund(order_id, choice)
    if choice.expected_minor not in (None, plan.amount_minor):
        raise NotAllowedInState("This order has changed since you looked. Look at what would be given back now.")
    if plan.is_elsewhere and not choice.paid_elsewhere.strip():
        raise DomainError("Say how the money was given back: it was not taken through Stripe.")
    commit_promise(plan.payment, plan.amount_minor)
    refund = Refund.objects.create(
        payment=plan.payment,
        request_key=request_key,
        amount_minor=plan.amount_minor,
        shipping_minor=plan.parts.shipping,
        shipping_tax_minor=plan.parts.shipping_tax,
        currency=order.currency,
        status=Refund.Status.REQUESTED,
        source=Refund.Source.STAFF,
        reason=choice.reason.strip()[:NOTE_LENGTH],
        requested_by_id=actor.pk,
        cancels_order=plan.cancels_order,
        return_request=return_request,
        settled_note=choice.paid_elsewhere.strip()[:NOTE_LENGTH],
    )
    write_lines(refund, plan, choice)
    count_units(returned_units(refund))
    record_request(order, refund, actor)
    begin(order, refund, actor=actor)
    refund.refresh_from_db()
    return refund


def begin(order: Order, refund: Refund, *, actor: User) -> None:
    """Carry out a refund that was just promised, or let it wait for approval; the caller holds the order's lock."""
    if not approval_needed(order, refund.amount_minor, actor=actor):
        carry_out(order, refund, actor=actor)
    elif stops_sending(refund):
        hold_while_waiting(order, actor=actor)


def carry_out(order: Order, refund: Refund, *, actor: User) -> None:
    """Do what a promised refund means for goods and order, and make it ready to be sent; under the order's lock.

    Raises NotAllowedInState if units that shall not be sent have been sent meanwhile.
    """
    now = timezone.now()
    if not refund.is_retry:
        restock_units(order, returned_units(refund), at=now)
    was_waiting = refund.status == Refund.Status.REQUESTED
    refund.status = Refund.Status.SUBMITTING
    refund.save(update_fields=["status"])
    if was_waiting:
        let_go(order, actor=actor)
    if refund.cancels_order:
        cancel_rest(order, actor=actor)
    else:
        canceled = refund.lines.filter(restock=Restock.CANCELED, quantity__gt=0)
        _cancel_units(order, dict(canceled.values_list("line", "quantity")), actor)
    if refund.payment.tender == Payment.Tender.IMPORTED:
        Refund.objects.filter(pk=refund.pk).update(settled_at=now, settled_by_id=refund.requested_by_id)
        settle(refund.pk, status=Refund.Status.SUCCEEDED)


def commit_promise(payment: Payment, amount_minor: int) -> None:
    """Count an amount as given back, under the payment's lock. Raises DomainError if that much is not left."""
    locked = Payment.objects.lock().get(pk=payment.pk)
    taken = Payment.objects.filter(pk=locked.pk, refund_committed_minor__lte=F("captured_minor") - amount_minor).update(
        refund_committed_minor=F("refund_committed_minor") + amount_minor
    )
    if not taken:
        raise DomainError("Somebody else has just refunded this order. Look at what is left and try again.")


def record_request(order: Order, refund: Refund, actor: User) -> None:
    """Audit that a refund was asked for."""
    changes = {"order": order.pk, "amount_minor": refund.amount_minor, "currency": refund.currency}
    record("refund.requested", subject=refund, actor=actor, changes=changes)


def write_lines(refund: Refund, plan: RefundPlan, choice: RefundChoice) -> None:
    """Write what a refund gives back of each line."""
    RefundLine.objects.bulk_create(
        RefundLine(
            refund=refund,
            line=line,
            quantity=plan.units.get(line.pk, 0),
            goods_minor=plan.parts.goods[place],
            tax_minor=plan.parts.tax[place],
            restock=choice.restock if plan.units.get(line.pk) else Restock.NONE,
            unsellable_quantity=choice.unsellable.get(line.pk, 0),
        )
        for place, line in enumerate(plan.lines)
        if plan.units.get(line.pk) or plan.parts.goods[place] or plan.parts.tax[place]
    )


def cancel_rest(order: Order, *, actor: User, reason: str = "refunded") -> None:
    """Cancel a locked, paid order of which nothing was shipped: none of its units is sent any more. Audited."""
    for line in order.lines.all():
        OrderLine.objects.filter(pk=line.pk).update(quantity_canceled=line.quantity_canceled + line.quantity_to_ship)
    move(order, Status.CANCELED, by=By.STAFF, at=timezone.now(), actor=actor, reason=reason)
    record("order.cancel", subject=order, actor=actor)


def _cancel_units(order: Order, units: Mapping[int, int], actor: User) -> None:
    """Take units that were never sent off what is left to send; an order of which the rest was sent is fulfilled."""
    if not units:
        return
    for line_id, quantity in units.items():
        OrderLine.objects.filter(pk=line_id).update(quantity_canceled=F("quantity_canceled") + quantity)
    lines = list(order.lines.all())
    is_over = not any(line.quantity_to_ship for line in lines) and any(line.quantity_fulfilled for line in lines)
    if order.status == Status.PAID and is_over:
        move(order, Status.FULFILLED, by=By.STAFF, at=timezone.now(), actor=actor)
