"""What came after a sale in a history: refunds, parcels, cancellations."""

from core.errors import DomainError
from core.making import Maker
from history.fields import BadLine
from history.plan import Parcel
from history.records import CancelRecord, RefundRecord, ShipRecord
from history.refs import World
from history.states import OrderState, RefundState
from history.writers_payments import known_order
from orders.models import Fulfilment, FulfilmentLine, Order
from orders.splitting import Asked, Parts, split_refund
from payments.models import Refund, RefundLine

Status = Order.Status
_make_parcel, _make_parcel_line = Maker(Fulfilment), Maker(FulfilmentLine)
STANDING = (Refund.Status.SUCCEEDED, Refund.Status.PENDING)
REFUND_KINDS = {
    "succeeded": "refunded",
    "pending": "refund_pending",
    "failed": "refund_failed",
    "canceled": "refund_canceled",
}


def add_refund(world: World, record: RefundRecord) -> Refund:
    """Plan a refund; what stands (succeeded or pending) is taken from what is refundable. Raises BadLine."""
    state = known_order(world, record.order)
    payment = state.payment
    if state.order.paid_at is None or payment is None:
        raise BadLine("order", f"{record.order} has not been paid")
    if record.at < state.order.paid_at:
        raise BadLine("at", "lies before the order was paid")
    filled = dict(state.fill(((row.product, row.quantity) for row in record.lines), "refund"))
    parts = _split(state, record, filled)
    refund = _refund(record, state, parts)
    rows = _rows(refund, state, parts, filled)
    known = RefundState(refund, state, rows, is_new=True)
    world.refunds[record.ref] = known
    world.plan.refunds.append(known)
    if refund.status in STANDING:
        payment.refund_committed_minor += parts.total
        _take(world, known, parts, _restocked(state, record))
    _note(world, known, record)
    return refund


def add_parcel(world: World, record: ShipRecord) -> Fulfilment:
    """Plan a parcel; the last one fulfils the order. Raises BadLine."""
    state = known_order(world, record.order)
    order = state.order
    if order.paid_at is None:
        raise BadLine("order", f"{record.order} has not been paid")
    if order.status == Status.CANCELED:
        raise BadLine("order", f"{record.order} was canceled")
    if record.lines:
        sent = state.fill(((row.product, row.quantity) for row in record.lines), "ship")
    else:
        sent = [(place, line.quantity_to_ship) for place, line in enumerate(state.lines) if line.quantity_to_ship]
    if not sent:
        raise BadLine("order", f"there is nothing left to ship of {record.order}")
    parcel = _make_parcel(order=order, at=record.at)
    rows = [_make_parcel_line(fulfilment=parcel, line=state.lines[place], quantity=units) for place, units in sent]
    for row in rows:
        row.line.quantity_fulfilled += row.quantity
    world.plan.parcels.append(Parcel(parcel, rows))
    world.plan.touch(state)
    units = sum(row.quantity for row in rows)
    world.plan.note(order, "shipped", record.at, about=("fulfilment", parcel), units=units)
    state.sent_at = max(state.sent_at or record.at, record.at)
    if not any(line.quantity_to_ship for line in state.lines):
        order.status, order.fulfilled_at = Status.FULFILLED, state.sent_at
        world.plan.moved(order, record.at, Status.PAID.value, Status.FULFILLED.value)
    return parcel


def add_cancel(world: World, record: CancelRecord) -> Order:
    """Plan a cancellation; it refunds nothing, and changes nothing for an order that is canceled. Raises BadLine."""
    state = known_order(world, record.order)
    order = state.order
    if order.status == Status.CANCELED:
        return order
    if order.paid_at is not None:
        _refuse_cancel(state, record.order)
        for line in state.lines:
            line.quantity_canceled = line.quantity_to_ship
    elif state.holds_stock:
        for line in state.lines:
            world.shelf.release(line.variant_id, line.quantity)
    source = order.status
    order.status, order.canceled_at = Status.CANCELED, record.at
    order.cancel_reason = record.reason if len(record.reason) <= 30 else f"{record.reason[:29]}…"
    world.plan.touch(state)
    world.plan.moved(order, record.at, source, Status.CANCELED.value)
    return order


def _refuse_cancel(state: OrderState, ref: str) -> None:
    if any(line.quantity_fulfilled for line in state.lines):
        raise BadLine("order", f"something of {ref} has been shipped")
    if state.payment is not None and state.payment.refundable_minor:
        raise BadLine("order", f"{state.payment.refundable_minor} of {ref} has not been refunded")


def _split(state: OrderState, record: RefundRecord, filled: dict[int, int]) -> Parts:
    asked = Asked(record.amount, record.goods, record.shipping, record.tax, state.units(filled.items()))
    names = {"amount": record.amount, "goods": record.goods, "shipping": record.shipping, "tax": record.tax}
    field = next((name for name, value in names.items() if value is not None), "lines")
    try:
        parts = split_refund(asked, sold=state.sold, left=state.left)
    except DomainError as error:
        raise BadLine(field, error.message) from error
    if parts.total == 0:
        raise BadLine(field, "comes to nothing")
    return parts


def _refund(record: RefundRecord, state: OrderState, parts: Parts) -> Refund:
    has_ended = record.status in ("failed", "canceled")
    return Refund(
        payment=state.payment,
        amount_minor=parts.total,
        shipping_minor=parts.shipping,
        shipping_tax_minor=parts.shipping_tax,
        currency=state.order.currency,
        status=record.status,
        source=Refund.Source.EXTERNAL,
        created_at=record.at,
        refunded_at=record.at if record.status == "succeeded" else None,
        failed_at=record.at if has_ended else None,
    )


def _rows(refund: Refund, state: OrderState, parts: Parts, filled: dict[int, int]) -> dict[int, RefundLine]:
    return {
        place: RefundLine(
            refund=refund,
            line=line,
            quantity=filled.get(place, 0),
            goods_minor=parts.goods[place],
            tax_minor=parts.tax[place],
        )
        for place, line in enumerate(state.lines)
        if place in filled or parts.goods[place] or parts.tax[place]
    }


def _restocked(state: OrderState, record: RefundRecord) -> dict[int, int]:
    """Return how many of the named units of each line went back on the shelf, filled in the order of the file."""
    room = [line.quantity - line.quantity_refunded for line in state.lines]
    back: dict[int, int] = {}
    for row in record.lines:
        rest = row.quantity
        for place, line in enumerate(state.lines):
            part = min(rest, room[place]) if line.sku == row.product else 0
            room[place] -= part
            rest -= part
            if part:
                back[place] = back.get(place, 0) + (part if row.restock else 0)
    return back


def _take(world: World, known: RefundState, parts: Parts, restocked: dict[int, int]) -> None:
    """Take a refund that stands from what is refundable, and bring its units back to the shelf."""
    state, refund = known.state, known.refund
    state.left = state.left.minus(parts)
    if refund.status == Refund.Status.SUCCEEDED:
        state.order.refunded_minor += parts.total
    for place, row in known.rows.items():
        line, back = state.lines[place], restocked.get(place, 0)
        line.quantity_refunded += row.quantity
        line.quantity_restocked += back
        if back:
            row.restock, row.unsellable_quantity = RefundLine.Restock.RETURNED, row.quantity - back
        if back and not state.order.is_test:
            world.shelf.restock(line.variant_id, back, cause=row, at=refund.created_at)
    world.plan.touch(state)


def _note(world: World, known: RefundState, record: RefundRecord) -> None:
    amount, about = known.refund.amount_minor, ("refund", known.refund)
    kind = REFUND_KINDS[record.status]
    world.plan.note(known.state.order, kind, record.at, about=about, by="import", amount_minor=amount)
