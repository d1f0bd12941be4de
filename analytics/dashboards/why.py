"""Why net sales moved, as a block: a sentence, a waterfall, and the amounts as a table."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from analytics.dashboards.bars import Step, in_rows
from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.drawing import HALF
from analytics.exports.csv_text import Kind
from analytics.figures.explained import Cause, Explained, explained
from analytics.figures.windows import Comparison, Window
from analytics.kpis import Facts
from analytics.rows.links import rows_url
from core.money import format_money

CAUSED_BY = {
    Cause.ORDERS: "orders",
    Cause.BASKETS: "gross_sales",
    Cause.DISCOUNTS: "discounts",
    Cause.RETURNS: "returns",
}
MEANS = {
    Cause.ORDERS: "change in orders x what an order came to before",
    Cause.BASKETS: "more or dearer goods an order",
    Cause.DISCOUNTS: "a smaller or larger share of gross sales given as discount",
    Cause.RETURNS: "change in returns",
}
NET, FELL, ROSE = 1, 2, 3  # the colours of what stands, what lowered it, what raised it


def why_block(comparison: Comparison, now: Facts, before: Facts, currency: str) -> Block:
    """Return the block from the facts of the complete days and of those compared with; there have to be some."""
    if comparison.complete is None or comparison.before is None:
        raise ValueError("without a complete day there is nothing to explain")
    change = explained(before, now, currency)
    urls = {cause: rows_url(kpi, comparison.complete, currency) for cause, kpi in CAUSED_BY.items()}
    ends = [rows_url("net_sales", window, currency) for window in (comparison.before, comparison.complete)]
    columns = [
        Column("step", "Step"),
        Column("amount", "Amount", Kind.MONEY),
        Column("share_percent", "Of net sales before", Kind.PERCENT),
        Column("meaning", "What it is"),
    ]
    ends_of: list[list[Cell | Raw]] = [
        [Cell("Net sales before", ends[0]), change.before_minor, None, _days(comparison.before)],
        [Cell("Net sales now", ends[1]), change.now_minor, _percent(change.tenths), _days(comparison.complete)],
    ]
    causes: list[list[Cell | Raw]] = [
        [Cell(one.words.capitalize(), urls[one.cause]), one.minor, _percent(one.tenths), MEANS[one.cause]]
        for one in change.effects
    ]
    rows = [ends_of[0], *causes, ends_of[1]]
    has_any = any((change.before_minor, change.now_minor, *(effect.minor for effect in change.effects)))
    return Block(
        key="why",
        title="Why net sales moved",
        note="The parts add up to the change exactly. Days that are not over are left out of both sides.",
        sentences=[change.sentence],
        table=Table("Why net sales moved", columns, rows if has_any else [], currency),
        drawings=in_rows(_steps(change, urls, ends), HALF, are_joined=True),
        series=[(NET, "Net sales"), (ROSE, "Raised them"), (FELL, "Lowered them")],
        empty="Nothing was sold in these days or in those compared with, so nothing moved.",
    )


def _steps(change: Explained, urls: Mapping[Cause, str], ends: Sequence[str]) -> list[Step]:
    def words(minor: int) -> str:
        return f"{'+' if minor > 0 else ''}{format_money(minor, change.currency)}"

    at = change.before_minor
    steps = [Step("Net sales before", 0, at, format_money(at, change.currency), ends[0], NET)]
    for effect in change.effects:
        colour = FELL if effect.minor < 0 else ROSE
        name = effect.words.capitalize()
        steps.append(Step(name, at, at + effect.minor, words(effect.minor), urls[effect.cause], colour))
        at += effect.minor
    return [*steps, Step("Net sales now", 0, at, format_money(at, change.currency), ends[1], NET)]


def _days(window: Window) -> str:
    start, end = (f"{day.day} {day:%b %Y}" for day in (window.start, window.end))
    return start if start == end else f"{start} to {end}"


def _percent(tenths: int | None) -> Decimal | None:
    return None if tenths is None else Decimal(tenths).scaleb(-1)
