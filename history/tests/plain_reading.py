"""Rule 10 of the figures read once more, in plain Python and fractions: it shares nothing with the code it judges."""

from fractions import Fraction
from math import floor
from typing import Any

Line = dict[str, Any]


class Refused(Exception):
    """What the rules do not allow."""


def shares(total: int, weights: list[Fraction]) -> list[int]:
    """Largest remainder; ties go to the earlier part."""
    if total and not any(weights):
        raise Refused
    exact = [Fraction(total) * weight / (sum(weights) or 1) for weight in weights]
    parts = [floor(part) for part in exact]
    by_rest = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_rest[: total - sum(parts)]:
        parts[i] += 1
    return parts


def fractions(values: list[int]) -> list[Fraction]:
    return [Fraction(value) for value in values]


class PlainOrder:
    """A sold order as lists by line, with delivery's net and tax as the last entry of `net` and `tax`."""

    def __init__(self, line: Line) -> None:
        rows = line["lines"]
        charges = [row["quantity"] * row["unit_price"] - row.get("discount", 0) for row in rows]
        off = shares(line.get("discount", 0), fractions(charges))
        charged = [charge - part for charge, part in zip(charges, off, strict=True)]
        charged.append(line.get("shipping", 0) - line.get("shipping_discount", 0))
        if "tax" in line:
            self.tax = shares(line["tax"], fractions(charged))
        else:
            self.tax = [*(row.get("tax", 0) for row in rows), line.get("shipping_tax", 0)]
        inside = self.tax if line.get("prices_include_tax") else [0] * len(charged)
        self.net = [money - tax for money, tax in zip(charged, inside, strict=True)]
        self.skus = [row["product"] for row in rows]
        self.quantity = [row["quantity"] for row in rows]
        self.left_net, self.left_tax, self.back = list(self.net), list(self.tax), [0] * len(rows)
        self.kept: dict[str, tuple[list[int], list[int], list[int]]] = {}

    @property
    def left(self) -> int:
        return sum(self.left_net) + sum(self.left_tax)

    def refund(self, line: Line) -> tuple[list[int], list[int]]:
        """Take a refund; return its net and tax by line, delivery's last. Raises Refused and changes nothing."""
        units = self._units(line.get("lines", []))
        net, tax = self._split(line, units)
        if min(a - b for a, b in zip(self.left_net + self.left_tax, net + tax, strict=True)) < 0 or not sum(net + tax):
            raise Refused
        stays = self._staying(line.get("lines", []))
        self.kept[line["ref"]] = (net, tax, [a - b for a, b in zip(units, stays, strict=True)])
        if line.get("status", "succeeded") in ("succeeded", "pending"):
            self._move(net, tax, units, 1)
        return net, tax

    def fail(self, ref: str) -> None:
        """Give back the money of a refund, and the units that are not on the shelf."""
        self._move(*self.kept[ref], -1)

    def _move(self, net: list[int], tax: list[int], units: list[int], sign: int) -> None:
        self.left_net = [a - sign * b for a, b in zip(self.left_net, net, strict=True)]
        self.left_tax = [a - sign * b for a, b in zip(self.left_tax, tax, strict=True)]
        self.back = [a + sign * b for a, b in zip(self.back, units, strict=True)]

    def _units(self, rows: list[Line]) -> list[int]:
        """Units by line; the same product on two lines is filled in line order."""
        taken = [0] * len(self.skus)
        for row in rows:
            rest = row["quantity"]
            for i, sku in enumerate(self.skus):
                part = min(rest, self.quantity[i] - self.back[i] - taken[i]) if sku == row["product"] else 0
                taken[i] += part
                rest -= part
            if rest:
                raise Refused
        return taken

    def _staying(self, rows: list[Line]) -> list[int]:
        """Units by line that went back on the shelf."""
        on_shelf, before = [0] * len(self.skus), [0] * len(self.skus)
        for number, row in enumerate(rows, start=1):
            after = self._units(rows[:number])
            if row.get("restock"):
                on_shelf = [a + b - c for a, b, c in zip(on_shelf, after, before, strict=True)]
            before = after
        return on_shelf

    def _measure(self, of: list[int], units: list[int]) -> list[Fraction]:
        return [Fraction(of[i] * units[i], self.quantity[i]) for i in range(len(units))]

    def _split(self, line: Line, units: list[int]) -> tuple[list[int], list[int]]:
        named, count = "lines" in line, len(self.skus)
        if "amount" in line and named:
            goods, tax = self._measure(self.net, units), self._measure(self.tax, units)
            *net, all_tax = shares(line["amount"], [*goods, sum(tax, Fraction(0))])
            return [*net, 0], [*shares(all_tax, tax), 0]
        if "amount" in line:
            *net, all_tax = shares(line["amount"], fractions([*self.left_net, sum(self.left_tax)]))
            return net, shares(all_tax, fractions(self.left_tax))
        if {"goods", "shipping", "tax"} & line.keys():
            weights = self._measure(self.net, units) if named else fractions(self.left_net[:count])
            net = [*shares(line.get("goods", 0), weights), line.get("shipping", 0)]
            return net, shares(line.get("tax", 0), fractions(self.left_tax))
        net, tax = [0] * (count + 1), [0] * (count + 1)
        for i, quantity in enumerate(units):
            if quantity and self.back[i] + quantity == self.quantity[i]:
                net[i], tax[i] = self.left_net[i], self.left_tax[i]
            elif quantity:
                net[i] = self.net[i] * quantity // self.quantity[i]
                tax[i] = self.tax[i] * quantity // self.quantity[i]
        return net, tax
