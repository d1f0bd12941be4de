"""Refunds that staff make: what is to be given back, worked out before anything is promised."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from accounts.models import User
from audit.recording import record
from core.errors import DomainError, NotAllowedInState
from core.money import format_money, is_chargeable, step
from orders.lifecycle import lock_order
from orders.models import Order, OrderLine
from orders.refunding import take_units
from orders.splitting import Asked, Parts, Units, parts_of, split_refund
from orders.transitions import By, Status, move
from payments.models import Payment, Refund, RefundLine
from payments.refunds import GIVEN_UP, returned_units, submit_refund

Restock = RefundLine.Restock


@dataclass(frozen=True)
class RefundChoice:
    """What somebody asks to give back: an amount, or units of lines (line id -> quantity), or all of it.

    `expected_minor` is the sum that they were shown: another one is refused. Units that are restocked as `canceled`
    were never sent, and are not sent any more.
    """

    amount_minor: int | None = None
    units: Mapping[int, int] = field(default_factory=dict)
    with_shipping: bool = False
    everything: bool = False
    restock: Restock = Restock.NONE
    reason: str = ""
    expected_minor: int | None = None


@dataclass(frozen=True)
class RefundPlan:
    """A refund as it would be: by bucket, and what could still be refunded before and after it."""

    order: Order
    payment: Payment
    lines: tuple[OrderLine, ...]
    parts: Parts
    units: Mapping[int, int]
    left: Parts

    @property
    def amount_minor(self) -> int:
        """What the card gets back."""
        return self.parts.total

    @property
    def left_after_minor(self) -> int:
        """What could still be refunded afterwards."""
        return self.left.total - self.parts.total

    @property
    def cancels_order(self) -> bool:
        """Whether nothing of the order is left to do: all of it is given back and nothing was shipped."""
        shipped = any(line.quantity_fulfilled for line in self.lines)
        return self.left_after_minor == 0 and not shipped and self.order.status == Status.PAID


def refundable(order: Order) -> Parts:
    """Return what of an order's money could still be given back, by bucket."""
    lines = list(order.lines.all())
    return _left(order, lines, parts_of(order, lines))


def plan_refund(order_id: int, choice: RefundChoice) -> RefundPlan:
    """Work out a refund without promising anything. Raises DomainError with a sentence for what cannot be given."""
    order = Order.objects.get(pk=order_id)
    payment = Payment.objects.applied().filter(order=order).first()
    if payment is None or order.paid_at is None:
        raise NotAllowedInState(f"Order {order.number} has not been paid, so there is nothing to refund.")
    _refuse_tender(order, payment)
    lines = list(order.lines.all())
    sold = parts_of(order, lines)
    left = _left(order, lines, sold)
    units = _units(choice, lines)
    _refuse_sent(choice, units, lines)
    parts = _parts(choice, units, lines, sold, left)
    _refuse_unusable(order, parts, left)
    return RefundPlan(order, payment, tuple(lines), parts, units, left)


def request_refund(order_id: int, *, choice: RefundChoice, actor: User, request_key: str) -> Refund:
    """Promise a refund, ask Stripe for it, and return it. Safe to repeat with the same key; never inside a transaction.

    Commits the promise before Stripe is asked, so two people can never give back more than was taken. A full refund of
    an order of which nothing was shipped cancels it in the same act. Raises DomainError with a sentence.
    """
    if not choice.reason.strip():
        raise DomainError("Say why the money is given back.")
    refund, is_new = _promise(order_id, choice, actor, request_key)
    if is_new or refund.status == Refund.Status.SUBMITTING:
        refund = submit_refund(refund.pk)
    return refund


@transaction.atomic
def _promise(order_id: int, choice: RefundChoice, actor: User, request_key: str) -> tuple[Refund, bool]:
    order = lock_order(order_id)
    earlier = Refund.objects.filter(request_key=request_key, payment__order=order).first()
    if earlier is not None:
        return earlier, False
    plan = plan_refund(order_id, choice)
    if choice.expected_minor not in (None, plan.amount_minor):
        raise NotAllowedInState("This order has changed since you looked. Look at what would be given back now.")
    payment = Payment.objects.lock().get(pk=plan.payment.pk)
    _commit(payment, plan)
    refund = Refund.objects.create(
        payment=payment,
        request_key=request_key,
        amount_minor=plan.amount_minor,
        shipping_minor=plan.parts.shipping,
        shipping_tax_minor=plan.parts.shipping_tax,
        currency=order.currency,
        status=Refund.Status.SUBMITTING,
        source=Refund.Source.STAFF,
        reason=choice.reason.strip()[:300],
        requested_by_id=actor.pk,
    )
    _take(order, refund, plan, choice.restock)
    if plan.cancels_order:
        _cancel(order, actor)
    elif choice.restock == Restock.CANCELED:
        _cancel_units(order, plan, actor)
    record(
        "refund.requested",
        subject=refund,
        actor=actor,
        changes={"order": order.pk, "amount_minor": refund.amount_minor, "currency": refund.currency},
    )
    return refund, True


def _commit(payment: Payment, plan: RefundPlan) -> None:
    taken = Payment.objects.filter(
        pk=payment.pk, refund_committed_minor__lte=F("captured_minor") - plan.amount_minor
    ).update(refund_committed_minor=F("refund_committed_minor") + plan.amount_minor)
    if not taken:
        raise DomainError("Somebody else has just refunded this order. Look at what is left and try again.")


def _take(order: Order, refund: Refund, plan: RefundPlan, restock: Restock) -> None:
    rows = [
        RefundLine(
            refund=refund,
            line=line,
            quantity=plan.units.get(line.pk, 0),
            goods_minor=plan.parts.goods[place],
            tax_minor=plan.parts.tax[place],
            restock=restock if plan.units.get(line.pk) else Restock.NONE,
        )
        for place, line in enumerate(plan.lines)
        if plan.units.get(line.pk) or plan.parts.goods[place] or plan.parts.tax[place]
    ]
    RefundLine.objects.bulk_create(rows)
    take_units(order, returned_units(refund), at=refund.created_at)


def _cancel(order: Order, actor: User) -> None:
    for line in order.lines.all():
        OrderLine.objects.filter(pk=line.pk).update(quantity_canceled=line.quantity_canceled + line.quantity_to_ship)
    move(order, Status.CANCELED, by=By.STAFF, at=timezone.now(), actor=actor, reason="refunded")
    record("order.cancel", subject=order, actor=actor)


def _cancel_units(order: Order, plan: RefundPlan, actor: User) -> None:
    """Take units that were never sent off what is left to send; an order of which the rest was sent is fulfilled."""
    for line_id, quantity in plan.units.items():
        OrderLine.objects.filter(pk=line_id).update(quantity_canceled=F("quantity_canceled") + quantity)
    lines = list(order.lines.all())
    is_over = not any(line.quantity_to_ship for line in lines) and any(line.quantity_fulfilled for line in lines)
    if order.status == Status.PAID and is_over:
        move(order, Status.FULFILLED, by=By.STAFF, at=timezone.now(), actor=actor)


def _units(choice: RefundChoice, lines: list[OrderLine]) -> dict[int, int]:
    if choice.everything:
        return {line.pk: line.quantity_to_refund for line in lines if line.quantity_to_refund}
    known = {line.pk: line for line in lines}
    for line_id, quantity in choice.units.items():
        line = known.get(line_id)
        if line is None:
            raise DomainError("That line is not part of this order.")
        if not 0 <= quantity <= line.quantity_to_refund:
            raise DomainError(f"Of {line.name} {line.quantity_to_refund} can still be refunded, not {quantity}.")
    return {line_id: quantity for line_id, quantity in choice.units.items() if quantity}


def _refuse_tender(order: Order, payment: Payment) -> None:
    if payment.tender == Payment.Tender.FREE:
        raise NotAllowedInState(f"Nothing was charged for order {order.number}, so there is nothing to refund.")
    if payment.tender != Payment.Tender.STRIPE:
        raise NotAllowedInState(
            f"The payment of order {order.number} was imported. Give the money back where it was taken."
        )


def _refuse_sent(choice: RefundChoice, units: Mapping[int, int], lines: list[OrderLine]) -> None:
    if choice.restock != Restock.CANCELED:
        return
    for line in lines:
        if units.get(line.pk, 0) > line.quantity_to_ship:
            raise DomainError(f"Of {line.name} {line.quantity_to_ship} are not sent yet, not {units[line.pk]}.")


def _parts(choice: RefundChoice, units: dict[int, int], lines: list[OrderLine], sold: Parts, left: Parts) -> Parts:
    if choice.everything:
        return left
    named = tuple(
        Units(place, units[line.pk], of=line.quantity, before=line.quantity_refunded)
        for place, line in enumerate(lines)
        if line.pk in units
    )
    if choice.amount_minor is not None:
        _refuse_amount(choice.amount_minor, left, lines[0].order.currency if lines else "")
        return split_refund(Asked(amount=choice.amount_minor, units=named), sold=sold, left=left)
    parts = split_refund(Asked(units=named), sold=sold, left=left)
    if choice.with_shipping:
        parts = Parts(parts.goods, parts.tax, left.shipping, left.shipping_tax)
    return parts


def _refuse_amount(amount: int, left: Parts, currency: str) -> None:
    if amount <= 0:
        raise DomainError("The amount to give back must be more than nothing.")
    if amount > left.total:
        raise DomainError(f"At most {format_money(left.total, currency)} of this order can still be given back.")


def _refuse_unusable(order: Order, parts: Parts, left: Parts) -> None:
    if parts.total <= 0:
        if left.total == 0:
            raise DomainError(f"Order {order.number} has been refunded in full.")
        raise DomainError("Choose what to give back: lines or an amount.")
    if not is_chargeable(parts.total, order.currency):
        size = format_money(step(order.currency), order.currency)
        raise DomainError(f"Refunds in {order.currency} are multiples of {size}.")


def _left(order: Order, lines: list[OrderLine], sold: Parts) -> Parts:
    standing = (
        Refund.objects.filter(payment__order=order)
        .exclude(status__in=GIVEN_UP)
        .exclude(payment__disposition__in=[Payment.Disposition.SURPLUS, Payment.Disposition.AUTO_REFUNDED])
    )
    sums = standing.aggregate(net=Sum("shipping_minor", default=0), tax=Sum("shipping_tax_minor", default=0))
    rows = (
        RefundLine.objects.filter(refund__in=standing)
        .values("line")
        .annotate(goods=Sum("goods_minor"), part=Sum("tax_minor"))
    )
    taken = {row["line"]: (row["goods"], row["part"]) for row in rows}
    by_line = [taken.get(line.pk, (0, 0)) for line in lines]
    refunded = Parts(tuple(goods for goods, _ in by_line), tuple(tax for _, tax in by_line), sums["net"], sums["tax"])
    return sold.minus(refunded)
