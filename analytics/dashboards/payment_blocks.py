"""Blocks about payments: how many succeed over time, and why attempts were refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from analytics.dashboards.bars import ranked
from analytics.dashboards.blocks import Block, Cell, Column, Table
from analytics.dashboards.charts import Series, over_time
from analytics.dashboards.drawing import HALF, IN_BPS
from analytics.dashboards.runs import are_days, run_cells, run_columns, run_names
from analytics.exports.csv_text import Kind
from analytics.figures.declines import Decline
from analytics.figures.products import percent
from analytics.figures.selection import Selection
from analytics.figures.spans import spans
from analytics.figures.windows import Window
from analytics.kpis import KPIS, Facts
from analytics.rows.links import rows_url

PAYMENT, ATTEMPT = "payment_success", "payment_attempt_success"
MOST_RUNS = 92


@dataclass(frozen=True)
class Tried:
    """Payments or attempts of some days, and how many of them succeeded."""

    count: int
    succeeded: int

    @property
    def rate(self) -> Decimal | None:
        """In percent; None of nothing."""
        return percent(self.succeeded, self.count)

    @property
    def bps(self) -> int | None:
        """In hundredths of a percent, as a chart draws it."""
        return None if self.rate is None else int(self.rate * 100)


def success_block(days: Mapping[date, Facts], selection: Selection) -> Block:
    """Return the share of payments and of attempts that succeeded, by day; in longer windows by runs of days."""
    runs = spans(selection.window, most=MOST_RUNS)
    payments = [_tried([days[day] for day in run], "intents") for run in runs]
    attempts = [_tried([days[day] for day in run], "attempts") for run in runs]
    series = [
        Series("payments", [one.bps for one in payments], number=1, is_line=True),
        Series("attempts", [one.bps for one in attempts], number=2, is_line=True),
    ]
    columns = [
        *run_columns(runs),
        Column(PAYMENT, "Payments", Kind.PERCENT),
        *(_count("payments_succeeded", "succeeded"), _count("payments", "of")),
        Column(ATTEMPT, "Attempts", Kind.PERCENT),
        *(_count("attempts_succeeded", "succeeded"), _count("attempts", "of")),
    ]
    rows = [
        [*run_cells(run, runs), *_cells(PAYMENT, run, payment, selection), *_cells(ATTEMPT, run, attempt, selection)]
        for run, payment, attempt in zip(runs, payments, attempts, strict=True)
    ]
    has_any = any(one.count for one in (*payments, *attempts))
    return Block(
        key="payment-success",
        title="Payments that succeed",
        note="A payment counts once, on the day of its first attempt.",
        kpis=[KPIS[PAYMENT], KPIS[ATTEMPT]],
        table=Table("Payments and attempts that succeeded", columns, rows if has_any else []),
        drawings=over_time(run_names(runs), series, IN_BPS, HALF),
        rows_url=rows_url(PAYMENT, selection.window, selection.currency),
        empty="Nobody tried to pay in these days. The first attempt draws the first point.",
        is_plotted=are_days(runs),
    )


def declines_block(declines: Sequence[Decline], selection: Selection) -> Block:
    """Return the reasons for which attempts failed, the most frequent first."""
    window, currency, total = selection.window, selection.currency, sum(one.count for one in declines)
    shown = [(one, _reason_url(one, selection)) for one in declines]
    columns = [
        *(Column("reason", "Reason"), Column("code", "Code of bank or Stripe")),
        *(Column("attempts", "Attempts", Kind.NUMBER), Column("share", "Share", Kind.PERCENT)),
        *(Column("complete", "On complete days", Kind.NUMBER), Column("before", "Compared with", Kind.NUMBER)),
    ]
    rows = [
        [Cell(one.label, url), one.code, Cell(one.count, url), percent(one.count, total), one.complete, one.before]
        for one, url in shown
    ]
    bars = [
        (one.label, one.count, f"{one.count:,} ({percent(one.count, total):.0f}\u00a0%)", url) for one, url in shown
    ]
    return Block(
        key="declines",
        title="Why attempts were refused",
        note="Failed attempts by the code that the bank or Stripe gave.",
        table=Table(
            "Failed attempts by reason",
            columns,
            rows if total else [],
            totals=["All", "", total, percent(total, total), *(sum(map(side, declines)) for side in (_now, _then))],
        ),
        drawings=ranked(bars, HALF) if total else (),
        rows_url=rows_url(ATTEMPT, window, currency),
        empty="No attempt was refused in these days.",
    )


def _count(name: str, label: str) -> Column:
    return Column(name, label, Kind.NUMBER, is_drawn=False)


def _now(one: Decline) -> int:
    return one.complete


def _then(one: Decline) -> int:
    return one.before


def _reason_url(one: Decline, selection: Selection) -> str:
    return rows_url(ATTEMPT, selection.window, selection.currency, reason=one.code) if one.code is not None else ""


def _tried(days: Sequence[Facts], name: str) -> Tried:
    counts = [(getattr(day, name), getattr(day, f"{name}_succeeded")) for day in days]
    return Tried(sum(count for count, _ in counts), sum(succeeded for _, succeeded in counts))


def _cells(kpi: str, run: Window, tried: Tried, selection: Selection) -> list[Cell]:
    return [Cell(tried.rate, rows_url(kpi, run, selection.currency)), Cell(tried.succeeded), Cell(tried.count)]
