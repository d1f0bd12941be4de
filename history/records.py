"""What a line of a history file says, by type: one record each."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple


@dataclass(slots=True)
class CustomerRecord:
    """A buyer."""

    ref: str
    email: str
    verified: bool = False
    name: str = ""
    created_at: datetime | None = None


@dataclass(slots=True)
class ProductRecord:
    """A variant; `stock` is its opening count, None where it is not tracked."""

    ref: str
    name: str
    category: str = ""
    price: int | None = None
    cost: int | None = None
    currency: str = ""
    stock: int | None = None


@dataclass(slots=True)
class Item:
    """A row of an order; discount and tax are for the whole row, cost for a unit."""

    product: str
    quantity: int
    unit_price: int
    discount: int = 0
    tax: int | None = None
    cost: int | None = None


@dataclass(slots=True)
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


@dataclass(slots=True)
class AttemptRecord:
    """A try at paying; without `order` it is nothing but that."""

    intent: str
    at: datetime
    outcome: str
    order: str = ""
    code: str = ""
    currency: str = ""
    amount: int | None = None


@dataclass(slots=True)
class Units:
    """Units of a product that a refund or a parcel names."""

    product: str
    quantity: int
    restock: bool = False


@dataclass(slots=True)
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


@dataclass(slots=True)
class SettlementRecord:
    """How a refund ended, or that it came back afterwards: the type of the line says which."""

    refund: str
    at: datetime


@dataclass(slots=True)
class DisputeRecord:
    """A bank's asking for the money back, or its question; without `outcome` it is open."""

    ref: str
    order: str
    at: datetime
    amount: int
    inquiry: bool = False
    outcome: str = ""
    closed_at: datetime | None = None


@dataclass(slots=True)
class TransactionRecord:
    """A movement of the balance at Stripe, signed; `payout` is the one that it is a part of."""

    ref: str
    reporting_category: str
    amount: int
    fee: int
    net: int
    currency: str
    at: datetime
    source: str = ""
    payout: str = ""


@dataclass(slots=True)
class PayoutRecord:
    """Money sent to the bank, or taken from it."""

    ref: str
    amount: int
    currency: str
    arrives_on: date
    automatic: bool = True
    status: str = "paid"


@dataclass(slots=True)
class CancelRecord:
    """An order called off."""

    order: str
    at: datetime
    reason: str = ""


@dataclass(slots=True)
class CartRecord:
    """A bag that somebody began; with `order`, the one that this came of."""

    at: datetime
    checkout_at: datetime | None = None
    order: str = ""


@dataclass(slots=True)
class ShipRecord:
    """A parcel; without lines it takes all that is left."""

    order: str
    at: datetime
    lines: tuple[Units, ...] = ()


@dataclass(slots=True)
class StockRecord:
    """Units that came or went other than by sale."""

    product: str
    at: datetime
    delta: int
    reason: str


@dataclass(slots=True)
class WishRecord:
    """A wish of a customer for a product, or its end: the type of the line says which."""

    customer: str
    product: str
    at: datetime


type Record = (
    CustomerRecord
    | ProductRecord
    | OrderRecord
    | AttemptRecord
    | RefundRecord
    | SettlementRecord
    | DisputeRecord
    | TransactionRecord
    | PayoutRecord
    | CancelRecord
    | CartRecord
    | ShipRecord
    | StockRecord
    | WishRecord
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
