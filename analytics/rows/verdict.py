"""Whether the rows add up to the figure that is shown, and what the difference is if they do not."""

from dataclasses import dataclass

from analytics.exports.csv_text import Kind
from analytics.kpis import Unit, Value
from analytics.rows.asking import Asked
from analytics.rows.figure import NONE, Between, between, in_words, shown_figure, unit_of
from analytics.rows.reading import RowSet
from core.money import format_money


@dataclass(frozen=True)
class Verdict:
    """What the rows come to, how, and whether that is the figure shown. `agrees` is None where none is kept."""

    figure: str
    says: str
    sum_up: str
    agrees: bool | None
    shown: str
    why: str = ""

    @property
    def text(self) -> str:
        """The verdict in a sentence."""
        if self.agrees is None:
            return f"The rows come to {self.figure}. No snapshot holds this part of the figure by itself."
        if self.figure == NONE:
            return "There is nothing to divide by, so there is no figure: a dash is shown."
        return self.why or f"The rows come to {self.figure}, which is the figure shown."

    @property
    def tone(self) -> str:
        """How it is to be shown."""
        return {True: "ok", False: "warn", None: "info"}[self.agrees]


def verdict_on(asked: Asked, found: RowSet, figure: Value, *, waiting: int) -> Verdict:
    """Return the verdict on the rows: `waiting` changes that no build has taken up may be why they differ."""
    is_kept, shown = shown_figure(asked)
    unit = unit_of(asked)
    agrees = figure == shown if is_kept else None
    return Verdict(
        figure=in_words(unit, figure, asked.currency),
        says=asked.rows.says,
        sum_up=_sum_up(asked, found, in_words(unit, figure, asked.currency)),
        agrees=agrees,
        shown=in_words(unit, shown, asked.currency),
        why="" if agrees is not False else _why(unit, figure, shown, asked.currency, waiting),
    )


def _sum_up(asked: Asked, found: RowSet, figure: str) -> str:
    rows, totals = asked.rows, found.totals
    if rows.percentile:
        return _place(between(found, rows), totals.count)
    if not rows.divides:
        return ""
    above = _words(totals.adds, rows.adds_kind, asked.currency)
    below = _words(totals.divides, rows.divides_kind, asked.currency)
    return f"{below} days in stock, {above} units sold." if rows.scale else f"{above} / {below} = {figure}."


def _place(found: Between | None, count: int) -> str:
    if found is None:
        return "No order, so no figure."
    if found.below == found.above:
        return f"Order {found.below} of {count}, with {found.below_hours} hours."
    return (
        f"Between order {found.below} of {count}, with {found.below_hours} hours, and order {found.above}, "
        f"with {found.above_hours}."
    )


def _words(value: int, kind: Kind, currency: str | None) -> str:
    return format_money(value, currency) if kind is Kind.MINOR and currency else f"{value:,}"


def _why(unit: Unit, figure: Value, shown: Value, currency: str | None, waiting: int) -> str:
    difference = in_words(unit, figure - shown, currency) if figure is not None and shown is not None else "a figure"
    said = f"The rows differ from the figure shown by {difference}."
    if waiting:
        return f"{said} {waiting:,} changes wait for the next build, which takes them up within five minutes."
    return f"{said} No change waits for a build, so the day ought to be built again: see Monitoring."
