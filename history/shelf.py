"""Stock as an import moves it: the items of a batch are locked once, counted in memory, and written as a set.

The rules are those of `products.stock`, but for one: history is taken as it was. What would leave less than nothing
gets a movement "opening correction" first.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models

from history.fields import BadLine
from history.writing import insert_values, update_objects
from products.models import StockItem, StockMovement
from products.stock import ORDER_LINE

Kind = StockMovement.Kind
CORRECTION = "opening correction"
OPENING = "opening count"
REFUND_LINE = "refund_line"
SOURCE = "history"
LARGEST = 2_000_000_000


class Move(NamedTuple):
    """A movement to be written once its cause has a key."""

    item: StockItem
    at: datetime
    delta: int
    kind: StockMovement.Kind
    source_type: str
    cause: models.Model | str
    reason: str = ""

    def values(self) -> tuple[Any, ...]:
        """Return it as a row."""
        source_id = self.cause if isinstance(self.cause, str) else str(self.cause.pk)
        return (self.item.pk, self.at, self.delta, self.kind, self.source_type, source_id, self.reason, None)


class Shelf:
    """The stock items of a batch by variant. What is not tracked is not here, and moves nothing."""

    def __init__(self) -> None:
        self.items: dict[int, StockItem] = {}
        self._moves: list[Move] = []
        self._changed: set[int] = set()

    def lock(self, variant_ids: Iterable[int]) -> None:
        """Take the items of these variants, in the order of their keys."""
        items = StockItem.objects.filter(variant_id__among=set(variant_ids)).lock()
        self.items = {item.variant_id: item for item in items}

    def open(self, counts: Mapping[int, int], *, at: datetime) -> None:
        """Begin to track variants that have no item yet, each with its opening count."""
        items = StockItem.objects.bulk_create(
            [StockItem(variant_id=variant_id, on_hand=count) for variant_id, count in counts.items()]
        )
        for item in items:
            self.items[item.variant_id] = item
            if item.on_hand:
                self._moves.append(Move(item, at, item.on_hand, Kind.RECEIVED, "opening", str(item.pk), OPENING))

    def sell(self, variant_id: int, quantity: int, *, cause: models.Model, at: datetime) -> None:
        """Take units for a paid line."""
        if (item := self._tracked(variant_id)) is not None:
            self._correct(item, quantity, ORDER_LINE, cause, at)
            self._move(Move(item, at, -quantity, Kind.SOLD, ORDER_LINE, cause))

    def reserve(self, variant_id: int, quantity: int, *, cause: models.Model, at: datetime) -> None:
        """Hold units for a line of an unpaid order whose time is not over."""
        if (item := self._tracked(variant_id)) is not None:
            self._correct(item, quantity, ORDER_LINE, cause, at)
            item.reserved += quantity
            self._changed.add(item.variant_id)

    def release(self, variant_id: int, quantity: int) -> None:
        """Give back what a line of an unpaid order held."""
        if (item := self._tracked(variant_id)) is not None:
            item.reserved = max(0, item.reserved - quantity)
            self._changed.add(item.variant_id)

    def restock(self, variant_id: int, quantity: int, *, cause: models.Model, at: datetime) -> None:
        """Put returned units back."""
        if (item := self._tracked(variant_id)) is not None:
            self._move(Move(item, at, quantity, Kind.RETURNED, REFUND_LINE, cause))

    def change(self, variant_id: int, delta: int, *, digest: str, at: datetime, reason: str) -> None:
        """Book what came or went other than by sale; a variant without an item is tracked from now on."""
        item = self.items.get(variant_id)
        if item is None:
            self.open({variant_id: 0}, at=at)
            item = self.items[variant_id]
        if item.on_hand + delta > LARGEST:
            raise BadLine("delta", f"takes the count above {LARGEST}")
        if delta < 0:
            self._correct(item, -delta, SOURCE, f"{digest[:60]}-c", at)
        kind = Kind.RECEIVED if delta > 0 else Kind.ADJUSTED
        self._move(Move(item, at, delta, kind, SOURCE, digest, reason))

    def write(self) -> None:
        """Write counts and movements; every cause has its key by now."""
        changed = [self.items[variant_id] for variant_id in self._changed]
        update_objects(StockItem, changed, ("on_hand", "reserved"))
        insert_values(
            StockMovement,
            ("stock_item_id", "at", "delta", "kind", "source_type", "source_id", "reason", "actor_id"),
            [move.values() for move in self._moves],
        )

    def _tracked(self, variant_id: int) -> StockItem | None:
        item = self.items.get(variant_id)
        return item if item is not None and item.tracked else None

    def _correct(
        self, item: StockItem, quantity: int, source_type: str, cause: models.Model | str, at: datetime
    ) -> None:
        missing = quantity - item.available
        if missing > 0:
            self._move(Move(item, at, missing, Kind.ADJUSTED, source_type, cause, CORRECTION))

    def _move(self, move: Move) -> None:
        move.item.on_hand += move.delta
        self._changed.add(move.item.variant_id)
        self._moves.append(move)


def digest_of(source: str, digest: str) -> str:
    """Return what names a line without a reference among those of all sources."""
    return hashlib.sha256(f"{source}\0{digest}".encode()).hexdigest()
