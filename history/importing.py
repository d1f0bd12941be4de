"""Bringing a history in, batch by batch: each is written whole or not at all, and nothing after a bad line.

Safe to repeat: a line that is known changes nothing, so an import that was cut short is simply run again.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone

from core.errors import DomainError
from core.models import StoreSetting
from history.fields import BadLine, shown
from history.pace import collecting_seldom, commit_later, make_durable
from history.reading import read_line
from history.records import (
    AttemptRecord,
    CancelRecord,
    CartRecord,
    CustomerRecord,
    DisputeRecord,
    Line,
    OrderRecord,
    PayoutRecord,
    ProductRecord,
    RefundRecord,
    SettlementRecord,
    ShipRecord,
    StockRecord,
    TransactionRecord,
    WishRecord,
)
from history.refs import World
from history.spool import Spool
from history.writers_after_sale import add_cancel, add_parcel, add_refund
from history.writers_bags import add_bag
from history.writers_balance import add_payout, add_transaction
from history.writers_catalogue import add_customer, add_product, add_stock, prepare_products
from history.writers_orders import add_order
from history.writers_payments import add_attempt, add_dispute
from history.writers_settlements import add_settlement
from history.writers_wishes import add_wish
from orders.models import Order, OrderEvent
from orders.transitions import EXPIRED, By

DEFAULT_SOURCE = "history"
SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,59}\Z")
EXPIRY_BATCH = 1_000


class BadInput(NamedTuple):
    """A bad line: its number, and what is wrong with it."""

    number: int
    error: BadLine

    def __str__(self) -> str:
        return f"line {self.number}: {self.error}"


@dataclass
class Outcome:
    """What an import came to so far: lines read, new and known ones by type, bad lines, orders that expired."""

    rows: int = 0
    new: Counter[str] = field(default_factory=Counter)
    known: int = 0
    bad: list[BadInput] = field(default_factory=list)
    expired: int = 0


def import_history(
    raw_lines: Iterable[bytes],
    *,
    source: str = DEFAULT_SOURCE,
    dry_run: bool = False,
    progress: Callable[[Outcome], None] = lambda _outcome: None,
) -> Outcome:
    """Import lines of the history format. `progress` is called after each batch.

    Stops at the first batch with a bad line, of which nothing is written; a dry run writes nothing at all, reads on
    and finds every bad line. Unpaid orders past their time expire after the last line. Memory does not grow with the
    lines. Raises DomainError for a source that is no name.
    """
    if not SOURCE.match(source):
        raise DomainError(
            f"“{shown(source)}” cannot name a source: up to 60 letters, digits, dots, colons, underscores and hyphens."
        )
    outcome, run = Outcome(), _Run(source, Spool() if dry_run else None)
    try:
        with collecting_seldom() as collect:
            for batch in _batches(raw_lines, outcome):
                run.take(batch, outcome)
                progress(outcome)
                if outcome.bad and not dry_run:
                    break
                collect()
    finally:
        run.close()
    if not dry_run:
        make_durable()
        if not outcome.bad:
            outcome.expired = expire(now=run.now)
    return outcome


@dataclass
class _Batch:
    lines: list[Line] = field(default_factory=list)
    bad: list[BadInput] = field(default_factory=list)
    size: int = 0


class _Run:
    """What lasts from one batch of an import to the next."""

    def __init__(self, source: str, spool: Spool | None) -> None:
        self._source, self._spool = source, spool
        self.now = timezone.now()
        self._expiry = timedelta(minutes=StoreSetting.current().order_expiry_minutes)

    def take(self, batch: _Batch, outcome: Outcome) -> None:
        """Write a batch, or, where a line of it is bad or the run is dry, only find out what is wrong with it."""
        world, bad = World(self._source, self.now, self._expiry), list(batch.bad)
        with transaction.atomic():
            commit_later()
            fresh = world.load(batch.lines, self._spool)
            prepare_products(world, fresh)
            bad += _apply(world, fresh)
            if bad or self._spool is not None:
                transaction.set_rollback(True)
            else:
                world.plan.write()
                world.shelf.write()
                world.plan.write_records()
        outcome.bad += sorted(bad)
        if self._spool is not None:
            self._remember(world, self._spool)
        if self._spool is not None or not bad:
            accepted = Counter(line.type for line, _ in world.plan.records)
            outcome.new += accepted
            outcome.known += len(batch.lines) + len(batch.bad) - accepted.total() - len(bad)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._spool is not None:
            self._spool.close()

    @staticmethod
    def _remember(world: World, spool: Spool) -> None:
        things: dict[str, Mapping[str, Any]] = {
            "product": world.goods,
            "customer": world.customers,
            "payout": world.payouts,
        }
        spool.put(
            (line.type, line.ref, line.digest, things.get(line.type, {}).get(line.ref))
            for line, _ in world.plan.records
            if line.type not in ("order", "refund")
        )
        spool.put(("refund", ref, world.digests["refund", ref], known.alone()) for ref, known in world.refunds.items())
        spool.put(("order", ref, world.digests["order", ref], state) for ref, state in world.orders.items())


def expire(*, now: datetime) -> int:
    """Cancel imported orders that nobody paid and whose time is over; they hold no stock. Returns how many.

    They are the pending orders without a time: an order placed here has one from the start. Safe to repeat.
    """
    expiry = timedelta(minutes=StoreSetting.current().order_expiry_minutes)
    waiting = Order.objects.filter(status=Order.Status.PENDING, expires_at=None, placed_at__lte=now - expiry)
    count = 0
    while expired := _expire_batch(waiting, expiry):
        count += expired
    return count


@transaction.atomic
def _expire_batch(waiting: models.QuerySet[Order], expiry: timedelta) -> int:
    orders = list(waiting.order_by("pk").select_for_update(of=("self",), no_key=True)[:EXPIRY_BATCH])
    end = F("placed_at") + expiry
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(
        status=Order.Status.CANCELED, cancel_reason=EXPIRED, expires_at=end, canceled_at=end
    )
    OrderEvent.objects.bulk_create(
        OrderEvent(
            order=order,
            at=order.placed_at + expiry,
            kind=Order.Status.CANCELED.value,
            from_status=Order.Status.PENDING.value,
            to_status=Order.Status.CANCELED.value,
            detail={"by": By.EXPIRY.value, "reason": EXPIRED},
        )
        for order in orders
    )
    return len(orders)


def batch_size() -> int:
    """Return how many rows of a file make a batch: on SQLite what takes the write lock for well under two seconds."""
    return 800 if connection.vendor == "sqlite" else 8_000


def _batches(raw_lines: Iterable[bytes], outcome: Outcome) -> Iterator[_Batch]:
    most, batch = batch_size(), _Batch()
    for number, raw in enumerate(raw_lines, start=1):
        text = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if not text.strip():
            continue
        outcome.rows += 1
        try:
            line = read_line(number, text)
            batch.lines.append(line)
            batch.size += line.weight
        except BadLine as error:
            batch.bad.append(BadInput(number, error))
            batch.size += 1
        if batch.size >= most:
            yield batch
            batch = _Batch()
    if batch.size:
        yield batch


def _apply(world: World, lines: Iterable[Line]) -> list[BadInput]:
    bad = []
    for line in lines:
        try:
            if _is_known(world, line):
                continue
            row = _add(world, line)
        except BadLine as error:
            bad.append(BadInput(line.number, error))
            continue
        world.digests[line.type, line.ref] = line.digest
        world.plan.records.append((line, row))
    return bad


def _is_known(world: World, line: Line) -> bool:
    before = world.digests.get((line.type, line.ref))
    if before is not None and before != line.digest:
        raise BadLine("ref", f"{line.ref} was imported before with other content")
    return before is not None


def _add(world: World, line: Line) -> models.Model | None:  # noqa: C901  one case for each type of line
    match line.record:
        case CustomerRecord() as customer:
            return add_customer(world, customer)
        case ProductRecord() as product:
            return add_product(world, product)
        case OrderRecord() as order:
            return add_order(world, order)
        case RefundRecord() as refund:
            return add_refund(world, refund)
        case SettlementRecord() as settlement:
            return add_settlement(world, line, settlement)
        case AttemptRecord() as attempt:
            return add_attempt(world, attempt)
        case DisputeRecord() as dispute:
            return add_dispute(world, dispute)
        case TransactionRecord() as transaction:
            return add_transaction(world, transaction)
        case PayoutRecord() as payout:
            return add_payout(world, payout)
        case ShipRecord() as parcel:
            return add_parcel(world, parcel)
        case CancelRecord() as cancel:
            return add_cancel(world, cancel)
        case CartRecord() as bag:
            return add_bag(world, bag)
        case StockRecord() as stock:
            return add_stock(world, line, stock)
        case WishRecord() as wish:
            return add_wish(world, line, wish)
