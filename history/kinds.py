"""The types of line that a history file may hold: their fields, and what of a line must agree with itself."""

from collections.abc import Callable
from typing import Any, NamedTuple

from history import fields
from history.fields import BadLine, Field, Schema
from history.records import (
    AttemptRecord,
    CancelRecord,
    CartRecord,
    CustomerRecord,
    DisputeRecord,
    Item,
    OrderRecord,
    PayoutRecord,
    ProductRecord,
    Record,
    RefundRecord,
    SettlementRecord,
    ShipRecord,
    StockRecord,
    TransactionRecord,
    Units,
    WishRecord,
)
from payments.models import Dispute, PaymentAttempt, Refund

MOST_ROWS = 1_000  # lines of an order


class Kind(NamedTuple):
    """A type of line."""

    schema: Schema
    make: Callable[..., Record]
    check: Callable[[Any], None] | None = None


def _rows(schema: Schema, make: Callable[..., Any], most: int) -> Callable[[Any], tuple[Any, ...]]:
    def convert(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise ValueError(f"must be a list, not {fields.kind_of(value)}")
        if not 1 <= len(value) <= most:
            raise ValueError(f"must hold 1 to {most} rows")
        return tuple(make(**schema.read(row, f"lines[{index}].")) for index, row in enumerate(value))

    return convert


def _check_order(order: OrderRecord) -> None:
    if bool(order.customer) == bool(order.email):
        raise BadLine("customer", "an order has either a customer or an email")
    has_line_tax = any(item.tax is not None for item in order.lines)
    if order.tax is not None and (has_line_tax or order.shipping_tax):
        raise BadLine("tax", "stands beside the taxes of lines or delivery; give one or the other")
    for index, item in enumerate(order.lines):
        if item.discount > item.quantity * item.unit_price:
            raise BadLine(f"lines[{index}].discount", "is more than the line")
    if order.shipping_discount > order.shipping:
        raise BadLine("shipping_discount", "is more than the shipping")


def _check_refund(refund: RefundRecord) -> None:
    by_parts = any(part is not None for part in (refund.goods, refund.shipping, refund.tax))
    if refund.amount is not None and by_parts:
        raise BadLine("amount", "stands beside goods, shipping or tax; give one or the other")
    if refund.amount is None and not by_parts and not refund.lines:
        raise BadLine("amount", "a refund needs an amount, goods, shipping, tax or lines")
    if refund.lines and by_parts and refund.goods is None:
        raise BadLine("lines", "may stand alone, beside an amount, or beside goods")


def _check_dispute(dispute: DisputeRecord) -> None:
    if dispute.closed_at is not None and not dispute.outcome:
        raise BadLine("closed_at", "stands without an outcome")
    if dispute.closed_at is not None and dispute.closed_at < dispute.at:
        raise BadLine("closed_at", "lies before the dispute was opened")
    if dispute.outcome and dispute.inquiry != (dispute.outcome == Dispute.Outcome.INQUIRY_CLOSED):
        raise BadLine("outcome", "an inquiry ends as inquiry_closed, a dispute as won or lost")


def _check_cart(cart: CartRecord) -> None:
    if cart.checkout_at is not None and cart.checkout_at < cart.at:
        raise BadLine("checkout_at", "lies before the bag was begun")


def _check_transaction(transaction: TransactionRecord) -> None:
    rest = transaction.amount - transaction.fee
    if transaction.net != rest:
        raise BadLine("net", f"{transaction.net} is not the amount less the fee ({rest})")


def _check_stock(stock: StockRecord) -> None:
    if stock.delta == 0:
        raise BadLine("delta", "must not be 0")


def _schema(name: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> Schema:
    return Schema(
        name,
        {field: Field(convert) for field, convert in required.items()}
        | {field: Field(convert, is_required=False) for field, convert in (optional or {}).items()},
    )


REF = fields.text(120, least=1)
SKU = fields.text(64, least=1)
_MONEY, _UNITS, _AT = fields.money, fields.quantity, fields.instant

ITEM = _schema(
    "a line of an order",
    {"product": SKU, "quantity": _UNITS, "unit_price": _MONEY},
    {"discount": _MONEY, "tax": _MONEY, "cost": _MONEY},
)
REFUNDED = _schema("a line of a refund", {"product": SKU, "quantity": _UNITS}, {"restock": fields.boolean})
SETTLED = {"refund": REF, "at": _AT}
WISH = {"customer": REF, "product": SKU, "at": _AT}
SENT = _schema("a line of a parcel", {"product": SKU, "quantity": _UNITS})

KINDS: dict[str, Kind] = {
    "customer": Kind(
        _schema(
            "customer",
            {"ref": REF, "email": fields.email},
            {"verified": fields.boolean, "name": fields.text(120), "created_at": _AT},
        ),
        CustomerRecord,
    ),
    "product": Kind(
        _schema(
            "product",
            {"ref": SKU, "name": fields.text(120, least=1)},
            {
                "category": fields.text(80),
                "price": _MONEY,
                "cost": _MONEY,
                "currency": fields.currency,
                "stock": fields.whole(0, fields.LARGEST_COUNT),
            },
        ),
        ProductRecord,
    ),
    "order": Kind(
        _schema(
            "order",
            {"ref": REF, "currency": fields.currency, "placed_at": _AT, "lines": _rows(ITEM, Item, MOST_ROWS)},
            {
                "customer": REF,
                "email": fields.email,
                "paid_at": _AT,
                "test": fields.boolean,
                "country": fields.country,
                "prices_include_tax": fields.boolean,
                "discount": _MONEY,
                "discount_code": fields.text(40),
                "shipping": _MONEY,
                "shipping_discount": _MONEY,
                "shipping_tax": _MONEY,
                "tax": _MONEY,
            },
        ),
        OrderRecord,
        _check_order,
    ),
    "payment_attempt": Kind(
        _schema(
            "payment_attempt",
            {"intent": REF, "at": _AT, "outcome": fields.choice(*PaymentAttempt.Outcome.values)},
            {"order": REF, "code": fields.text(60), "currency": fields.currency, "amount": _MONEY},
        ),
        AttemptRecord,
    ),
    "refund": Kind(
        _schema(
            "refund",
            {"ref": REF, "order": REF, "at": _AT},
            {
                "amount": _MONEY,
                "goods": _MONEY,
                "shipping": _MONEY,
                "tax": _MONEY,
                "lines": _rows(REFUNDED, Units, MOST_ROWS),
                "status": fields.choice(
                    Refund.Status.SUCCEEDED, Refund.Status.PENDING, Refund.Status.FAILED, Refund.Status.CANCELED
                ),
            },
        ),
        RefundRecord,
        _check_refund,
    ),
    "refund_succeeded": Kind(_schema("refund_succeeded", SETTLED), SettlementRecord),
    "refund_failed": Kind(_schema("refund_failed", SETTLED), SettlementRecord),
    "dispute": Kind(
        _schema(
            "dispute",
            {"ref": REF, "order": REF, "at": _AT, "amount": fields.whole(1, fields.LARGEST_MINOR)},
            {
                "inquiry": fields.boolean,
                "outcome": fields.choice(*filter(None, Dispute.Outcome.values)),
                "closed_at": _AT,
            },
        ),
        DisputeRecord,
        _check_dispute,
    ),
    "balance_transaction": Kind(
        _schema(
            "balance_transaction",
            {
                "ref": REF,
                "reporting_category": fields.text(60, least=1),
                "amount": fields.signed,
                "fee": fields.signed,
                "net": fields.signed,
                "currency": fields.currency,
                "at": _AT,
            },
            {"source": fields.text(255), "payout": REF},
        ),
        TransactionRecord,
        _check_transaction,
    ),
    "payout": Kind(
        _schema(
            "payout",
            {"ref": REF, "amount": fields.signed, "currency": fields.currency, "arrives_on": fields.day},
            {
                "automatic": fields.boolean,
                "status": fields.choice("paid", "pending", "in_transit", "failed", "canceled"),
            },
        ),
        PayoutRecord,
    ),
    "cancel": Kind(_schema("cancel", {"order": REF, "at": _AT}, {"reason": fields.text(200)}), CancelRecord),
    "cart": Kind(_schema("cart", {"at": _AT}, {"checkout_at": _AT, "order": REF}), CartRecord, _check_cart),
    "ship": Kind(
        _schema("ship", {"order": REF, "at": _AT}, {"lines": _rows(SENT, Units, MOST_ROWS)}),
        ShipRecord,
    ),
    "stock": Kind(
        _schema(
            "stock",
            {
                "product": SKU,
                "at": _AT,
                "delta": fields.whole(-fields.LARGEST_QUANTITY, fields.LARGEST_QUANTITY),
                "reason": fields.text(200, least=1),
            },
        ),
        StockRecord,
        _check_stock,
    ),
    "wish": Kind(_schema("wish", WISH), WishRecord),
    "unwish": Kind(_schema("unwish", WISH), WishRecord),
}
