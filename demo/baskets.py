"""What is in an order: which variants, at what price, with which discounts, postage and VAT."""

from bisect import bisect
from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from random import Random
from typing import Any

from core.money import allocate, percent_of, tax_inside
from demo.people import Person
from demo.rhythm import is_black_friday
from demo.shelf import Shelf

Line = dict[str, Any]

VAT_BPS = {"GB": 2000, "IE": 2300, "DE": 1900, "FR": 2000}
HOME = "GB"
POSTAGE_MINOR, POSTAGE_ABROAD_MINOR, FREE_FROM_MINOR = 350, 950, 4000
WELCOME, SPRING, THANKS = ("WELCOME10", 1000), ("SPRING15", 1500), ("THANKS5", 500)
BLACK_FRIDAY_BPS = 2000
LINES, LINE_WEIGHTS = (1, 2, 3, 4, 5), (46, 29, 15, 7, 3)
MONTHLY = {
    "PL-SPF": (0.5, 0.6, 0.9, 1.3, 1.8, 2.1, 2.2, 1.8, 1.0, 0.6, 0.5, 0.5),
    "PL-GEL": (0.6, 0.6, 0.8, 1.0, 1.3, 1.5, 1.6, 1.4, 1.0, 0.8, 0.6, 0.6),
    "PL-BOI": (1.2, 1.1, 1.0, 0.9, 0.8, 0.8, 0.8, 0.8, 0.9, 1.1, 1.3, 1.4),
    "PL-OBL": (1.4, 1.3, 1.1, 0.9, 0.8, 0.7, 0.7, 0.7, 0.9, 1.1, 1.3, 1.4),
    "PL-HCR": (1.4, 1.3, 1.1, 0.8, 0.7, 0.6, 0.6, 0.7, 0.9, 1.1, 1.5, 1.6),
    "PL-LIP": (1.4, 1.3, 1.1, 0.9, 0.8, 0.8, 0.8, 0.8, 0.9, 1.1, 1.4, 1.5),
    "PL-NRC": (1.3, 1.2, 1.0, 0.9, 0.8, 0.7, 0.7, 0.8, 0.9, 1.1, 1.3, 1.3),
    "PL-SET": (0.6, 0.8, 1.0, 0.8, 0.8, 0.7, 0.7, 0.7, 0.8, 1.0, 2.4, 3.2),
}


class Baskets:
    """Fills baskets from what is for sale on the day; takes nothing off the shelf."""

    def __init__(self, shelf: Shelf, *, rng: Random) -> None:
        self._shelf, self._rng = shelf, rng
        self._skus = list(shelf.variants)
        self._month = 0
        self._reached: list[float] = []

    def fill(self, person: Person, day: date) -> dict[str, int]:
        """Return quantities by SKU, at least one line, nothing beyond what is for sale."""
        basket: dict[str, int] = {}
        for _ in range(self._rng.choices(LINES, LINE_WEIGHTS)[0]):
            sku = self._choose(person, day)
            left = self._shelf.for_sale(sku, day)
            if sku not in basket and left:
                basket[sku] = min(self._quantity(sku), left)
        if not basket:
            basket[max(self._skus, key=lambda sku: self._shelf.for_sale(sku, day))] = 1
        return basket

    def other_than(self, basket: dict[str, int], day: date) -> str:
        """Return a SKU that somebody might wish for beside what they buy."""
        sku = self._draw(day)
        return sku if sku not in basket else next(other for other in self._skus if other not in basket)

    def _choose(self, person: Person, day: date) -> str:
        if person.liked and self._rng.random() < 0.38:
            return self._rng.choice(person.liked)
        return self._draw(day)

    def _draw(self, day: date) -> str:
        if day.month != self._month:
            self._month = day.month
            self._reached = list(accumulate(self._weights(day.month)))
        mark = self._rng.random() * self._reached[-1]
        return self._skus[bisect(self._reached, mark, 0, len(self._skus) - 1)]

    def _weights(self, month: int) -> Iterator[float]:
        for sku, variant in self._shelf.variants.items():
            monthly = MONTHLY.get(sku[:6])
            yield variant.popularity * (monthly[month - 1] if monthly else 1.0)

    def _quantity(self, sku: str) -> int:
        draw = self._rng.random()
        small = self._shelf.variants[sku].price_minor <= 1000
        if draw < (0.68 if small else 0.88):
            return 1
        return 2 if draw < (0.93 if small else 0.985) else 3


def priced(
    basket: dict[str, int], *, shelf: Shelf, country: str, day: date, code: tuple[str, int] | None, with_cost: bool
) -> Line:
    """Return the money fields of an order: VAT inside the prices, computed line by line after all discounts."""
    rate = VAT_BPS[country]
    rows = [_row(sku, quantity, shelf=shelf, day=day, with_cost=with_cost) for sku, quantity in basket.items()]
    charges = [row["quantity"] * row["unit_price"] - row.get("discount", 0) for row in rows]
    discount = percent_of(sum(charges), code[1]) if code else 0
    for row, charge, share in zip(rows, charges, allocate(discount, charges), strict=True):
        row["tax"] = tax_inside(charge - share, rate)
    order: Line = {"country": country, "prices_include_tax": True, "lines": rows}
    if code and discount:
        order |= {"discount": discount, "discount_code": code[0]}
    if postage := _postage(country, sum(charges) - discount):
        order |= {"shipping": postage, "shipping_tax": tax_inside(postage, rate)}
    return order


def code_for(*, is_first: bool, day: date, rng: Random) -> tuple[str, int] | None:
    """Return the discount code an order is placed with, as (code, basis points), or none."""
    draw = rng.random()
    if is_first:
        return WELCOME if draw < 0.24 else None
    in_spring = (3, 20) <= (day.month, day.day) <= (4, 20)
    if in_spring and draw < 0.3:
        return SPRING
    return THANKS if draw > 0.93 else None


def total_of(order: Line) -> int:
    """Return what the order costs, in minor units."""
    goods = sum(row["quantity"] * row["unit_price"] - row.get("discount", 0) for row in order["lines"])
    return goods - order.get("discount", 0) + order.get("shipping", 0)


def _row(sku: str, quantity: int, *, shelf: Shelf, day: date, with_cost: bool) -> Line:
    variant = shelf.variants[sku]
    row: Line = {"product": sku, "quantity": quantity, "unit_price": variant.price_minor}
    if is_black_friday(day) and variant.popularity <= 5:
        row["discount"] = percent_of(quantity * variant.price_minor, BLACK_FRIDAY_BPS)
    if with_cost:
        row["cost"] = variant.cost_minor
    return row


def _postage(country: str, charged_minor: int) -> int:
    if country != HOME:
        return POSTAGE_ABROAD_MINOR
    return 0 if charged_minor >= FREE_FROM_MINOR else POSTAGE_MINOR
