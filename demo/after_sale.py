"""What becomes of an order: paid or not, sent, returned, canceled, disputed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from random import Random
from typing import Any

from demo.baskets import total_of

Line = dict[str, Any]
Event = tuple[datetime, Line]

UNPAID, CALLED_OFF, REFUNDED = 0.013, 0.007, 0.046
TAIL = 60  # the newest orders, whose fate is arranged so that there is work to do
LONGEST_WAIT = 8 * 86_400  # seconds that a refund may be on its way, within what the checks let pass


class Fate(Enum):
    UNPAID = auto()
    CALLED_OFF = auto()
    WAITING = auto()
    SENT = auto()
    RETURNED = auto()
    REFUND_PENDING = auto()


@dataclass(frozen=True, slots=True)
class Sale:
    """A priced order with its number and what is to become of it; `paid_at` is None for an unpaid one."""

    number: int
    order: Line
    placed_at: datetime
    paid_at: datetime | None
    fate: Fate

    @property
    def ref(self) -> str:
        return self.order["ref"]


class Fates:
    """Draws what becomes of each order. The newest wait to be sent, two late ones among them."""

    def __init__(self, *, orders: int, rng: Random) -> None:
        self._rng = rng
        waiting = min(rng.randint(17, 22), orders // 5)
        tail = min(TAIL, orders // 3)
        self._tail_from, self._waiting_from = orders - tail, orders - waiting
        arranged = tail == TAIL
        self._late = {self._waiting_from - back for back in (22, 30) if arranged}
        self._pending = {self._waiting_from - back for back in (5, 12, 18) if arranged}

    def of(self, number: int) -> Fate:
        """Return the fate of the order with that number, counted from 0."""
        draw = self._rng.random()
        if number >= self._tail_from:
            return self._of_newest(number)
        if draw < UNPAID:
            return Fate.UNPAID
        if draw < UNPAID + CALLED_OFF:
            return Fate.CALLED_OFF
        return Fate.RETURNED if draw < UNPAID + CALLED_OFF + REFUNDED else Fate.SENT

    def _of_newest(self, number: int) -> Fate:
        if number >= self._waiting_from or number in self._late:
            return Fate.WAITING
        return Fate.REFUND_PENDING if number in self._pending else Fate.SENT


class AfterSale:
    """Yields the dated lines that follow an order, none later than `now`."""

    def __init__(self, *, now: datetime, rng: Random, with_settlement: bool) -> None:
        self._now, self._rng, self._with_settlement = now, rng, with_settlement
        self._refunds = 0

    def follow(self, sale: Sale) -> Iterator[Event]:
        """Yield (instant, line) in any order; nothing that lies in the future."""
        for at, line in self._all(sale):
            if at <= self._now:
                yield at, line | {"at": at.isoformat()}

    def _all(self, sale: Sale) -> Iterator[Event]:
        if sale.paid_at is None:
            yield from self._abandoned(sale)
        elif sale.fate is Fate.CALLED_OFF:
            yield from self._called_off(sale, sale.paid_at)
        elif sale.fate is not Fate.WAITING:
            sent_at = None
            for sent_at, line in self._parcels(sale, sale.paid_at):
                yield sent_at, line
            if sent_at and sale.fate is Fate.RETURNED:
                yield from self._returned(sale, sent_at)
            elif sent_at and sale.fate is Fate.REFUND_PENDING:
                yield self._pending(sale, sent_at)

    def _abandoned(self, sale: Sale) -> Iterator[Event]:
        if self._rng.random() < 0.4:
            at = sale.placed_at + timedelta(seconds=self._rng.randint(300, 2400))
            yield at, {"type": "cancel", "order": sale.ref, "reason": "Changed their mind"}

    def _called_off(self, sale: Sale, paid_at: datetime) -> Iterator[Event]:
        at = paid_at + timedelta(minutes=self._rng.randint(20, 220))
        order = sale.order
        tax = sum(row["tax"] for row in order["lines"]) + order.get("shipping_tax", 0)
        postage = order.get("shipping", 0) - order.get("shipping_tax", 0)
        rows = [{"product": r["product"], "quantity": r["quantity"], "restock": True} for r in order["lines"]]
        split = {"goods": total_of(order) - tax - postage, "shipping": postage, "tax": tax, "lines": rows}
        reason = self._rng.choice(("Ordered twice", "Wrong address", "Changed their mind"))
        yield at, self._refund(sale, split)
        yield at + timedelta(seconds=2), {"type": "cancel", "order": sale.ref, "reason": reason}

    def _parcels(self, sale: Sale, paid_at: datetime) -> Iterator[Event]:
        sent_at = self._sent_at(paid_at)
        rows = sale.order["lines"]
        in_two, gap = self._rng.random() < 0.05, timedelta(hours=self._rng.randint(20, 30))
        if sent_at is None:
            return
        if in_two and len(rows) > 1 and sent_at + gap <= min(self._now, paid_at + timedelta(hours=60)):
            first = [{"product": row["product"], "quantity": row["quantity"]} for row in rows[:-1]]
            yield sent_at, {"type": "ship", "order": sale.ref, "lines": first}
            sent_at += gap
        yield sent_at, {"type": "ship", "order": sale.ref}

    def _sent_at(self, paid_at: datetime) -> datetime | None:
        """Return an instant 4 to 60 hours after payment, by day where a few draws find one (UTC: near enough)."""
        earliest = paid_at + timedelta(hours=4)
        for _ in range(5):
            sent_at = earliest + timedelta(seconds=int(56 * 3600 * self._rng.betavariate(1.8, 3.4)))
            if 7 <= sent_at.hour < 18:
                break
        if sent_at <= self._now:
            return sent_at
        left = int((self._now - earliest).total_seconds())
        return earliest + timedelta(seconds=self._rng.randint(0, left)) if left > 0 else None

    def _returned(self, sale: Sale, sent_at: datetime) -> Iterator[Event]:
        rng = self._rng
        at = sent_at + timedelta(days=rng.randint(3, 24), seconds=rng.randint(0, 40_000))
        total, draw = total_of(sale.order), rng.random()
        if draw < 0.5:
            yield at, self._refund(sale, {"lines": self._returned_rows(sale.order["lines"])})
        elif draw < 0.7:
            yield at, self._refund(sale, {"amount": total})
        else:
            amount = max(50, total * rng.randint(8, 40) // 100 // 50 * 50)
            yield from self._goodwill(sale, at, amount)

    def _goodwill(self, sale: Sale, at: datetime, amount: int) -> Iterator[Event]:
        """Yield part of the money back: at once, after a wait, at the second attempt, once more, or twice."""
        draw, fails = self._rng.random(), self._rng.random() < 0.12
        line = self._refund(sale, {"amount": amount})
        if draw < 0.06:
            yield at, line | {"status": "failed"}
            yield at + timedelta(days=1), self._refund(sale, {"amount": amount})
        elif draw < 0.22 and self._with_settlement:
            yield at, line | {"status": "pending"}
            kind = "refund_failed" if fails else "refund_succeeded"
            yield at + timedelta(days=2), {"type": kind, "refund": line["ref"]}
        elif 0.84 <= draw < 0.9:
            yield at, line
            if self._with_settlement:  # the customer's bank sent it back
                yield at + timedelta(days=4), {"type": "refund_failed", "refund": line["ref"]}
            yield at + timedelta(days=5), self._refund(sale, {"amount": amount})
        else:
            yield at, line
            if draw > 0.9:
                rest = max(1, (total_of(sale.order) - amount) // 300 * 100)
                yield at + timedelta(days=3), self._refund(sale, {"amount": rest})

    def _returned_rows(self, rows: list[Line]) -> list[Line]:
        rng = self._rng
        chosen = rng.sample(rows, rng.randint(1, len(rows)))
        return [
            {
                "product": row["product"],
                "quantity": rng.randint(1, row["quantity"]),
                "restock": rng.random() < 0.6,
            }
            for row in chosen
        ]

    def _pending(self, sale: Sale, sent_at: datetime) -> Event:
        left = max(1, int((self._now - sent_at).total_seconds()))
        at = self._now - timedelta(seconds=self._rng.randint(0, min(left // 2, LONGEST_WAIT)))
        amount = max(50, total_of(sale.order) // 400 * 100)
        return at, self._refund(sale, {"amount": amount}) | {"status": "pending"}

    def _refund(self, sale: Sale, split: Line) -> Line:
        self._refunds += 1
        ref = f"R-{self._refunds:06d}"
        return {"type": "refund", "ref": ref, "order": sale.ref, **split, "status": "succeeded"}
