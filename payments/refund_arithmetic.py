"""The arithmetic of a refund: which units, how much of which bucket, and what is refused. Reads no table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import DomainError, NotAllowedInState
from core.money import format_money, is_chargeable, step
from orders.models import Order, OrderLine
from orders.splitting import Asked, Parts, Units, split_refund
from orders.transitions import Status
from payments.models import Payment, RefundLine

Restock = RefundLine.Restock


@dataclass(frozen=True)
class RefundChoice:
    """What somebody asks to give back: an amount, or units of lines (line id -> quantity), or all of it.

    `expected_minor` is the sum that they were shown: another one is refused. Units that are restocked as `canceled`
    were never sent, and are not sent any more; `unsellable` (line id -> quantity) are not restocked after all.
    `paid_elsewhere` says how the money of an imported payment went back.
    """

    amount_minor: int | None = None
    units: Mapping[int, int] = field(default_factory=dict)
    with_shipping: bool = False
    everything: bool = False
    restock: Restock = Restock.NONE
    unsellable: Mapping[int, int] = field(default_factory=dict)
    reason: str = ""
    expected_minor: int | None = None
    paid_elsewhere: str = ""


@dataclass(frozen=True)
class RefundPlan:
    """A refund as it would be: by bucket, and what could still be refunded before and after it."""

    order: Order
    payment: Payment
    lines: tuple[OrderLine, ...]
    parts: Parts
    units: Mapping[int, int]
    left: Parts
    others_wait: bool = False

    @property
    def amount_minor(self) -> int:
        """What the customer gets back."""
        return self.parts.total

    @property
    def left_after_minor(self) -> int:
        """What could still be refunded afterwards."""
        return self.left.total - self.parts.total

    @property
    def cancels_order(self) -> bool:
        """Whether nothing of the order is left to do: all of it is given back and nothing was shipped.

        Not while another refund waits: it may be rejected, and then the order keeps money.
        """
        shipped = any(line.quantity_fulfilled for line in self.lines)
        is_all = self.left_after_minor == 0 and not self.others_wait
        return is_all and not shipped and self.order.status == Status.PAID

    @property
    def is_elsewhere(self) -> bool:
        """Whether the money goes back by other means than Stripe: the payment was not taken through it."""
        return self.payment.tender == Payment.Tender.IMPORTED


def refuse_tender(order: Order, payment: Payment, choice: RefundChoice) -> None:
    """Raise NotAllowedInState where the money cannot go back in the way that was chosen."""
    if payment.tender == Payment.Tender.FREE:
        raise NotAllowedInState(f"Nothing was charged for order {order.number}, so there is nothing to refund.")
    if payment.tender == Payment.Tender.STRIPE and choice.paid_elsewhere:
        raise NotAllowedInState(
            f"Order {order.number} was paid through Stripe, so its refund goes back through Stripe."
        )


def refuse_sent(units: Mapping[int, int], lines: Sequence[OrderLine]) -> None:
    """Raise DomainError if units that shall not be sent any more have been sent: line id -> quantity."""
    for line in lines:
        if units.get(line.pk, 0) > line.quantity_to_ship:
            raise DomainError(f"Of {line.name} {line.quantity_to_ship} are not sent yet, not {units[line.pk]}.")


def units_asked(choice: RefundChoice, lines: Sequence[OrderLine]) -> dict[int, int]:
    """Return the units that a choice names, line id -> quantity. Raises DomainError for more than a line still has."""
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


def parts_asked(
    choice: RefundChoice,
    units: Mapping[int, int],
    lines: Sequence[OrderLine],
    *,
    sold: Parts,
    left: Parts,
    currency: str,
) -> Parts:
    """Return what a choice with these units gives back, by bucket. Raises DomainError for more than is left."""
    if choice.everything:
        return left
    named = tuple(
        Units(place, units[line.pk], of=line.quantity, before=line.quantity_refunded)
        for place, line in enumerate(lines)
        if line.pk in units
    )
    if choice.amount_minor is not None:
        _refuse_amount(choice.amount_minor, left, currency)
    try:
        parts = split_refund(Asked(amount=choice.amount_minor, units=named), sold=sold, left=left)
    except DomainError as error:
        raise DomainError(
            "Less is left of these lines than those units cost, because an amount was given back before. "
            "Give back an amount, or everything that is left."
        ) from error
    if choice.with_shipping:
        parts = Parts(parts.goods, parts.tax, left.shipping, left.shipping_tax)
    return parts


def rounded_down(parts: Parts, currency: str) -> Parts:
    """Return the parts brought down to a sum that can be refunded; what that leaves goes with the last refund.

    Only currencies with a step need it (KWD in tens): a third of a line rarely is a multiple of ten.
    """
    over = parts.total % step(currency)
    goods, tax = list(parts.goods), list(parts.tax)
    for bucket in (goods, tax):
        for place, amount in enumerate(bucket):
            bucket[place], over = amount - min(amount, over), over - min(amount, over)
    return Parts(tuple(goods), tuple(tax), parts.shipping, parts.shipping_tax)


def refuse_unusable(order: Order, payment: Payment, parts: Parts, left: Parts) -> None:
    """Raise DomainError for a refund of nothing, and for one that Stripe would not take."""
    if parts.total <= 0:
        if left.total == 0:
            raise DomainError(f"Order {order.number} has been refunded in full.")
        raise DomainError("Choose what to give back: lines or an amount.")
    if payment.tender == Payment.Tender.STRIPE and not is_chargeable(parts.total, order.currency):
        size = format_money(step(order.currency), order.currency)
        raise DomainError(f"Refunds in {order.currency} are multiples of {size}.")


def _refuse_amount(amount: int, left: Parts, currency: str) -> None:
    if amount <= 0:
        raise DomainError("The amount to give back must be more than nothing.")
    if amount > left.total:
        raise DomainError(f"At most {format_money(left.total, currency)} of this order can still be given back.")
