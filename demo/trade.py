"""A year and a half of invented trade, as lines of the history format: the same lines for the same arguments."""

import heapq
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from demo.after_sale import AfterSale, Fate, Fates, Sale
from demo.baskets import Baskets, code_for, priced
from demo.catalogue import CURRENCY, load_categories
from demo.interest import BAGS_LEFT_PER_ORDER, attempts, bag_of, bags_left, dispute, wish
from demo.people import Crowd, Person, customer_line
from demo.rhythm import moments, orders_by_day, share_of_day
from demo.shelf import Shelf, stock_line

Line = dict[str, Any]

CORE_TYPES = frozenset({"customer", "product", "stock", "order", "refund", "ship", "cancel"})
ALL_TYPES = CORE_TYPES | {
    "cart", "dispute", "payment_attempt", "refund_failed", "refund_succeeded", "unwish", "wish",
}  # fmt: skip
NEEDS = {
    "cancel": ("order", "refund"),
    "cart": ("order",),
    "dispute": ("order",),
    "payment_attempt": ("order",),
    "refund": ("order",),
    "refund_failed": ("refund",),
    "refund_succeeded": ("refund",),
    "ship": ("order",),
    "unwish": ("wish",),
    "wish": ("customer",),
}
QUIET = timedelta(minutes=10)  # no order is younger, so that each is paid by now, or is not going to be
COSTS_FROM_DAY = 45  # until then nobody wrote down what the goods had cost


def generate_history(
    *,
    seed: int,
    orders: int,
    customers: int | None = None,
    start: date,
    end: date,
    now: datetime,
    time_zone: str,
    types: frozenset[str] = CORE_TYPES,
) -> Iterator[Line]:
    """Return an iterator of history lines: products first, then trade in the order of time.

    `orders` are placed between the local days `start` and `end`, both included, by `customers` people (a third of
    the orders, if not given); nothing is dated after `now`. Stock is tracked and never falls below zero. Lines of
    other than the wanted `types` are left out of one and the same trade. Memory does not grow with the lines, only
    with the customers. Raises ValueError for arguments that contradict each other.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    latest = now.astimezone(UTC).replace(microsecond=0) - QUIET
    last = min(end, latest.astimezone(ZoneInfo(time_zone)).date())
    if start > last:
        raise ValueError("start lies after end, or after now")
    people = -(-orders // 3) if customers is None else customers
    if orders < 0 or not (0 <= people <= orders) or (orders and not people):
        raise ValueError("orders must not be negative, and customers lie between one and the orders")
    _refuse_odd_types(types)
    trade = Trade(
        seed=seed, orders=orders, customers=people, start=start, last=last, latest=latest,
        zone=ZoneInfo(time_zone), types=types,
    )  # fmt: skip
    return trade.lines()


def _refuse_odd_types(types: frozenset[str]) -> None:
    if unknown := sorted(types - ALL_TYPES):
        raise ValueError(f"unknown types: {', '.join(unknown)}")
    for kind in sorted(types):
        if missing := [needed for needed in NEEDS.get(kind, ()) if needed not in types]:
            raise ValueError(f"{kind} lines refer to {', '.join(missing)} lines, which are left out")


class Trade:
    """One run of the invented shop. Each concern draws from its own random numbers, so that none disturbs another."""

    def __init__(
        self, *, seed: int, orders: int, customers: int, start: date, last: date, latest: datetime, zone: ZoneInfo,
        types: frozenset[str],
    ) -> None:  # fmt: skip
        self._seed, self._zone, self._types, self._start, self._latest = seed, zone, types, start, latest
        self._now = latest + QUIET
        self._rng = self._random("orders")
        share = share_of_day(latest.astimezone(zone)) if latest.astimezone(zone).date() == last else 1.0
        self._planned = orders_by_day(orders, start, last, share_of_last=share, rng=self._random("days"))
        self._shelf = Shelf(load_categories(), start=start, planned=self._planned, rng=self._random("stock"))
        self._baskets = Baskets(self._shelf, rng=self._random("baskets"))
        self._crowd = Crowd(customers=customers, orders=orders, rng=self._random("people"))
        self._fates = Fates(orders=orders, rng=self._random("fates"))
        self._after = AfterSale(now=self._now, rng=self._random("after"), with_settlement="refund_succeeded" in types)
        self._around = {kind: self._random(kind) for kind in ("cart", "dispute", "payment_attempt", "wish")}
        self._costs_from = start + timedelta(days=min(COSTS_FROM_DAY, (last - start).days // 8))
        self._coming: list[tuple[datetime, int, Line]] = []
        self._pushed = self._number = 0
        self._clock = datetime.combine(start, time.min, tzinfo=zone).astimezone(UTC)

    def lines(self) -> Iterator[Line]:
        """Yield the lines of the wanted types."""
        for line in self._all_lines():
            if line["type"] in self._types:
                yield line

    def _random(self, concern: str) -> Random:
        return Random(f"{self._seed}:{concern}")  # noqa: S311 - invented trade, not a secret

    def _all_lines(self) -> Iterator[Line]:
        yield from self._shelf.opening_lines()
        for ahead, count in enumerate(self._planned):
            day = self._start + timedelta(days=ahead)
            self._plan_stock(day)
            self._plan_bags(day, count)
            for at in moments(count, day, zone=self._zone, until=self._latest, rng=self._rng):
                yield from self._due(at)
                yield from self._sell(at, day)
        yield from self._due(self._now)
        for sku, delta, reason in self._shelf.closing_differences():
            yield stock_line(sku, at=self._clock.isoformat(), delta=delta, reason=reason)

    def _sell(self, at: datetime, day: date) -> Iterator[Line]:
        self._clock = at
        person, is_first = self._crowd.next_buyer(at)
        basket = self._baskets.fill(person, day)
        if is_first and person.ref:
            created_at = at - timedelta(seconds=self._rng.randint(30, 1200))
            yield customer_line(person, created_at=created_at, verified=self._rng.random() < 0.86)
        sale = self._place(person, basket, at=at, day=day, is_first=is_first)
        yield sale.order
        if "cart" in self._types:
            yield bag_of(sale, rng=self._around["cart"])
        if sale.paid_at:
            for sku, quantity in basket.items():
                self._shelf.move(sku, -quantity)
            person.liked = [*person.liked, *basket][-6:]
        for when, line in self._after.follow(sale):
            self._push(when, line)
        self._plan_around(sale, person, basket, day)

    def _place(self, person: Person, basket: dict[str, int], *, at: datetime, day: date, is_first: bool) -> Sale:
        number, fate = self._number, self._fates.of(self._number)
        self._number += 1
        paid_at = at + timedelta(seconds=self._rng.randint(45, 420))
        money = priced(
            basket,
            shelf=self._shelf,
            country=person.country,
            day=day,
            code=code_for(is_first=is_first, day=day, rng=self._rng),
            with_cost=day >= self._costs_from,
        )
        known = person.ref and "customer" in self._types
        order: Line = {
            "type": "order",
            "ref": f"D-{number + 1:06d}",
            **({"customer": person.ref} if known else {"email": person.email}),
            "currency": CURRENCY,
            "placed_at": at.isoformat(),
            **({} if fate is Fate.UNPAID else {"paid_at": paid_at.isoformat()}),
            **money,
        }
        return Sale(number, order, at, None if fate is Fate.UNPAID else paid_at, fate)

    def _plan_around(self, sale: Sale, person: Person, basket: dict[str, int], day: date) -> None:
        around = self._around
        if "payment_attempt" in self._types:
            for when, line in attempts(sale, rng=around["payment_attempt"]):
                self._push(when, line)
        if "dispute" in self._types:
            for when, line in dispute(sale, now=self._now, rng=around["dispute"]):
                self._push(when, line)
        if person.ref and around["wish"].random() < 0.16:
            sku = self._baskets.other_than(basket, day)
            person.liked = [*person.liked, sku][-6:]
            for when, line in wish(sale, person.ref, sku, now=self._now, rng=around["wish"]):
                self._push(when, line)

    def _plan_stock(self, day: date) -> None:
        for hour, changes in ((8, self._shelf.deliveries(day)), (18, self._shelf.stock_take(day))):
            at = datetime.combine(day, time(hour), tzinfo=self._zone).astimezone(UTC)
            for sku, delta, reason in changes:
                self._push(at, stock_line(sku, at=at.isoformat(), delta=delta, reason=reason))

    def _plan_bags(self, day: date, count: int) -> None:
        if "cart" not in self._types:
            return
        rng = self._around["cart"]
        left = moments(round(count * BAGS_LEFT_PER_ORDER), day, zone=self._zone, until=self._latest, rng=rng)
        for at, line in bags_left(left, now=self._now, rng=rng):
            self._push(at, line)

    def _push(self, at: datetime, line: Line) -> None:
        self._pushed += 1
        heapq.heappush(self._coming, (at, self._pushed, line))

    def _due(self, at: datetime) -> Iterator[Line]:
        while self._coming and self._coming[0][0] <= at:
            when, _, line = heapq.heappop(self._coming)
            self._clock = when
            if self._settle(line):
                yield line

    def _settle(self, line: Line) -> bool:
        """Bring the line's goods on to the shelf; a stock-take that would find less than nothing never was."""
        if line["type"] == "stock":
            return self._shelf.move(line["product"], line["delta"])
        if line["type"] == "refund":
            for row in line.get("lines", ()):
                if row["restock"]:
                    self._shelf.move(row["product"], row["quantity"])
        return True
