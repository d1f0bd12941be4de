"""The rows that a batch comes to, collected line by line and written as sets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models

from core.days import business_day
from core.models import DirtyDay
from history.models import ImportedRecord
from history.reading import Line
from history.states import LINE_FIELDS, ORDER_FIELDS, PAYMENT_FIELDS, OrderState
from history.writing import insert_objects, insert_values, update_objects
from orders.fulfilment import SOURCE as PARCEL
from orders.ledger import SOURCE as ENTRY
from orders.ledger import RefundedLine, days_of, refund_entries, sale_entries
from orders.models import Fulfilment, FulfilmentLine, Order, OrderEvent, OrderLine, SalesEntry
from orders.transitions import By
from payments.models import Payment, Refund, RefundLine
from wishlist.models import WishEvent
from wishlist.services import SOURCE as WISH
from wishlist.services import settle


class Given(NamedTuple):
    """A refund with its rows; `returned` are its parts as the ledger takes them."""

    refund: Refund
    state: OrderState
    rows: list[RefundLine]
    returned: list[RefundedLine]


class Parcel(NamedTuple):
    """A parcel with its rows."""

    fulfilment: Fulfilment
    rows: list[FulfilmentLine]


class Note(NamedTuple):
    """A line of a timeline; `about` is the row whose key is added to its detail under `name`."""

    event: OrderEvent
    name: str = ""
    about: models.Model | None = None


@dataclass
class Plan:
    """What is to be written."""

    source: str
    sales: list[OrderState] = field(default_factory=list)
    refunds: list[Given] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    wishes: list[WishEvent] = field(default_factory=list)
    changed: dict[int, OrderState] = field(default_factory=dict)
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
        event = OrderEvent(order=order, at=at, kind=kind, from_status=moved[0], to_status=moved[1], detail=detail)
        self.notes.append(Note(event, *(about or ())))

    def moved(self, order: Order, at: datetime, source: str, target: str, **detail: Any) -> None:
        """Add the move of an order from one status to another."""
        self.note(order, target or source, at, moved=(source, target), by=By.IMPORT.value, **detail)

    def touch(self, state: OrderState) -> None:
        """Mark an order whose rows are in the database already as changed."""
        if not state.is_new:
            self.changed[state.order.pk] = state

    def write(self) -> None:
        """Write orders and everything about them, in the caller's transaction."""
        insert_objects(Order, (state.order for state in self.sales))
        insert_objects(OrderLine, (line for state in self.sales for line in state.lines))
        insert_objects(Payment, (state.payment for state in self.sales if state.payment is not None))
        self._write_changes()
        insert_objects(Refund, (given.refund for given in self.refunds))
        insert_objects(RefundLine, (row for given in self.refunds for row in given.rows))
        insert_objects(Fulfilment, (parcel.fulfilment for parcel in self.parcels))
        insert_objects(FulfilmentLine, (row for parcel in self.parcels for row in parcel.rows))
        insert_objects(WishEvent, self.wishes)
        settle((event.customer_id, event.product_id) for event in self.wishes)
        self._write_ledger()

    def write_records(self) -> None:
        """Write timelines, and what the file was, once every row has its key."""
        for note in self.notes:
            if note.about is not None:
                note.event.detail[note.name] = note.about.pk
        insert_objects(OrderEvent, (note.event for note in self.notes))
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

    def _write_ledger(self) -> None:
        entries = list(self._entries())
        insert_objects(SalesEntry, entries)
        days = [(ENTRY, entry.pk, day) for entry in entries for day in days_of(entry)]
        days += [(PARCEL, parcel.fulfilment.pk, business_day(parcel.fulfilment.at)) for parcel in self.parcels]
        days += [(WISH, event.pk, event.day) for event in self.wishes]
        insert_values(DirtyDay, ("source_type", "source_id", "day"), days)

    def _entries(self) -> Iterable[SalesEntry]:
        for state in self.sales:
            if state.order.paid_at is not None and not state.order.is_test:
                yield from sale_entries(state.order, state.lines)
        for refund, state, _, returned in self.refunds:
            if refund.refunded_at is not None and not state.order.is_test:
                yield from refund_entries(
                    state.order,
                    refund_id=refund.pk,
                    at=refund.refunded_at,
                    lines=returned,
                    shipping_minor=refund.shipping_minor,
                    shipping_tax_minor=refund.shipping_tax_minor,
                )
