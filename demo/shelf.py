"""The demo's stock: what stands on the shelf, when deliveries come, and what the stock-takes find."""

from collections.abc import Iterator
from datetime import date, timedelta
from math import ceil
from random import Random
from typing import Any

from demo.catalogue import CURRENCY, Category

Line = dict[str, Any]

UNITS_PER_ORDER = 2.3  # what an order takes on average, rounded up, so that deliveries rather come too early
COVER_DAYS, DELIVERY_DAYS, SAFETY, CASE = 14, 42, 8, 12
RUN_DOWN = timedelta(days=56)  # for so long nothing that is to end low or sold out is delivered
DELIVERY_WEEKDAYS = (1, 4)


class Shelf:
    """Stock on hand by SKU. `planned` are the orders of each day from `start` on; deliveries look ahead in it."""

    def __init__(self, categories: tuple[Category, ...], *, start: date, planned: list[int], rng: Random) -> None:
        self._categories, self._start, self._planned, self._rng = categories, start, planned, rng
        self._run_down_from = start + timedelta(days=len(planned)) - RUN_DOWN
        self._deliveries = 0
        self.variants = {v.sku: v for c in categories for p in c.products for v in p.variants}
        popularity = sum(variant.popularity for variant in self.variants.values())
        self._share = {sku: v.popularity / popularity for sku, v in self.variants.items()}
        self.on_hand = {
            sku: max(v.opening_stock, ceil(self._expected(sku, start, COVER_DAYS))) for sku, v in self.variants.items()
        }

    def opening_lines(self) -> Iterator[Line]:
        """Yield one `product` line for each variant, with the stock that it starts with."""
        for category in self._categories:
            for product in category.products:
                for variant in product.variants:
                    yield {
                        "type": "product",
                        "ref": variant.sku,
                        "name": full_name(product.name, variant.name),
                        "category": category.name,
                        "price": variant.price_minor,
                        "cost": variant.cost_minor,
                        "currency": CURRENCY,
                        "stock": self.on_hand[variant.sku],
                    }

    def deliveries(self, day: date) -> Iterator[tuple[str, int, str]]:
        """Yield (SKU, units, reason) of what is delivered on the day, before it is on the shelf."""
        if day.weekday() not in DELIVERY_WEEKDAYS and day != self._start:
            return
        wanted = [(sku, self._wanted(sku, day)) for sku in self.variants]
        if any(units for _, units in wanted):
            self._deliveries += 1
        for sku, units in wanted:
            if units:
                yield sku, units, f"Delivery {self._deliveries:04d}"

    def stock_take(self, day: date) -> Iterator[tuple[str, int, str]]:
        """Yield (SKU, difference, reason) of the count on the first Thursday of a quarter."""
        if day.month % 3 != 1 or day.weekday() != 3 or day.day > 7:
            return
        for sku, units in self.on_hand.items():
            found = self._rng.choice((0, 0, 0, 0, -1, -1, -2, 1))
            if found and units > 20:
                yield sku, found, "Stock-take"

    def move(self, sku: str, delta: int) -> bool:
        """Add `delta` to the shelf, or refuse what would leave less than nothing on it."""
        if self.on_hand[sku] + delta < 0:
            return False
        self.on_hand[sku] += delta
        return True

    def for_sale(self, sku: str, day: date) -> int:
        """Return how many units the day's shoppers may take."""
        ends_at = self.variants[sku].ends_at
        keep = ends_at if ends_at is not None and day >= self._run_down_from else 0
        return max(0, self.on_hand[sku] - keep)

    def closing_differences(self) -> Iterator[tuple[str, int, str]]:
        """Yield (SKU, difference, reason) that bring the variants with an `ends_at` to it."""
        for sku, variant in self.variants.items():
            if variant.ends_at is not None and self.on_hand[sku] != variant.ends_at:
                yield sku, variant.ends_at - self.on_hand[sku], "Stock-take"

    def _expected(self, sku: str, day: date, days: int) -> float:
        first = (day - self._start).days
        return SAFETY + sum(self._planned[first : first + days]) * UNITS_PER_ORDER * self._share[sku] * 1.6

    def _wanted(self, sku: str, day: date) -> int:
        if self.variants[sku].ends_at is not None and day >= self._run_down_from:
            return 0
        there = self.on_hand[sku]
        if there >= self._expected(sku, day, COVER_DAYS):
            return 0
        return ceil((self._expected(sku, day, DELIVERY_DAYS) - there) / CASE) * CASE


def full_name(product: str, variant: str) -> str:
    """Return the name of a variant as it stands on its own, outside its product's page."""
    return f"{product}, {variant}" if variant else product


def stock_line(sku: str, *, at: str, delta: int, reason: str) -> Line:
    """Return the history line of a movement."""
    return {"type": "stock", "product": sku, "at": at, "delta": delta, "reason": reason}
