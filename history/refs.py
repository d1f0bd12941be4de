"""What the lines of a batch refer to: found in sets, by reference, SKU and address."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from accounts.models import Customer, canonical_email
from history.models import ImportedRecord
from history.plan import Plan
from history.reading import (
    CancelRecord,
    CustomerRecord,
    Line,
    OrderRecord,
    ProductRecord,
    RefundRecord,
    ShipRecord,
    StockRecord,
    WishRecord,
)
from history.shelf import Shelf
from history.spool import Spool
from history.states import OrderState, load_states
from products.models import Variant


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
    shelf: Shelf = field(default_factory=Shelf)

    def __post_init__(self) -> None:
        self.plan = Plan(self.source)

    def load(self, lines: Sequence[Line], spool: Spool | None) -> list[Line]:
        """Find everything that the lines refer to and return those that are new (or differ from what was)."""
        known, spooled = self._known_lines(lines, spool)
        self.digests = {key: digest for key, (digest, _) in known.items()}
        fresh = [line for line in lines if self.digests.get((line.type, line.ref)) != line.digest]
        self._load_goods(fresh, spool)
        self._load_customers(fresh, known, spooled)
        self._load_orders(fresh, known, spooled)
        return fresh

    def variant_ids(self) -> set[int]:
        """Return every variant that the batch may move."""
        held = {line.variant_id for state in self.orders.values() for line in state.lines}
        return held | {goods.variant_id for goods in (*self.goods.values(), *self.coming.values())}

    def _known_lines(self, lines: Sequence[Line], spool: Spool | None) -> tuple[dict[Any, Any], dict[Any, Any]]:
        wanted: dict[str, set[str]] = defaultdict(set)
        for line in lines:
            wanted[line.type].add(line.ref)
            for kind, ref in _references(line):
                wanted[kind].add(ref)
        known, spooled = {}, {}
        for kind, refs in wanted.items():
            rows = ImportedRecord.objects.filter(source=self.source, type=kind, ref__in=refs)
            for ref, digest, object_id in rows.values_list("ref", "digest", "object_id"):
                known[kind, ref] = (digest, object_id)
            for ref, (digest, thing) in (spool.get(kind, refs) if spool else {}).items():
                known.setdefault((kind, ref), (digest, None))
                spooled[kind, ref] = thing
        return known, spooled

    def _load_goods(self, lines: Iterable[Line], spool: Spool | None) -> None:
        skus = {sku for line in lines for sku in _skus(line)}
        for variant in Variant.objects.filter(sku__in=skus).select_related("product"):
            self.goods[variant.sku] = goods_of(variant)
        if spool:
            missing = skus - self.goods.keys()
            self.goods |= {sku: thing for sku, (_, thing) in spool.get("product", missing).items()}

    def _load_customers(self, lines: Iterable[Line], known: dict[Any, Any], spooled: dict[Any, Any]) -> None:
        refs = {ref for line in lines for kind, ref in _references(line) if kind == "customer"}
        ids = {ref: known["customer", ref][1] for ref in refs if ("customer", ref) in known}
        found = Customer.objects.in_bulk(pk for pk in ids.values() if pk is not None)
        for ref, pk in ids.items():
            customer = spooled.get(("customer", ref)) or found.get(pk)
            if customer is not None:
                self.customers[ref] = customer
        self.buyers = _ensure_buyers(lines)

    def _load_orders(self, lines: Iterable[Line], known: dict[Any, Any], spooled: dict[Any, Any]) -> None:
        refs = {ref for line in lines for kind, ref in _references(line) if kind == "order"}
        ids = {ref: known["order", ref][1] for ref in refs if ("order", ref) in known}
        self.orders = {ref: spooled["order", ref] for ref in ids if ("order", ref) in spooled}
        wanted = {ref: pk for ref, pk in ids.items() if ref not in self.orders and pk is not None}
        states = load_states(wanted.values())
        self.orders |= {ref: states[pk] for ref, pk in wanted.items() if pk in states}


def goods_of(variant: Variant) -> Goods:
    """Return what an order line freezes of a variant."""
    return Goods(variant.pk, variant.product_id, variant.sku, variant.product.name, variant.label[:120])


def _references(line: Line) -> list[tuple[str, str]]:
    record = line.record
    if isinstance(record, RefundRecord | ShipRecord | CancelRecord):
        return [("order", record.order)]
    if isinstance(record, OrderRecord | WishRecord) and record.customer:
        return [("customer", record.customer)]
    return []


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
    found = Customer.objects.filter(email_canonical__in=list(addresses))
    return {customer.email_canonical: customer for customer in found}
