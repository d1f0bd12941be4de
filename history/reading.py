"""One line of a history file as a typed record. What only the line itself can tell is checked here."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from history import fields
from history.fields import BadLine, Field, Schema, shown

LONGEST_LINE = 1_048_576  # bytes
MOST_ROWS = 1_000  # lines of an order
NOT_YET = frozenset("payment_attempt refund_succeeded refund_failed cart dispute balance_transaction payout".split())


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A buyer."""

    ref: str
    email: str
    verified: bool = False
    name: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A variant; `stock` is its opening count, None where it is not tracked."""

    ref: str
    name: str
    category: str = ""
    price: int | None = None
    cost: int | None = None
    currency: str = ""
    stock: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A row of an order; discount and tax are for the whole row, cost for a unit."""

    product: str
    quantity: int
    unit_price: int
    discount: int = 0
    tax: int | None = None
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """A purchase; unpaid without `paid_at`. `tax` is that of the whole order, in place of taxes of its rows."""

    ref: str
    currency: str
    placed_at: datetime
    lines: tuple[Item, ...]
    customer: str = ""
    email: str = ""
    paid_at: datetime | None = None
    test: bool = False
    country: str = ""
    prices_include_tax: bool = False
    discount: int = 0
    discount_code: str = ""
    shipping: int = 0
    shipping_discount: int = 0
    shipping_tax: int = 0
    tax: int | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a product that a refund or a parcel names."""

    product: str
    quantity: int
    restock: bool = False


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """Money given back, as an amount, by parts, or by units."""

    ref: str
    order: str
    at: datetime
    amount: int | None = None
    goods: int | None = None
    shipping: int | None = None
    tax: int | None = None
    lines: tuple[Units, ...] = ()
    status: str = "succeeded"


@dataclass(frozen=True, slots=True)
class CancelRecord:
    """An order called off."""

    order: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShipRecord:
    """A parcel; without lines it takes all that is left."""

    order: str
    at: datetime
    lines: tuple[Units, ...] = ()


@dataclass(frozen=True, slots=True)
class StockRecord:
    """Units that came or went other than by sale."""

    product: str
    at: datetime
    delta: int
    reason: str


@dataclass(frozen=True, slots=True)
class WishRecord:
    """A wish of a customer for a product, or its end: the type of the line says which."""

    customer: str
    product: str
    at: datetime


type Record = (
    CustomerRecord | ProductRecord | OrderRecord | RefundRecord | CancelRecord | ShipRecord | StockRecord | WishRecord
)


class Line(NamedTuple):
    """A line that was read: its place in the file, and the digest that tells whether its content is known."""

    number: int
    type: str
    ref: str
    digest: str
    record: Record

    @property
    def weight(self) -> int:
        """How many rows it is made of, itself included."""
        return 1 + len(getattr(self.record, "lines", ()))


class Kind(NamedTuple):
    """A type of line."""

    schema: Schema
    make: Callable[..., Record]
    check: Callable[[Any], None] | None = None


def read_line(number: int, raw: bytes) -> Line:
    """Return a line of the file. Raises BadLine."""
    given = _parse(raw)
    name = given.get("type")
    if isinstance(name, str) and name in NOT_YET:
        raise BadLine("type", f"{name} is not supported by this version")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadLine("type", f"{shown(name)} is no type of line" if name is not None else "is missing")
    digest = hashlib.sha256(json.dumps(given, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    del given["type"]
    record = kind.make(**kind.schema.read(given))
    if kind.check is not None:
        kind.check(record)
    return Line(number, str(name), getattr(record, "ref", digest), digest, record)


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > LONGEST_LINE:
        raise BadLine("line", f"is longer than {LONGEST_LINE} bytes")
    try:
        given = json.loads(raw.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise BadLine("line", "is not UTF-8") from None
    except RecursionError:
        raise BadLine("line", "is nested too deeply") from None
    except ValueError as error:
        raise BadLine("line", f"is not JSON ({shown(error)})") from None
    if not isinstance(given, dict):
        raise BadLine("line", f"must be an object, not {fields.kind_of(given)}")
    return given


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise BadLine(shown(next(name for name in names if names.count(name) > 1)), "is given twice")
    return found


def _refuse_constant(name: str) -> None:
    raise BadLine("line", f"holds {name}, which is no number")


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
                "status": fields.choice("succeeded", "pending", "failed", "canceled"),
            },
        ),
        RefundRecord,
        _check_refund,
    ),
    "cancel": Kind(_schema("cancel", {"order": REF, "at": _AT}, {"reason": fields.text(200)}), CancelRecord),
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
