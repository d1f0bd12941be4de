"""The second person: approving a refund that waits, or not."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from orders.lifecycle import lock_order
from orders.models import Order, OrderEvent
from orders.returns import reopen_refunded
from payments.approval_holds import let_go
from payments.models import Payment, Refund, RefundLine
from payments.refund_arithmetic import refuse_sent
from payments.refund_plan import refundable, refuse_bound
from payments.refunding import NOTE_LENGTH, carry_out
from payments.refunds import forget_units, release_promise, submit_refund


def approve_refund(refund_id: int, *, actor: User) -> Refund:
    """Approve a refund that somebody else asked for, do what it means for goods and order, and send it to Stripe.

    Safe to repeat; never inside a transaction. Audited, refusals too. Raises DomainError for a role that may not, and
    NotAllowedInState for one's own refund, one that is decided on, or one that what happened since has overtaken.
    """
    with recording_refusal("refund.approved", subject=Refund(pk=refund_id), actor=actor):
        _approve(refund_id, actor)
    return submit_refund(refund_id)


@transaction.atomic
def _approve(refund_id: int, actor: User) -> None:
    order, refund = _locked(refund_id)
    if refund.approved_by_id == actor.pk:
        return
    _refuse(refund, actor)
    refuse_bound(order)
    _refuse_overtaken(order, refund)
    refund.approved_by_id, refund.decided_at = actor.pk, timezone.now()
    refund.save(update_fields=["approved_by_id", "decided_at"])
    _note(order, refund, "refund_approved", actor)
    record("refund.approved", subject=refund, actor=actor, changes=_changes(refund))
    carry_out(order, refund, actor=actor)


@transaction.atomic
def _reject(refund_id: int, actor: User, reason: str) -> None:
    order, refund = _locked(refund_id)
    if refund.status == Refund.Status.REJECTED and refund.settled_by_id == actor.pk:
        return
    _refuse(refund, actor, is_approval=False)
    refund.status = Refund.Status.REJECTED
    refund.decided_at = refund.settled_at = timezone.now()
    refund.settled_by_id, refund.settled_note = actor.pk, reason
    refund.save(update_fields=["status", "decided_at", "settled_at", "settled_by_id", "settled_note"])
    release_promise(refund)
    forget_units(refund)
    if refund.return_request_id:
        reopen_refunded(order, refund.return_request_id)
    _note(order, refund, "refund_rejected", actor)
    record("refund.rejected", subject=refund, actor=actor, changes=_changes(refund))
    let_go(order, actor=actor)


def reject_refund(refund_id: int, *, actor: User, reason: str) -> Refund:
    """Decide against a refund that waits: its money and units can be refunded again, and its order goes on.

    Whoever asked for it may take it back this way. Safe to repeat; audited. Raises DomainError without a reason or for
    a role that may not, NotAllowedInState for one that is decided on.
    """
    with recording_refusal("refund.rejected", subject=Refund(pk=refund_id), actor=actor):
        if not reason.strip():
            raise DomainError("Say why it is not approved.")
        _reject(refund_id, actor, reason.strip()[:NOTE_LENGTH])
    return Refund.objects.get(pk=refund_id)


def _locked(refund_id: int) -> tuple[Order, Refund]:
    order = lock_order(Refund.objects.values_list("payment__order_id", flat=True).get(pk=refund_id))
    Payment.objects.lock().get(refunds=refund_id)
    return order, Refund.objects.lock().select_related("payment").get(pk=refund_id)


def _refuse(refund: Refund, actor: User, *, is_approval: bool = True) -> None:
    is_own = refund.requested_by_id == actor.pk
    if not actor.has_perm("rbac.refunds_approve") and (is_approval or not is_own):
        raise DomainError("Your role may not approve refunds.")
    if refund.status != Refund.Status.REQUESTED:
        raise NotAllowedInState("This refund has been decided on already.")
    if is_approval and is_own:
        raise NotAllowedInState("You asked for this refund, so somebody else approves it.")


def _refuse_overtaken(order: Order, refund: Refund) -> None:
    lines = list(order.lines.all())
    if refund.cancels_order and any(line.quantity_fulfilled for line in lines):
        raise NotAllowedInState(
            "Something of this order has been shipped since, so it cannot be canceled. Do not approve this one, "
            "and refund what is to be given back."
        )
    if refund.cancels_order and refundable(order).total:
        raise NotAllowedInState(
            "The order would keep money that was to go back when this was asked for, so it cannot be canceled. Do not "
            "approve this one, and refund what is to be given back."
        )
    canceled = refund.lines.filter(restock=RefundLine.Restock.CANCELED, quantity__gt=0)
    refuse_sent(dict(canceled.values_list("line", "quantity")), lines)


def _note(order: Order, refund: Refund, kind: str, actor: User) -> None:
    detail = {"refund": refund.pk, "amount_minor": refund.amount_minor}
    OrderEvent.objects.create(order=order, at=timezone.now(), kind=kind, actor_id=actor.pk, detail=detail)


def _changes(refund: Refund) -> dict[str, object]:
    return {"amount_minor": refund.amount_minor, "currency": refund.currency}
