"""The figure that rows come to, and the one that is shown for the same days and cells: they had better be the same."""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum

from analytics.figures.ages import ages_of
from analytics.figures.cohorts import cohort_retention, ltv_to_date
from analytics.figures.funnel import checkout_funnel
from analytics.figures.reading import facts_of
from analytics.figures.stock_cover import stock_cover_days
from analytics.kpis import Facts, Kpi, Unit, Value
from analytics.models import FactProductDay, FactSegmentDay
from analytics.rows.asking import Asked
from analytics.rows.reading import RowSet
from analytics.rows.sources import Rows
from core.money import divide_half_up, format_money

NONE = "–"
HOUR = 3_600_000_000  # microseconds
COLUMNS = {"gross": "gross_minor", "discounts": "discount_minor", "returns": "returns_minor", "net": "net_minor"}
OF_PRODUCTS = COLUMNS | {
    name: name for name in ("units", "net_units", "costed_entries")
} | {"costed_net": "costed_net_minor", "cost": "cost_minor"}  # fmt: skip
OF_SEGMENTS = COLUMNS | {"orders": "orders", "units": "units"}


@dataclass(frozen=True)
class Between:
    """The two orders that a percentile lies between: their places from 1, and their hours."""

    below: int
    above: int
    below_hours: Decimal
    above_hours: Decimal


def unit_of(asked: Asked) -> Unit:
    """Return what the figure, or one cell of it, is counted in."""
    return asked.rows.unit or asked.kpi.unit


def figure_of(asked: Asked, found: RowSet) -> Value:
    """Return the figure that the rows come to; None where there is none."""
    totals, rows = found.totals, asked.rows
    if rows.percentile:
        return _percentile(found, rows)
    if rows.scale:
        return _scaled(found, asked)
    if rows.needs_rows and not totals.count:
        return None
    if not rows.divides:
        return totals.adds
    if not totals.divides:
        return None
    if unit_of(asked) is Unit.PERCENT:
        return Decimal(_divided(10_000 * totals.adds, totals.divides)).scaleb(-2)
    return _divided(totals.adds, totals.divides)


def between(found: RowSet, rows: Rows) -> Between | None:
    """Return the two rows that a percentile lies between; None without a row."""
    if not found.totals.count:
        return None
    place, rest = divmod((found.totals.count - 1) * rows.percentile, 100)
    above = place + bool(rest)
    low = found.smallest(place)
    high = found.smallest(above) if rest else low
    return Between(place + 1, above + 1, _hours(low, 1), _hours(high, 1))


def shown_figure(asked: Asked) -> tuple[bool, Value]:
    """Return whether the snapshots hold this very figure, and what it is."""
    if not isinstance(asked.kpi, Kpi):
        return _of_table(asked)
    names = set(asked.cells) - {"day"}
    if not names:
        facts = facts_of([asked.window], asked.currency, kpis=[asked.kpi.id])[0]
        return True, asked.kpi.value(facts)
    if names == {"age"}:
        waiting = {(age.from_hours, age.to_hours): age.orders for age in ages_of(asked.currency)}
        return asked.kpi.id == "backlog", waiting.get(asked.cells["age"].value)
    cell_facts = _facts_of_cell(asked, names)
    if cell_facts is None:
        return False, None
    return True, asked.kpi.value(cell_facts)


def in_words(unit: Unit, value: Value, currency: str | None) -> str:
    """Return a figure as people read it, or a dash where there is none."""
    if value is None:
        return NONE
    if unit is Unit.MONEY and currency is not None:
        return format_money(int(value), currency)
    ending = {Unit.PERCENT: "\u00a0%", Unit.HOURS: "\u00a0h", Unit.DAYS: " days"}.get(unit, "")
    return f"{value:,}{ending}"


def _scaled(found: RowSet, asked: Asked) -> Decimal | None:
    """Return a cover of stock, which only a single variant has; None where nothing was sold, or nothing could be."""
    totals = found.totals
    if "variant" not in asked.cells or totals.adds <= 0 or not totals.divides:
        return None
    return Decimal(divide_half_up(100 * found.largest(asked.rows.scale) * totals.divides, totals.adds)).scaleb(-2)


def _percentile(found: RowSet, rows: Rows) -> Decimal | None:
    count = found.totals.count
    if not count:
        return None
    place, rest = divmod((count - 1) * rows.percentile, 100)
    low = found.smallest(place)
    high = found.smallest(place + 1) if rest else low
    return _hours(100 * low + (high - low) * rest, 100)


def _hours(microseconds: int, parts: int) -> Decimal:
    return Decimal(divide_half_up(100 * microseconds, parts * HOUR)).scaleb(-2)


def _divided(part: int, whole: int) -> int:
    return divide_half_up(part, whole) if whole > 0 else divide_half_up(-part, -whole)


def _facts_of_cell(asked: Asked, names: set[str]) -> Facts | None:
    """Return the facts of one bar of a breakdown; None where no table holds them."""
    assert isinstance(asked.kpi, Kpi)  # noqa: S101  the caller has looked
    within = {"day__range": (asked.window.start, asked.window.end), "currency": asked.currency}
    if len(names) > 1 or asked.currency is None:
        return None
    (name,) = names
    cell = asked.cells[name]
    rows: QuerySet[Any]
    if name in ("product", "category"):
        which = Q(product=cell.value) if name == "product" else _in_category(cell.value)
        columns, rows = OF_PRODUCTS, FactProductDay.objects.filter(which, **within)
    elif name in FactSegmentDay.Segment.values:
        columns, rows = OF_SEGMENTS, FactSegmentDay.objects.filter(segment=name, key=cell.value, **within)
    else:
        return None
    if not _needs(asked.kpi) <= set(columns):
        return None
    return Facts(**rows.aggregate(**{part: Sum(column, default=0) for part, column in columns.items()}))


def _in_category(slug: str) -> Q:
    return Q(product__category__slug=slug) if slug else Q(product__category=None)


def _needs(kpi: Kpi) -> set[str]:
    """Return the parts of the facts that a figure is made of: those that change it."""
    parts = {field.name for field in fields(Facts)}
    needed = set()
    for part in (kpi.part, kpi.of, kpi.known):
        if part is None:
            continue
        at_rest = part(Facts())
        needed |= {name for name in parts if part(Facts(**{name: 1})) != at_rest}
    return needed


def _of_table(asked: Asked) -> tuple[bool, Value]:
    cell = {name: asked.cells[name] for name in asked.cells if name != "day"}
    match asked.kpi.id, sorted(cell):
        case "best_sellers", ["product"]:
            within = {"day__range": (asked.window.start, asked.window.end), "currency": asked.currency}
            rows = FactProductDay.objects.filter(product=cell["product"].value, **within)
            return True, rows.aggregate(net=Sum("net_minor", default=0))["net"]
        case "ltv_to_date", ["cohort"]:
            values = {row.cohort: row.ltv for row in ltv_to_date(asked.window, str(asked.currency))}
            return True, values.get(cell["cohort"].value[0])
        case "cohort_retention", ["cohort", "month"]:
            rates = {(row.cohort, row.month): row.rate for row in cohort_retention(asked.window, asked.currency)}
            return True, rates.get((cell["cohort"].value[0], cell["month"].value[0]))
        case "checkout_funnel", ["step"]:
            steps = {row.step: row.count for row in checkout_funnel(asked.window, asked.currency)}
            return True, steps.get(cell["step"].value)
        case "stock_cover_days", ["variant"]:
            covers = {row.variant_id: row.cover_days for row in stock_cover_days()}
            return True, covers.get(cell["variant"].value)
    return False, None
