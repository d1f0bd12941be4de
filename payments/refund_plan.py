"""What a refund would give back, worked out before anything is promised."""

from django.db.models import QuerySet, Sum

from core.errors import NotAllowedInState
from orders.models import Order, OrderLine
from orders.splitting import Parts, parts_of
from payments.models import Dispute, Payment, Refund, RefundLine
from payments.refund_arithmetic import (
    RefundChoice,
    RefundPlan,
    Restock,
    parts_asked,
    refuse_sent,
    refuse_tender,
    refuse_unusable,
    rounded_down,
    units_asked,
)


def refundable(order: Order) -> Parts:
    """Return what of an order's money could still be given back, by bucket."""
    lines = list(order.lines.all())
    return _left(lines, parts_of(order, lines), Refund.objects.taken().filter(payment__order=order))


def left_at_stripe(order: Order) -> Parts:
    """Return what Stripe could still give back, by bucket: what was paid by other means is still there."""
    lines = list(order.lines.all())
    return _left(lines, parts_of(order, lines), Refund.objects.standing().filter(payment__order=order))


def plan_refund(order_id: int, choice: RefundChoice) -> RefundPlan:
    """Work out a refund without promising anything. Raises DomainError with a sentence for what cannot be given."""
    order = Order.objects.get(pk=order_id)
    payment = Payment.objects.applied().filter(order=order).first()
    if payment is None or order.paid_at is None:
        raise NotAllowedInState(f"Order {order.number} has not been paid, so there is nothing to refund.")
    refuse_tender(order, payment, choice)
    refuse_bound(order)
    lines = list(order.lines.all())
    sold = parts_of(order, lines)
    left = _left(lines, sold, Refund.objects.taken().filter(payment__order=order))
    units = units_asked(choice, lines)
    refuse_sent(units if choice.restock == Restock.CANCELED else {}, lines)
    parts = parts_asked(choice, units, lines, sold=sold, left=left, currency=order.currency)
    if payment.tender == Payment.Tender.STRIPE and choice.amount_minor is None and not choice.everything:
        parts = rounded_down(parts, order.currency)
    refuse_unusable(order, payment, parts, left)
    others_wait = Refund.objects.waiting().filter(payment=payment).exists()
    return RefundPlan(order, payment, tuple(lines), parts, units, left, others_wait)


def refuse_bound(order: Order) -> None:
    """Raise NotAllowedInState where somebody else decides about the money: the bank, over an open or lost dispute.

    Asked before every refund of a sale, and again before a refund that waited is approved.
    """
    if Dispute.objects.binding().filter(payment__order=order).exists():
        raise NotAllowedInState(
            f"The payment of order {order.number} is disputed, so its bank decides about the money."
        )


def _left(lines: list[OrderLine], sold: Parts, refunds: QuerySet[Refund]) -> Parts:
    surplus = [Payment.Disposition.SURPLUS, Payment.Disposition.AUTO_REFUNDED]
    taken = refunds.exclude(payment__disposition__in=surplus)
    sums = taken.aggregate(net=Sum("shipping_minor", default=0), tax=Sum("shipping_tax_minor", default=0))
    rows = (
        RefundLine.objects.filter(refund__in=taken)
        .values("line")
        .annotate(goods=Sum("goods_minor"), part=Sum("tax_minor"))
    )
    by_id = {row["line"]: (row["goods"], row["part"]) for row in rows}
    by_line = [by_id.get(line.pk, (0, 0)) for line in lines]
    refunded = Parts(tuple(goods for goods, _ in by_line), tuple(tax for _, tax in by_line), sums["net"], sums["tax"])
    return sold.minus(refunded)
