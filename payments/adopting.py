"""Refunds that were made at Stripe, in its dashboard or by another program: Stripe wins, and the shop follows."""

from collections.abc import Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from audit.recording import record
from orders.lifecycle import lock_order
from orders.models import Order
from orders.splitting import Asked, Parts, parts_of, split_refund
from payments import client
from payments.models import Payment, Refund, RefundLine
from payments.refund_plan import left_at_stripe, refundable
from payments.refunding import commit_promise
from payments.refunds import GIVEN_UP, settle

log = structlog.get_logger("purelaka.payments")
DISPLACED = "displaced"  # its money had been given back at Stripe before ours was asked for
NOTHING = Parts((), ())


def has_strangers(payment_id: int, states: Sequence[client.RefundState]) -> bool:
    """Whether Stripe knows refunds of a payment whose id or mark is none of ours."""
    if not states:
        return False
    refunds = Refund.objects.filter(payment=payment_id)
    known = {key for pk, stripe_id in refunds.values_list("pk", "stripe_refund_id") for key in (str(pk), stripe_id)}
    return any(state.id not in known and state.mark not in known for state in states)


@transaction.atomic
def adopt_strangers(payment_id: int, states: Sequence[client.RefundState]) -> None:
    """Take refunds that Stripe made and this shop did not into its books, by amount alone. Safe to repeat.

    Ours that were on their way must have been settled before. Where even so more is promised than is left, the newest
    promise that Stripe knows nothing of is given up as `displaced`, for which an issue opens.
    """
    order = lock_order(Payment.objects.values_list("order_id", flat=True).get(pk=payment_id))
    payment = Payment.objects.lock().get(pk=payment_id)
    known = set(Refund.objects.filter(payment=payment).values_list("stripe_refund_id", flat=True))
    for state in sorted(states, key=lambda state: state.at):
        if state.id not in known:
            _adopt(order, payment, state)


def _adopt(order: Order, payment: Payment, state: client.RefundState) -> None:
    has_ended = state.status in GIVEN_UP
    parts = NOTHING
    if not has_ended:
        _make_room(payment, state.amount_minor)
        if payment.disposition == Payment.Disposition.APPLIED:
            parts = _split(order, state.amount_minor, left_at_stripe(order))
        commit_promise(payment, state.amount_minor)
    refund = Refund.objects.create(
        payment=payment,
        stripe_refund_id=state.id,
        amount_minor=state.amount_minor,
        shipping_minor=parts.shipping,
        shipping_tax_minor=parts.shipping_tax,
        currency=payment.currency,
        status=state.status if has_ended else Refund.Status.PENDING,
        source=Refund.Source.EXTERNAL,
        created_at=state.at,
        failed_at=(state.failed_at or timezone.now()) if has_ended else None,
        failure_code=state.failure_reason[:60],
    )
    _write_lines(order, refund, parts)
    changes = {"order": order.pk, "amount_minor": refund.amount_minor, "currency": refund.currency}
    record("refund.adopted", subject=refund, changes=changes)
    settle(refund.pk, status=state.status, state=state)


def _make_room(payment: Payment, amount_minor: int) -> None:
    """Give up promises that Stripe does not know of, the newest first, until so much is left to be given back."""
    unknown = Refund.objects.standing().filter(payment=payment, stripe_refund_id=None).order_by("-created_at", "-pk")
    for refund in list(unknown):
        if Payment.objects.get(pk=payment.pk).refundable_minor >= amount_minor:
            return
        log.error("refund_displaced", refund=refund.pk, payment=payment.pk, amount_minor=refund.amount_minor)
        settle(refund.pk, status=Refund.Status.FAILED, code=DISPLACED)


def itemise(order: Order, refund: Refund) -> None:
    """Give a refund that had failed before this shop knew of it its parts, by amount alone; under the order's lock.

    One that has its parts keeps them. Raises DomainError if less than its amount is left of the order.
    """
    has_parts = refund.shipping_minor or refund.shipping_tax_minor or refund.lines.exists()
    if has_parts or refund.source != Refund.Source.EXTERNAL:
        return
    parts = _split(order, refund.amount_minor, refundable(order))
    refund.shipping_minor, refund.shipping_tax_minor = parts.shipping, parts.shipping_tax
    refund.save(update_fields=["shipping_minor", "shipping_tax_minor"])
    _write_lines(order, refund, parts)


def _split(order: Order, amount_minor: int, left: Parts) -> Parts:
    sold = parts_of(order, list(order.lines.all()))
    return split_refund(Asked(amount=amount_minor), sold=sold, left=left)


def _write_lines(order: Order, refund: Refund, parts: Parts) -> None:
    rows = zip(order.lines.all(), parts.goods, parts.tax, strict=True) if parts.goods else ()
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, line=line, goods_minor=goods, tax_minor=tax)
        for line, goods, tax in rows
        if goods or tax
    )
