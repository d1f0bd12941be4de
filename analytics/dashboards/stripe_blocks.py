"""Blocks of the books: what Stripe kept and paid out over time, and the tax of each month."""

from collections.abc import Mapping, Sequence
from datetime import date

from analytics.dashboards.blocks import Block, Cell, Column, Table
from analytics.dashboards.charts import Series, over_time
from analytics.dashboards.drawing import HALF, money_in
from analytics.dashboards.runs import run_cells, run_columns, run_names
from analytics.exports.csv_text import Kind
from analytics.figures.selection import Selection
from analytics.figures.spans import months, spans
from analytics.figures.windows import Window
from analytics.kpi_types import DailySumKpi, Facts
from analytics.kpis import KPIS
from analytics.rows.links import rows_url

MOST_RUNS = 92
STRIPE = ("stripe_net", "stripe_fees", "disputed_amount", "payouts")
TAXED = ("net_sales", "shipping", "tax", "total_sales")


def stripe_block(days: Mapping[date, Facts], selection: Selection) -> Block:
    """Return the movements of the Stripe balance by day; in longer windows by runs of days."""
    runs, currency = spans(selection.window, most=MOST_RUNS), selection.currency
    sums = _sums(STRIPE, runs, days)
    net, _, _, payouts = ([row[place] for row in sums] for place in range(len(STRIPE)))
    series = [
        Series("net", net, urls=[rows_url("stripe_net", run, currency) for run in runs]),
        Series("paid out", [-paid for paid in payouts], 2, [rows_url("payouts", run, currency) for run in runs]),
    ]
    return Block(
        key="stripe",
        title="Stripe's books",
        note="What each day brought to the balance after fees, and payouts by their arrival.",
        kpis=[KPIS[kpi] for kpi in STRIPE],
        table=_table("Movements of the Stripe balance", STRIPE, runs, sums, selection),
        drawings=over_time(run_names(runs), series, money_in(currency), HALF),
        series=[(1, "brought to the balance"), (2, "paid out")],
        rows_url=rows_url("stripe_net", selection.window, currency),
        empty=f"Stripe has booked nothing in {currency} in these days.",
    )


def tax_block(days: Mapping[date, Facts], selection: Selection) -> Block:
    """Return the tax of each calendar month of the window, beside what it is on."""
    runs, currency = months(selection.window), selection.currency
    sums = _sums(TAXED, runs, days)
    series = [
        Series("Tax", [row[2] for row in sums], urls=[rows_url("tax", run, currency) for run in runs]),
    ]
    return Block(
        key="tax",
        title="Tax by month",
        note="Collected on sales, less what went back with refunds.",
        kpis=[KPIS["tax"]],
        table=_table("Tax by month", TAXED, runs, sums, selection),
        drawings=over_time([f"{run.start:%b %Y}" for run in runs], series, money_in(currency), HALF),
        rows_url=rows_url("tax", selection.window, currency),
        empty="Nothing was sold or refunded in these days, so there is no tax.",
    )


def _sums(kpis: Sequence[str], runs: Sequence[Window], days: Mapping[date, Facts]) -> list[list[int]]:
    figures = [kpi for name in kpis if isinstance(kpi := KPIS[name], DailySumKpi)]
    return [[kpi.total(days[day] for day in run) or 0 for kpi in figures] for run in runs]


def _table(
    caption: str, kpis: Sequence[str], runs: Sequence[Window], sums: Sequence[Sequence[int]], selection: Selection
) -> Table:
    names = run_columns(runs)
    columns = [*names, *(Column(name, KPIS[name].title, Kind.MONEY) for name in kpis)]
    rows = [
        [
            *run_cells(run, runs),
            *(Cell(minor, rows_url(kpi, run, selection.currency)) for kpi, minor in zip(kpis, row, strict=True)),
        ]
        for run, row in zip(runs, sums, strict=True)
    ]
    totals = [sum(row[place] for row in sums) for place in range(len(kpis))]
    has_any = any(any(row) for row in sums)
    return Table(
        caption, columns, rows if has_any else [], selection.currency, ["All", *[""] * (len(names) - 1), *totals]
    )
