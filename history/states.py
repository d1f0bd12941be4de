"""Orders as the lines of a history find them: the rows, and what of their money is still refundable."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from django.db.models import Max, Q, Sum

from history.fields import BadLine
from orders.ledger import RefundedLine
from orders.models import Fulfilment, Order, OrderLine
from orders.splitting import Parts, Units, parts_of
from payments.models import Payment, Refund, RefundLine
from payments.refunds import GIVEN_UP

ORDER_FIELDS = (
    "status",
    "refunded_minor",
    "fulfilled_at",
    "canceled_at",
    "cancel_reason",
    "held_at",
    "hold_reason",
)
LINE_FIELDS = ("quantity_fulfilled", "quantity_canceled", "quantity_refunded", "quantity_restocked")
PAYMENT_FIELDS = ("refund_committed_minor",)
REFUND_FIELDS = ("status", "refunded_at", "failed_at")


class OrderState:
    """An order with its lines and the payment that was applied; `left` is what could still be given back.

    `unpaid` is the payment that the attempts of an order belong to which nobody has paid, `sent_at` the time of its
    last parcel so far, `has_bag` whether the bag that it came of is known.
    """

    unpaid: Payment | None = None
    sent_at: datetime | None = None
    has_bag: bool = False

    def __init__(
        self, ref: str, order: Order, lines: Sequence[OrderLine], payment: Payment | None, *, is_new: bool
    ) -> None:
        self.ref, self.order, self.lines, self.payment, self.is_new = ref, order, list(lines), payment, is_new

    @cached_property
    def sold(self) -> Parts:
        """What it was paid for, by bucket."""
        return parts_of(self.order, self.lines)

    @cached_property
    def left(self) -> Parts:
        """What could still be given back, by bucket; set anew with each refund."""
        return self.sold

    @property
    def holds_stock(self) -> bool:
        """Whether its lines are reserved: unpaid, and not past its time when it was imported."""
        order = self.order
        return order.status == Order.Status.PENDING and order.expires_at is not None and not order.is_test

    def fill(self, wanted: Iterable[tuple[str, int]], free: str) -> list[tuple[int, int]]:
        """Return (place of the line, units) for products and quantities, filled in the order of the lines.

        `free` names the attribute of a line that says how many units it still has for this. Raises BadLine.
        """
        room = [_free(line, free) for line in self.lines]
        taken: dict[int, int] = defaultdict(int)
        for row, (sku, quantity) in enumerate(wanted):
            rest = quantity
            for place, line in enumerate(self.lines):
                if line.sku == sku and rest and room[place]:
                    part = min(rest, room[place])
                    room[place] -= part
                    taken[place] += part
                    rest -= part
            if rest:
                known = any(line.sku == sku for line in self.lines)
                why = f"{quantity} is {rest} more than is left of {sku}" if known else f"the order has no {sku}"
                raise BadLine(f"lines[{row}].{'quantity' if known else 'product'}", why)
        return sorted(taken.items())

    def units(self, filled: Iterable[tuple[int, int]]) -> list[Units]:
        """Return filled lines as the splitting of a refund takes them."""
        return [
            Units(place, quantity, of=self.lines[place].quantity, before=self.lines[place].quantity_refunded)
            for place, quantity in filled
        ]


def _free(line: OrderLine, free: str) -> int:
    return line.quantity_to_ship if free == "ship" else line.quantity - line.quantity_refunded


class Remembered(NamedTuple):
    """A refund apart from its order, which is kept by itself: both change."""

    order_ref: str
    refund: Refund
    rows: dict[int, RefundLine]


@dataclass
class RefundState:
    """A refund with its rows by the place of their line."""

    refund: Refund
    state: OrderState
    rows: dict[int, RefundLine]
    is_new: bool = False

    def alone(self) -> "Remembered":
        """Return what a dry run keeps of it."""
        return Remembered(self.state.ref, self.refund, self.rows)

    @property
    def parts(self) -> Parts:
        """Its money, by bucket."""
        places, refund = range(len(self.state.lines)), self.refund
        return Parts(
            tuple(self.rows[place].goods_minor if place in self.rows else 0 for place in places),
            tuple(self.rows[place].tax_minor if place in self.rows else 0 for place in places),
            refund.shipping_minor,
            refund.shipping_tax_minor,
        )

    @property
    def returned(self) -> list[RefundedLine]:
        """Its rows as the ledger takes them."""
        return [
            RefundedLine(self.state.lines[place], row.quantity, row.goods_minor, row.tax_minor, row.restocked_quantity)
            for place, row in sorted(self.rows.items())
        ]


def load_states(refs: dict[int, str]) -> dict[int, OrderState]:
    """Lock the orders with these ids (and references) and return them by id with all theirs. Needs a transaction."""
    if not refs:
        return {}
    orders = {order.pk: order for order in Order.objects.filter(pk__among=refs).lock()}
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order_id__among=orders).order_by("order_id", "position"):
        line.order = orders[line.order_id]
        lines[line.order_id].append(line)
    states = {pk: OrderState(refs[pk], order, lines[pk], None, is_new=False) for pk, order in orders.items()}
    ours = Q(disposition=Payment.Disposition.APPLIED) | Q(tender=Payment.Tender.IMPORTED)
    for payment in Payment.objects.filter(ours, order_id__among=orders).lock():
        payment.order = orders[payment.order_id]
        is_applied = payment.disposition == Payment.Disposition.APPLIED
        setattr(states[payment.order_id], "payment" if is_applied else "unpaid", payment)
    for pk, sent_at in Fulfilment.objects.filter(order_id__among=orders).order_by().values_list("order", Max("at")):
        states[pk].sent_at = sent_at
    _take_refunds(states)
    return states


def load_refunds(refunds: Iterable[Refund], states: dict[int, OrderState]) -> dict[int, RefundState]:
    """Return refunds by id with their rows. They come with their payments; `states` holds their orders, locked."""
    found = {
        refund.pk: RefundState(refund, states[refund.payment.order_id], {})
        for refund in refunds
        if refund.payment.order_id in states
    }
    places = {line.pk: place for known in found.values() for place, line in enumerate(known.state.lines)}
    for row in RefundLine.objects.filter(refund_id__among=found):
        found[row.refund_id].rows[places[row.line_id]] = row
    return found


def _take_refunds(states: dict[int, OrderState]) -> None:
    """Take from what is refundable all that was refunded, or is promised, before."""
    standing = Refund.objects.filter(payment__order_id__among=states).exclude(status__in=GIVEN_UP)
    shipping = {
        row["payment__order"]: (row["net"], row["tax"])
        for row in standing.order_by()
        .values("payment__order")
        .annotate(net=Sum("shipping_minor"), tax=Sum("shipping_tax_minor"))
    }
    taken = {
        row["line"]: (row["goods"], row["tax"])
        for row in RefundLine.objects.filter(refund__in=standing)
        .values("line")
        .annotate(goods=Sum("goods_minor"), tax=Sum("tax_minor"))
    }
    for pk, (net, tax) in shipping.items():
        state = states[pk]
        parts = [taken.get(line.pk, (0, 0)) for line in state.lines]
        refunded = Parts(tuple(goods for goods, _ in parts), tuple(part for _, part in parts), net, tax)
        state.left = state.sold.minus(refunded)
