"""What the lines of a batch refer to: found in sets, by reference, SKU and address."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from accounts.models import Customer, canonical_email
from history.models import ImportedRecord
from history.naming import is_stripe_id
from history.plan import Plan
from history.records import (
    CartRecord,
    CustomerRecord,
    DisputeRecord,
    Line,
    OrderRecord,
    PayoutRecord,
    ProductRecord,
    StockRecord,
    TransactionRecord,
    WishRecord,
)
from history.shelf import Shelf
from history.spool import Spool
from history.states import OrderState, RefundState, Remembered, load_refunds, load_states
from orders.models import Cart
from payments.models import BalanceTransaction, Dispute, Payout, PayoutItem, Refund
from products.models import Variant

# The type of what lines of a type refer to, which is also the name of the field that does.
REFERS_TO = {
    "order": "customer",
    "wish": "customer",
    "unwish": "customer",
    "payment_attempt": "order",
    "refund": "order",
    "dispute": "order",
    "ship": "order",
    "cancel": "order",
    "cart": "order",
    "refund_succeeded": "refund",
    "refund_failed": "refund",
    "balance_transaction": "payout",
}
type Known = dict[tuple[str, str], tuple[str, int | None]]
type Spooled = dict[tuple[str, str], Any]


class Goods(NamedTuple):
    """A variant as an order line freezes it."""

    variant_id: int
    product_id: int
    sku: str
    name: str
    label: str


@dataclass
class World:
    """What is known while a batch is read: from the database, from a dry run's spool, and from its own lines."""

    source: str
    now: datetime
    expiry: timedelta
    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    buyers: dict[str, Customer] = field(default_factory=dict)
    goods: dict[str, Goods] = field(default_factory=dict)
    coming: dict[str, Goods] = field(default_factory=dict)
    orders: dict[str, OrderState] = field(default_factory=dict)
    refunds: dict[str, RefundState] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)
    at_stripe: dict[str, BalanceTransaction | Payout | Dispute] = field(default_factory=dict)
    carriers: dict[int, int] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)

    def __post_init__(self) -> None:
        self.plan = Plan(self.source)

    def load(self, lines: Sequence[Line], spool: Spool | None) -> list[Line]:
        """Find everything that the lines refer to and return those that are new (or differ from what was)."""
        wanted = {(line.type, line.ref) for line in lines}.union(filter(None, map(_reference, lines)))
        known, spooled = self._known(wanted, spool)
        self.digests = {key: digest for key, (digest, _) in known.items()}
        fresh = [line for line in lines if self.digests.get((line.type, line.ref)) != line.digest]
        self._load_goods(fresh, spool)
        self._load_customers(fresh, known, spooled)
        self._load_orders(fresh, known, spooled, spool)
        self._load_bags(fresh)
        self._load_books(fresh, known, spooled)
        return fresh

    def variant_ids(self) -> set[int]:
        """Return every variant that the batch may move."""
        held = {line.variant_id for state in self.orders.values() for line in state.lines}
        return held | {goods.variant_id for goods in (*self.goods.values(), *self.coming.values())}

    def _known(self, wanted: Iterable[tuple[str, str]], spool: Spool | None) -> tuple[Known, Spooled]:
        """Return what was imported before of these types and references, and what a dry run remembers of them."""
        by_type: dict[str, list[str]] = defaultdict(list)
        for kind, ref in wanted:
            by_type[kind].append(ref)
        known: Known = {}
        spooled: Spooled = {}
        for kind, refs in by_type.items():
            rows = ImportedRecord.objects.filter(source=self.source, type=kind, ref__among=refs)
            for ref, digest, object_id in rows.values_list("ref", "digest", "object_id"):
                known[kind, ref] = (digest, object_id)
            for ref, (digest, thing) in (spool.get(kind, refs) if spool else {}).items():
                known.setdefault((kind, ref), (digest, None))
                spooled[kind, ref] = thing
        return known, spooled

    def _load_goods(self, lines: Iterable[Line], spool: Spool | None) -> None:
        skus = {sku for line in lines for sku in _skus(line)}
        for variant in Variant.objects.filter(sku__among=skus).select_related("product"):
            self.goods[variant.sku] = goods_of(variant)
        if spool:
            missing = skus - self.goods.keys()
            self.goods |= {sku: thing for sku, (_, thing) in spool.get("product", missing).items()}

    def _load_customers(self, lines: Iterable[Line], known: Known, spooled: Spooled) -> None:
        ids = _ids("customer", lines, known)
        keys = [pk for pk in ids.values() if pk is not None]
        found = {customer.pk: customer for customer in Customer.objects.filter(pk__among=keys)} if keys else {}
        for ref, pk in ids.items():
            customer = spooled.get(("customer", ref)) or (found.get(pk) if pk is not None else None)
            if customer is not None:
                self.customers[ref] = customer
        self.buyers = _ensure_buyers(lines)

    def _load_orders(self, lines: Sequence[Line], known: Known, spooled: Spooled, spool: Spool | None) -> None:
        """Lock the orders that lines name, and those of the refunds that lines name."""
        ids, refund_ids = _ids("order", lines, known), _ids("refund", lines, known)
        remembered = {ref: spooled["refund", ref] for ref in refund_ids if ("refund", ref) in spooled}
        keys = [pk for ref, pk in refund_ids.items() if ref not in remembered and pk is not None]
        refunds = list(Refund.objects.filter(pk__among=keys).select_related("payment")) if keys else []
        behind = {refund.payment.order_id: "" for refund in refunds}
        if spool:
            behind = self._named(behind)
            more = {("order", ref) for ref in (*behind.values(), *(kept.order_ref for kept in remembered.values()))}
            known_too, spooled_too = self._known(more, spool)
            ids |= {ref: pk for (_, ref), (_, pk) in known_too.items()}
            self.digests |= {key: digest for key, (digest, _) in known_too.items()}
            spooled |= spooled_too
        self.orders = {ref: spooled["order", ref] for ref in ids if ("order", ref) in spooled}
        wanted = behind | {pk: ref for ref, pk in ids.items() if ref not in self.orders and pk is not None}
        states = load_states({pk: ref for pk, ref in wanted.items() if ref not in self.orders})
        self.orders |= {state.ref: state for state in states.values() if state.ref}
        self._load_refunds(refunds, states, refund_ids, remembered)

    def _load_bags(self, lines: Iterable[Line]) -> None:
        """Find the orders that came of a bag already, among those that bags of these lines name."""
        named = (line.record.order for line in lines if isinstance(line.record, CartRecord))
        states = {state.order.pk: state for ref in named if (state := self.orders.get(ref)) and state.order.pk}
        for order_id in (
            Cart.objects.filter(order_id__among=states).values_list("order_id", flat=True) if states else ()
        ):
            states[order_id].has_bag = True

    def _load_refunds(
        self,
        refunds: Sequence[Refund],
        states: dict[int, OrderState],
        ids: dict[str, int | None],
        remembered: dict[str, Remembered],
    ) -> None:
        everywhere = states | {state.order.pk: state for state in self.orders.values() if state.order.pk}
        found = load_refunds(refunds, everywhere) if refunds else {}
        self.refunds = {ref: found[pk] for ref, pk in ids.items() if pk in found}
        for ref, kept in remembered.items():
            self.refunds[ref] = RefundState(kept.refund, self.orders[kept.order_ref], kept.rows)

    def _named(self, order_ids: Iterable[int]) -> dict[int, str]:
        """Return the references of orders; a dry run must know them, to remember what it has made of each."""
        rows = ImportedRecord.objects.filter(source=self.source, type="order", object_id__among=order_ids)
        return {pk: ref for pk, ref in rows.values_list("object_id", "ref") if pk is not None}

    def _load_books(self, lines: Sequence[Line], known: Known, spooled: Spooled) -> None:
        """Find payouts by reference, and by their own ids what Stripe has told of already."""
        ids = _ids("payout", lines, known)
        found = Payout.objects.in_bulk([pk for pk in ids.values() if pk is not None]) if ids else {}
        for ref, pk in ids.items():
            payout = spooled.get(("payout", ref)) or found.get(pk)
            if payout is not None:
                self.payouts[ref] = payout
        records = (TransactionRecord, PayoutRecord, DisputeRecord)
        names = [line.ref for line in lines if isinstance(line.record, records) and is_stripe_id(line.ref)]
        if not names:
            return
        transactions = BalanceTransaction.objects.filter(stripe_id__among=names)
        self.at_stripe |= {transaction.stripe_id: transaction for transaction in transactions}
        self.at_stripe |= {payout.stripe_id: payout for payout in Payout.objects.filter(stripe_id__among=names)}
        disputes = Dispute.objects.filter(stripe_dispute_id__among=names)
        self.at_stripe |= {str(dispute.stripe_dispute_id): dispute for dispute in disputes}
        parts = PayoutItem.objects.filter(balance_transaction__in=transactions)
        self.carriers = dict(parts.values_list("balance_transaction_id", "payout_id"))


def goods_of(variant: Variant) -> Goods:
    """Return what an order line freezes of a variant."""
    return Goods(variant.pk, variant.product_id, variant.sku, variant.product.name, variant.label[:120])


def _reference(line: Line) -> tuple[str, str] | None:
    """Return the type and reference of what a line refers to; products go by their SKU."""
    kind = REFERS_TO.get(line.type)
    ref = getattr(line.record, kind) if kind is not None else ""
    return (kind, ref) if kind is not None and ref else None


def _ids(kind: str, lines: Iterable[Line], known: Known) -> dict[str, int | None]:
    """Return the keys of what lines refer to, by reference; None for what only a dry run knows."""
    refs = {getattr(line.record, kind) for line in lines if REFERS_TO.get(line.type) == kind} - {""}
    return {ref: known[kind, ref][1] for ref in refs if (kind, ref) in known}


def _skus(line: Line) -> Iterable[str]:
    record = line.record
    if isinstance(record, ProductRecord):
        return [record.ref]
    if isinstance(record, StockRecord | WishRecord):
        return [record.product]
    if isinstance(record, OrderRecord):
        return [item.product for item in record.lines]
    return []


def _ensure_buyers(lines: Iterable[Line]) -> dict[str, Customer]:
    """Return the customers of all addresses in these lines, those made that were not there yet.

    Somebody may sign up at this very moment: their row is kept and read, never made twice.
    """
    wanted: dict[str, Customer] = {}
    for line in lines:
        record = line.record
        if isinstance(record, CustomerRecord):
            at = {"created_at": record.created_at} if record.created_at else {}
            address = canonical_email(record.email)
            wanted[address] = Customer(email_canonical=address, name=record.name, **at)
        elif isinstance(record, OrderRecord) and record.email:
            address = canonical_email(record.email)
            wanted.setdefault(address, Customer(email_canonical=address, created_at=record.placed_at))
    there = _buyers(wanted)
    new = [customer for address, customer in wanted.items() if address not in there]
    if new:
        Customer.objects.bulk_create(new, ignore_conflicts=True)
        there |= _buyers(customer.email_canonical for customer in new)
    return there


def _buyers(addresses: Iterable[str]) -> dict[str, Customer]:
    found = Customer.objects.filter(email_canonical__among=addresses)
    return {customer.email_canonical: customer for customer in found}
