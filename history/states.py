"""Orders as the lines of a history find them: the rows, and what of their money is still refundable."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Sum

from history.fields import BadLine
from orders.models import Order, OrderLine
from orders.splitting import Parts, Units, parts_of
from payments.models import Payment, Refund, RefundLine
from payments.refunds import GIVEN_UP

ORDER_FIELDS = ("status", "refunded_minor", "fulfilled_at", "canceled_at", "cancel_reason")
LINE_FIELDS = ("quantity_fulfilled", "quantity_canceled", "quantity_refunded", "quantity_restocked")
PAYMENT_FIELDS = ("refund_committed_minor",)


class OrderState:
    """An order with its lines and the payment that was applied; `left` is what could still be given back."""

    def __init__(self, order: Order, lines: Sequence[OrderLine], payment: Payment | None, *, is_new: bool) -> None:
        self.order, self.lines, self.payment, self.is_new = order, list(lines), payment, is_new
        self.sold = parts_of(order, self.lines)
        self.left = self.sold

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


def load_states(order_ids: Iterable[int]) -> dict[int, OrderState]:
    """Lock orders with what belongs to them and return their states by id. Needs a transaction."""
    orders = {order.pk: order for order in Order.objects.filter(pk__in=set(order_ids)).lock()}
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=orders).order_by("order_id", "position"):
        line.order = orders[line.order_id]
        lines[line.order_id].append(line)
    payments = {}
    for payment in Payment.objects.applied().filter(order__in=orders).lock():
        payment.order = orders[payment.order_id]
        payments[payment.order_id] = payment
    states = {pk: OrderState(order, lines[pk], payments.get(pk), is_new=False) for pk, order in orders.items()}
    _take_refunds(states)
    return states


def _take_refunds(states: dict[int, OrderState]) -> None:
    """Take from what is refundable all that was refunded, or is promised, before."""
    standing = Refund.objects.filter(payment__order__in=states).exclude(status__in=GIVEN_UP)
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
