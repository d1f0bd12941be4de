"""A figure as a page shows it: in words, beside what it is compared with, with its rows and how much it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from analytics.figures.selection import Selection
from analytics.figures.windows import Against, Comparison
from analytics.kpis import KPIS, Additivity, Better, Facts, Kpi, Unit, Value, in_words
from analytics.rows.links import rows_url

FEW = 30  # below so many cases a rate says little
CASES: Mapping[str, str] = {
    "refund_rate_orders": "orders",
    "refund_rate_orders_cohort": "orders",
    "repeat_rate": "customers",
    "returning_customer_rate": "customers",
    "wishlist_conversion": "customers who wish",
    "payment_success": "payments",
    "payment_attempt_success": "attempts",
    "dispute_rate": "charges",
}
RATES_OF_MONEY = {"refund_rate_value", "product_margin_rate", "margin_coverage"}


@dataclass(frozen=True)
class Figure:
    """A figure of the window with its change over the complete days from as many compared days.

    `tone` says whether the change is good (ok), bad (err) or neither; `badge` that it rests on few cases; `spark` the
    points of a small line, where there is one.
    """

    kpi: Kpi
    text: str
    change: str = ""
    tone: str = "neutral"
    before: str = ""
    badge: str = ""
    url: str = ""
    spark: str = ""
    value: Value = None
    value_complete: Value = None
    value_before: Value = None


def figure_of(
    kpi_id: str, facts: Sequence[Facts], selection: Selection, *, spark: str = "", url: str | None = None
) -> Figure:
    """Return a figure from the facts of the window, of its complete days and of those compared with.

    Without the latter two there is no change, nor for a figure of this moment. `url` replaces the address of its rows.
    """
    kpi = KPIS[kpi_id]
    if not isinstance(kpi, Kpi):
        raise TypeError(f"{kpi_id} is a table, not a figure")
    currency = selection.currency
    value, *rest = (kpi.value(one) for one in facts)
    address = rows_url(kpi_id, selection.window, currency) if url is None else url
    figure = Figure(
        kpi, in_words(kpi, value, currency), badge=few_cases(kpi, facts[0]), url=address, spark=spark, value=value
    )
    if len(rest) < 2 or kpi.additivity is Additivity.POINT:  # what is now was not counted then
        return figure
    complete, before = rest
    change, tone = change_of(kpi, complete, before)
    words = "" if before is None else in_words(kpi, before, currency)
    return replace(figure, change=change, tone=tone, before=words, value_complete=complete, value_before=before)


def few_cases(kpi: Kpi, facts: Facts) -> str:
    """Return a warning if a rate rests on few cases: `few orders: 2 of 4`; nothing if it does not, or is no rate."""
    if kpi.id in RATES_OF_MONEY:
        return f"few orders: {facts.orders}" if 0 < facts.orders < FEW else ""
    if kpi.unit is not Unit.PERCENT or kpi.of is None:
        return ""
    count, of = kpi.part(facts) or 0, kpi.of(facts) or 0
    return f"few {CASES.get(kpi.id, 'cases')}: {count:,} of {of:,}" if 0 < of < FEW else ""


def change_of(kpi: Kpi, now: Value, then: Value) -> tuple[str, str]:
    """Return a change in words and whether it is good: percent of an amount, points of a percentage."""
    if now is None or then is None or (kpi.unit is not Unit.PERCENT and then <= 0):
        return "", "neutral"
    if kpi.unit is Unit.PERCENT:
        difference, text = Decimal(now) - Decimal(then), f"{Decimal(now) - Decimal(then):+.2f} points"
    else:
        difference = (Decimal(now) - Decimal(then)) / Decimal(then)
        text = f"{100 * difference:+.1f}\u00a0%"
    if not difference or kpi.better is Better.NEITHER:
        return text, "neutral"
    return text, "ok" if (difference > 0) == (kpi.better is Better.MORE) else "err"


def note_of(comparison: Comparison) -> str:
    """Return what changes are changes from: `from the 29 days before`; nothing without a complete day."""
    if comparison.before is None:
        return ""
    if comparison.against is Against.LAST_YEAR:
        return "from the same days last year"
    count = len(comparison.before)
    return f"from the {count} days before" if count > 1 else "from the day before"


def counterpart_name(comparison: Comparison) -> str:
    """Return the name of the line that shows the days compared with: `30 days before`, `last year`."""
    if comparison.against is Against.LAST_YEAR:
        return "last year"
    count = len(comparison.window)
    return f"{count} days before" if count > 1 else "day before"
