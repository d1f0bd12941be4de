"""Orders of a history: the rows of a sale, or of an order that nobody paid."""

import hashlib
from datetime import datetime

from accounts.models import canonical_email
from core.making import Maker
from history.amounts import Sums, sums_of
from history.fields import BadLine
from history.records import OrderRecord
from history.refs import Goods, World
from history.states import OrderState
from history.writers_catalogue import known_goods
from orders.models import Order, OrderLine
from payments.models import Payment

Status = Order.Status
_make_order, _make_line, _make_payment = Maker(Order), Maker(OrderLine), Maker(Payment)


def add_order(world: World, record: OrderRecord) -> Order:
    """Plan an order with its lines, its payment and its timeline; take or hold its stock. Raises BadLine."""
    goods = [known_goods(world, item.product, f"lines[{i}].product") for i, item in enumerate(record.lines)]
    sums = sums_of(record)
    order = _order(world, record, sums)
    lines = _lines(order, record, goods, sums)
    payment = _payment(order, record.paid_at) if record.paid_at is not None else None
    state = OrderState(record.ref, order, lines, payment, is_new=True)
    world.orders[record.ref] = state
    world.plan.sales.append(state)
    _tell(world, order)
    _take_stock(world, state)
    return order


def _order(world: World, record: OrderRecord, sums: Sums) -> Order:
    if record.customer:
        customer = world.customers.get(record.customer)
        if customer is None:
            raise BadLine("customer", f"there is no customer {record.customer}")
        email = customer.email_canonical
    else:
        email = record.email
        customer = world.buyers[canonical_email(email)]
    expires_at = record.placed_at + world.expiry
    is_open = record.paid_at is None and expires_at > world.now
    return _make_order(
        customer=customer,
        email=email,
        status=Status.PENDING if record.paid_at is None else Status.PAID,
        checkout_key=_key(world.source, record.ref),
        country=record.country,
        currency=record.currency,
        items_minor=sums.items_minor,
        discount_minor=sums.discount_minor,
        shipping_minor=record.shipping,
        shipping_discount_minor=record.shipping_discount,
        tax_minor=sums.tax_minor,
        shipping_tax_minor=sums.shipping_tax_minor,
        total_minor=sums.total_minor,
        prices_include_tax=record.prices_include_tax,
        paid_minor=0 if record.paid_at is None else sums.total_minor,
        discount_code=record.discount_code,
        placed_at=record.placed_at,
        paid_at=record.paid_at,
        # Past its time and unpaid: it holds no stock, and what marks it for `importing.expire` is that it has no time.
        expires_at=expires_at if is_open or record.paid_at is not None else None,
        is_test=record.test,
    )


def _lines(order: Order, record: OrderRecord, goods: list[Goods], sums: Sums) -> list[OrderLine]:
    return [
        _make_line(
            order=order,
            position=position,
            variant_id=sold.variant_id,
            sku=sold.sku,
            name=sold.name,
            variant_name=sold.label,
            quantity=item.quantity,
            unit_price_minor=item.unit_price,
            discount_minor=sums.discounts[position - 1],
            tax_minor=sums.taxes[position - 1],
            total_minor=sums.totals[position - 1],
            unit_cost_minor=item.cost,
        )
        for position, (item, sold) in enumerate(zip(record.lines, goods, strict=True), start=1)
    ]


def _payment(order: Order, paid_at: datetime) -> Payment:
    return _make_payment(
        order=order,
        tender=Payment.Tender.IMPORTED if order.total_minor else Payment.Tender.FREE,
        amount_minor=order.total_minor,
        captured_minor=order.total_minor,
        currency=order.currency,
        status=Payment.Status.SUCCEEDED,
        disposition=Payment.Disposition.APPLIED,
        succeeded_at=paid_at,
        created_at=paid_at,
    )


def _tell(world: World, order: Order) -> None:
    world.plan.note(order, "placed", order.placed_at, moved=("", Status.PENDING.value), by="import")
    if order.paid_at is not None:
        world.plan.moved(order, order.paid_at, Status.PENDING.value, Status.PAID.value)


def _take_stock(world: World, state: OrderState) -> None:
    order = state.order
    if order.is_test:
        return
    for line in state.lines:
        if order.paid_at is not None:
            world.shelf.sell(line.variant_id, line.quantity, cause=line, at=order.paid_at)
        elif state.holds_stock:
            world.shelf.reserve(line.variant_id, line.quantity, cause=line, at=order.placed_at)


def _key(source: str, ref: str) -> str:
    return f"import:{hashlib.sha256(f'{source}\0{ref}'.encode()).hexdigest()[:57]}"
