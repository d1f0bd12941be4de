"""The rows that a batch comes to, collected line by line and written as sets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Min

from core.days import business_day, today
from core.models import DirtyDay
from history.models import ImportedRecord
from history.records import Line
from history.states import LINE_FIELDS, ORDER_FIELDS, PAYMENT_FIELDS, REFUND_FIELDS, OrderState, RefundState
from history.writing import insert_objects, insert_values, update_objects
from orders.fulfilment import SOURCE as PARCEL
from orders.ledger import SOURCE as ENTRY
from orders.ledger import days_of, refund_entries, sale_entries
from orders.models import Cart, Fulfilment, FulfilmentLine, Order, OrderEvent, OrderLine, SalesEntry
from orders.transitions import By
from payments.models import (
    BalanceTransaction,
    Dispute,
    Payment,
    PaymentAttempt,
    Payout,
    PayoutItem,
    Refund,
    RefundLine,
)
from payments.payouts import PAID
from wishlist.models import WishEvent
from wishlist.services import SOURCE as WISH
from wishlist.services import settle

ATTEMPT, DISPUTE, TRANSACTION, PAYOUT = "payment_attempt", "dispute", "balance_transaction", "payout"
type DirtyDays = Iterable[tuple[str, int, date]]


class Parcel(NamedTuple):
    """A parcel with its rows."""

    fulfilment: Fulfilment
    rows: list[FulfilmentLine]


class Note(NamedTuple):
    """A line of a timeline; `about` is the row whose key is added to its detail under the name beside it."""

    order: Order
    kind: str
    at: datetime
    moved: tuple[str, str]
    detail: dict[str, Any]
    about: tuple[str, models.Model] | None

    def values(self) -> tuple[Any, ...]:
        """Return it as a row, once every row has its key."""
        detail = self.detail if self.about is None else self.detail | {self.about[0]: self.about[1].pk}
        return (self.order.pk, self.at, self.kind, *self.moved, None, detail)


@dataclass
class Plan:
    """What is to be written. `succeeded` and `reversed` are refunds whose end a line of its own told."""

    source: str
    sales: list[OrderState] = field(default_factory=list)
    unpaid: list[Payment] = field(default_factory=list)
    attempts: list[PaymentAttempt] = field(default_factory=list)
    refunds: list[RefundState] = field(default_factory=list)
    succeeded: list[RefundState] = field(default_factory=list)
    reversed: list[RefundState] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    completed: list[Payout] = field(default_factory=list)
    transactions: list[BalanceTransaction] = field(default_factory=list)
    parts: list[PayoutItem] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    wishes: list[WishEvent] = field(default_factory=list)
    bags: list[Cart] = field(default_factory=list)
    changed: dict[int, OrderState] = field(default_factory=dict)
    changed_refunds: dict[int, Refund] = field(default_factory=dict)
    records: list[tuple[Line, models.Model | None]] = field(default_factory=list)

    def note(
        self,
        order: Order,
        kind: str,
        at: datetime,
        *,
        moved: tuple[str, str] = ("", ""),
        about: tuple[str, models.Model] | None = None,
        **detail: Any,
    ) -> None:
        """Add to an order's timeline; `moved` are the statuses it came from and went to."""
        self.notes.append(Note(order, kind, at, moved, detail, about))

    def moved(self, order: Order, at: datetime, source: str, target: str, **detail: Any) -> None:
        """Add the move of an order from one status to another."""
        self.note(order, target or source, at, moved=(source, target), by=By.IMPORT.value, **detail)

    def touch(self, state: OrderState) -> None:
        """Mark an order whose rows are in the database already as changed."""
        if not state.is_new:
            self.changed[state.order.pk] = state

    def touch_refund(self, known: RefundState) -> None:
        """Mark a refund that is in the database already as changed."""
        if not known.is_new:
            self.changed_refunds[known.refund.pk] = known.refund

    def write(self) -> None:
        """Write orders and everything about them, in the caller's transaction."""
        insert_objects(Order, (state.order for state in self.sales))
        insert_objects(OrderLine, (line for state in self.sales for line in state.lines))
        insert_objects(Payment, (*(state.payment for state in self.sales if state.payment), *self.unpaid))
        self._write_changes()
        insert_objects(Refund, (known.refund for known in self.refunds))
        insert_objects(RefundLine, (row for known in self.refunds for row in known.rows.values()))
        insert_objects(Dispute, self.disputes)
        insert_objects(Fulfilment, (parcel.fulfilment for parcel in self.parcels))
        insert_objects(FulfilmentLine, (row for parcel in self.parcels for row in parcel.rows))
        insert_objects(Cart, self.bags)
        insert_objects(WishEvent, self.wishes)
        settle((event.customer_id, event.product_id) for event in self.wishes)
        self._write_ledger()
        days = [*self._write_attempts(), *self._write_balance()]
        days += [(PARCEL, parcel.fulfilment.pk, business_day(parcel.fulfilment.at)) for parcel in self.parcels]
        days += [(WISH, event.pk, event.day) for event in self.wishes]
        days += [(DISPUTE, dispute.pk, dispute.opened_day) for dispute in self.disputes]
        mark_days(days)

    def write_records(self) -> None:
        """Write timelines, and what the file was, once every row has its key."""
        insert_values(
            OrderEvent,
            ("order_id", "at", "kind", "from_status", "to_status", "actor_id", "detail"),
            [note.values() for note in self.notes],
        )
        insert_values(
            ImportedRecord,
            ("source", "type", "ref", "digest", "object_id"),
            [(self.source, line.type, line.ref, line.digest, getattr(row, "pk", None)) for line, row in self.records],
        )

    def _write_changes(self) -> None:
        states = list(self.changed.values())
        update_objects(Order, [state.order for state in states], ORDER_FIELDS)
        update_objects(OrderLine, [line for state in states for line in state.lines], LINE_FIELDS)
        update_objects(Payment, [state.payment for state in states if state.payment], PAYMENT_FIELDS)
        update_objects(Refund, self.changed_refunds.values(), REFUND_FIELDS)

    def _write_ledger(self) -> None:
        entries = list(self._entries())
        insert_objects(SalesEntry, entries)
        mark_days((ENTRY, entry.pk, day) for entry in entries for day in days_of(entry))

    def _write_attempts(self) -> list[tuple[str, int, date]]:
        """Write the attempts; return their days, and those that were and are the first of their payment's.

        A payment counts on the day of its first confirmation, whenever it succeeds.
        """
        intents = {attempt.stripe_intent_id for attempt in self.attempts}
        confirmed = PaymentAttempt.objects.exclude(outcome=PaymentAttempt.Outcome.UNCONFIRMED)
        firsts = _firsts(confirmed, intents)
        insert_objects(PaymentAttempt, self.attempts)
        firsts_now = _firsts(confirmed, intents)
        days = []
        for attempt in self.attempts:
            intent = attempt.stripe_intent_id
            moments = [attempt.at, *(known[intent] for known in (firsts, firsts_now) if intent in known)]
            days += [(ATTEMPT, attempt.pk, day) for day in sorted({business_day(at) for at in moments})]
        return days

    def _write_balance(self) -> list[tuple[str, int, date]]:
        insert_objects(Payout, self.payouts)
        update_objects(Payout, self.completed, ("items_complete",))
        insert_objects(BalanceTransaction, self.transactions)
        insert_objects(PayoutItem, self.parts)
        days = [
            (PAYOUT, payout.pk, payout.arrives_on)
            for payout in self.payouts
            if payout.status == PAID or payout.arrives_on <= today()
        ]
        return days + [(TRANSACTION, transaction.pk, transaction.day) for transaction in self.transactions]

    def _entries(self) -> Iterable[SalesEntry]:
        for state in self.sales:
            if state.order.paid_at is not None and not state.order.is_test:
                yield from sale_entries(state.order, state.lines)
        for known in (*self.refunds, *self.succeeded):
            if known.refund.refunded_at is not None:
                yield from _refund_entries(known, known.refund.refunded_at)
        for known in self.reversed:
            if known.refund.failed_at is not None:
                yield from _refund_entries(known, known.refund.failed_at, is_reversal=True)


def mark_days(days: DirtyDays) -> None:
    """Mark days whose snapshots something changes, each with what changed them."""
    insert_values(DirtyDay, ("source_type", "source_id", "day"), list(days))


def _refund_entries(known: RefundState, at: datetime, *, is_reversal: bool = False) -> list[SalesEntry]:
    order, refund = known.state.order, known.refund
    if order.is_test:
        return []
    return refund_entries(
        order,
        refund_id=refund.pk,
        at=at,
        lines=known.returned,
        shipping_minor=refund.shipping_minor,
        shipping_tax_minor=refund.shipping_tax_minor,
        is_reversal=is_reversal,
    )


def _firsts(confirmed: models.QuerySet[PaymentAttempt], intents: set[str]) -> dict[str, datetime]:
    if not intents:
        return {}
    firsts = confirmed.filter(stripe_intent_id__among=intents).order_by().values("stripe_intent_id").annotate(Min("at"))
    return dict(firsts.values_list("stripe_intent_id", "at__min"))
