"""Products by what they came to in a window: sales, units, margin, returns; and how their sales ran. Minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast, NullIf

from analytics.figures.spans import place_of
from analytics.figures.windows import Comparison, Window
from analytics.models import FactProductDay
from core.money import divide_half_up

AMOUNTS = (
    "gross_minor", "discount_minor", "returns_minor", "net_minor", "units", "net_units", "costed_net_minor",
    "cost_minor", "costed_entries",
)  # fmt: skip
SORTS = {
    "net": F("sum_net_minor"),
    "units": F("sum_units"),
    "margin": F("sum_margin"),
    "margin-rate": F("by_margin_rate"),
    "returns-rate": F("by_returns_rate"),
    "name": F("product__name"),
}
LARGEST = "-net"


@dataclass(frozen=True)
class ProductFigures:
    """What a product came to in a window. `complete_minor` and `before_minor` are None without a comparison."""

    key: int
    name: str
    status: str
    category: str
    gross_minor: int
    discount_minor: int
    returns_minor: int
    net_minor: int
    units: int
    net_units: int
    costed_net_minor: int
    cost_minor: int
    costed_entries: int
    complete_minor: int | None
    before_minor: int | None

    @property
    def margin_minor(self) -> int | None:
        """Net sales less cost of the lines whose cost is known; None if none is."""
        return self.costed_net_minor - self.cost_minor if self.costed_entries else None

    @property
    def margin_rate(self) -> Decimal | None:
        """The margin in percent of the net sales of the same lines."""
        return None if self.margin_minor is None else percent(self.margin_minor, self.costed_net_minor)

    @property
    def coverage(self) -> Decimal | None:
        """Net sales of the lines whose cost is known, in percent of all net sales."""
        return percent(self.costed_net_minor, self.net_minor)

    @property
    def returns_rate(self) -> Decimal | None:
        """Returns in percent of what the goods were sold for."""
        return percent(self.returns_minor, self.gross_minor - self.discount_minor)


def percent(part: int, whole: int) -> Decimal | None:
    """Return a share in percent with two decimals, half away from zero; None of nothing."""
    return Decimal(divide_half_up(10_000 * part, whole)).scaleb(-2) if whole else None


def ranked(comparison: Comparison, currency: str, *, sort: str = LARGEST) -> QuerySet[Any, dict[str, Any]]:
    """Return the products with any fact in the window as rows, by a name of `SORTS`, `-` for the largest first.

    `as_figures` makes figures of a row. One query for as many rows as are asked for.
    """
    window = _within(comparison.window)
    sums = {f"sum_{name}": Sum(name, filter=window) for name in AMOUNTS}
    if comparison.complete and comparison.before:
        sums["sum_complete_minor"] = Sum("net_minor", filter=_within(comparison.complete), default=0)
        sums["sum_before_minor"] = Sum("net_minor", filter=_within(comparison.before), default=0)
    either = window | _within(comparison.before or comparison.window)
    facts: Any = FactProductDay.objects.filter(either, currency=currency).order_by()
    rows = facts.values("product_id", "product__name", "product__status", "product__category__name").annotate(**sums)
    by, is_falling = SORTS[sort.removeprefix("-")], sort.startswith("-")
    order = by.desc(nulls_last=True) if is_falling else by.asc(nulls_last=True)
    sold = rows.filter(sum_net_minor__isnull=False)
    return sold.annotate(**_measures(sort.removeprefix("-"))).order_by(order, "-sum_net_minor", "product_id")


def as_figures(row: Mapping[str, Any]) -> ProductFigures:
    """Return a row of `ranked` as figures."""
    amounts: dict[str, Any] = {name: row.get(f"sum_{name}") for name in (*AMOUNTS, "complete_minor", "before_minor")}
    return ProductFigures(
        key=row["product_id"],
        name=row["product__name"],
        status=row["product__status"],
        category=row["product__category__name"] or "",
        **amounts,
    )


def net_by_run(products: Sequence[int], runs: Sequence[Window], currency: str) -> dict[int, list[int]]:
    """Return the net sales of each of these products in each run of days; one query."""
    facts = FactProductDay.objects.filter(
        day__range=(runs[0].start, runs[-1].end), currency=currency, product_id__in=products
    )
    sums: Any = facts.order_by().annotate(place=place_of(runs)).values("product_id", "place").annotate(Sum("net_minor"))
    found = {key: [0] * len(runs) for key in products}
    for row in sums:
        found[row["product_id"]][row["place"]] = row["net_minor__sum"]
    return found


def _measures(sort: str) -> dict[str, Any]:
    """Return what a sort needs beside the sums; a margin is none where no cost is known, so it stands last."""
    margin = F("sum_costed_net_minor") - F("sum_cost_minor")
    known = NullIf(F("sum_costed_entries"), 0)
    measures = {
        "margin": {"sum_margin": margin + known - known},
        "margin-rate": {"by_margin_rate": _ratio(margin, F("sum_costed_net_minor"))},
        "returns-rate": {
            "by_returns_rate": _ratio(F("sum_returns_minor"), F("sum_gross_minor") - F("sum_discount_minor"))
        },
    }
    return measures.get(sort, {})


def _ratio(part: Any, whole: Any) -> Any:
    return Cast(part, FloatField()) / NullIf(Cast(whole, FloatField()), 0.0)


def _within(window: Window) -> Q:
    return Q(day__range=(window.start, window.end))
