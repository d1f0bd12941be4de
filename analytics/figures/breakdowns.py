"""Net sales of a window by product, category, country, discount code, or new and existing customers.

Every slice comes from a fact table, so that the slices of a window add up to its net sales. Minor units ex tax.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django_countries import countries

from analytics.figures.windows import Comparison, Window
from analytics.models import FactProductDay, FactSegmentDay

AMOUNTS = ("gross_minor", "discount_minor", "returns_minor", "net_minor", "units")


class By(StrEnum):
    """What sales are told apart by; its value is its name in addresses and the name of the cell in `rows_url`."""

    PRODUCT = "product"
    CATEGORY = "category"
    COUNTRY = "country"
    CODE = "code"
    CUSTOMER = "customer"

    @property
    def counts_orders(self) -> bool:
        """Whether an order lies in one slice only; of products and categories it can hold several."""
        return self not in (By.PRODUCT, By.CATEGORY)


WORDS = {
    By.PRODUCT: ("Product", "products"),
    By.CATEGORY: ("Category", "categories"),
    By.COUNTRY: ("Country", "countries"),
    By.CODE: ("Discount code", "discount codes"),
    By.CUSTOMER: ("Customers", "kinds of customer"),
}
NAMED = {"new": "New customers", "existing": "Existing customers"}
WITHOUT = {By.CATEGORY: "No category", By.COUNTRY: "Country not known", By.CODE: "No code"}


@dataclass(frozen=True)
class Slice:
    """A part of the sales of a window; `cell` selects its rows.

    `orders` is None where an order can lie in several slices. `complete_minor` and `before_minor` are the net sales of
    the complete days and of the days that they are compared with; None where there is nothing to compare.
    """

    cell: dict[str, Any]
    label: str
    note: str
    gross_minor: int
    discount_minor: int
    returns_minor: int
    net_minor: int
    units: int
    orders: int | None
    complete_minor: int | None
    before_minor: int | None

    @property
    def sold_minor(self) -> int:
        """Gross sales less discounts."""
        return self.gross_minor - self.discount_minor


def slices_of(by: By, comparison: Comparison, currency: str) -> QuerySet[Any, dict[str, Any]]:
    """Return the slices of a window as rows, most net sales first; those of the days before alone are among them.

    `as_slice` makes a slice of a row. One query for as many rows as are asked for.
    """
    facts, names = _facts(by)
    sums = {f"sum_{name}": total for name, total in _sums(by, comparison).items()}
    rows = facts.filter(_in_any(comparison), currency=currency).order_by()
    return rows.values(**names).annotate(**sums).order_by("-sum_net_minor", "slice_key")


def as_slice(by: By, row: Mapping[str, Any]) -> Slice:
    """Return a row of `slices_of` as a slice with its name in words."""
    key = row["slice_key"]
    names = (*AMOUNTS, "orders", "complete_minor", "before_minor")
    amounts: dict[str, Any] = {name: row.get(f"sum_{name}") for name in names}
    return Slice(
        cell={by.value: "" if key is None else key},
        label=_label(by, row),
        note=_note(row),
        **amounts,
    )


def total_of(by: By, comparison: Comparison, currency: str) -> Slice:
    """Return what all slices come to together, from the same facts; one query."""
    sums = {f"sum_{name}": total for name, total in _sums(by, comparison).items()}
    found = _facts(by)[0].filter(_in_any(comparison), currency=currency).aggregate(**sums)
    return as_slice(by, {"slice_key": "", **found})


def _sums(by: By, comparison: Comparison) -> dict[str, Sum]:
    names = [*AMOUNTS, "orders"] if by.counts_orders else AMOUNTS
    sums = {name: Sum(name, filter=_within(comparison.window), default=0) for name in names}
    if comparison.complete and comparison.before:
        sums["complete_minor"] = Sum("net_minor", filter=_within(comparison.complete), default=0)
        sums["before_minor"] = Sum("net_minor", filter=_within(comparison.before), default=0)
    return sums


def _in_any(comparison: Comparison) -> Q:
    return _within(comparison.window) | _within(comparison.before or comparison.window)


def _facts(by: By) -> tuple[QuerySet[Any], dict[str, F]]:
    """Return the facts that hold the slices, and the columns that name one."""
    if by is By.PRODUCT:
        columns = {"slice_key": F("product_id"), "name": F("product__name"), "status": F("product__status")}
        return FactProductDay.objects.all(), columns
    if by is By.CATEGORY:
        columns = {"slice_key": F("product__category__slug"), "name": F("product__category__name")}
        return FactProductDay.objects.all(), columns
    return FactSegmentDay.objects.filter(segment=by.value), {"slice_key": F("key")}


def _label(by: By, row: Mapping[str, Any]) -> str:
    key = row["slice_key"]
    if not key:
        return WITHOUT.get(by, "–")
    if by is By.COUNTRY:
        return countries.name(key) or str(key)
    return NAMED.get(key, key) if by is By.CUSTOMER else row.get("name") or str(key)


def _note(row: Mapping[str, Any]) -> str:
    status = row.get("status", "active")
    return "" if status == "active" else f"{status}, not on sale"


def _within(window: Window) -> Q:
    return Q(day__range=(window.start, window.end))
