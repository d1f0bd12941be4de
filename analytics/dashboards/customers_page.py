"""The customers page: how many, new against existing, who comes back, and where bags and wishes get lost."""

from collections.abc import Sequence

from analytics.dashboards.bars import Step, in_rows
from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.charts import Series, over_time
from analytics.dashboards.cohort_blocks import cohort_block, cohort_window
from analytics.dashboards.drawing import COUNTED, HALF, WIDE
from analytics.dashboards.figures import FEW, figure_of
from analytics.dashboards.frame import Page, comparison_of
from analytics.dashboards.runs import are_days, run_cells, run_columns, run_names
from analytics.exports.csv_text import Kind
from analytics.figures.cohorts import cells_of, months_of, values_of
from analytics.figures.funnel import FunnelStep, checkout_funnel
from analytics.figures.reading import facts_by_day, facts_of
from analytics.figures.selection import Selection
from analytics.figures.spans import spans, weeks
from analytics.figures.windows import Window
from analytics.kpis import CHECKOUT_FUNNEL, SCALARS, Facts
from analytics.rows.links import pinned_to, rows_url
from analytics.snapshots.freshness import freshness_of
from core.consistent_read import consistent_read
from core.days import today

KEY = "customers"
MAIN = (
    "unique_customers", "new_customers", "existing_customers", "returning_customer_rate", "repeat_customers",
    "repeat_rate",
)  # fmt: skip
WISHES = "wishlist_conversion"
NEW, EXISTING = "new_customers", "existing_customers"
SHOWN = {kpi.id: kpi for kpi in SCALARS if kpi.id in (WISHES, NEW, EXISTING)}
MOST_DAYS, MOST_RUNS = 31, 30
STEPS = {"cart": "Bag begun", "checkout": "Came to checkout", "attempt": "Tried to pay", "paid": "Paid"}


def customers(selection: Selection) -> Page:
    """Return the page of a selection, all of it read from one state of the database."""
    comparison, currency = comparison_of(selection), selection.currency
    runs, cohorts = _runs(selection.window), cohort_window(selection.window)
    with consistent_read():
        facts = facts_of(comparison.windows, currency, kpis=(*MAIN, WISHES))
        in_runs = _facts_of_runs(runs, selection)
        cells = cells_of(cohorts, currency)
        steps = checkout_funnel(selection.window, currency)
        freshness = freshness_of(selection.window)
    with pinned_to(freshness.build_id):
        blocks: Sequence[Block] = [
            _new_and_existing(runs, in_runs, selection),
            cohort_block(months_of(cells, cohorts), values_of(cells), cohorts, currency),
            _funnel(steps, selection),
            _wishes(facts, selection),
        ]
        figures = [figure_of(kpi, facts, selection) for kpi in MAIN]
    return Page(KEY, selection, comparison, freshness, figures, blocks)


def _runs(window: Window) -> list[Window]:
    return spans(window, most=len(window)) if len(window) <= MOST_DAYS else weeks(window, most=MOST_RUNS)


def _facts_of_runs(runs: Sequence[Window], selection: Selection) -> list[Facts]:
    if not are_days(runs):
        return facts_of(runs, selection.currency, kpis=(NEW, EXISTING))
    days = facts_by_day(selection.window, selection.currency, kpis=(NEW, EXISTING))
    return [days[run.start] for run in runs]


def _new_and_existing(runs: Sequence[Window], facts: Sequence[Facts], selection: Selection) -> Block:
    currency, unit = selection.currency, "day" if are_days(runs) else "week"
    open_from = sum(run.end < today() for run in runs)
    kpis = (SHOWN[NEW], SHOWN[EXISTING])
    urls = {kpi.id: [rows_url(kpi.id, run, currency) for run in runs] for kpi in kpis}
    counts = {NEW: [one.new_customers for one in facts], EXISTING: [one.existing_customers for one in facts]}
    series = [
        Series("New", counts[NEW], number=3, urls=urls[NEW], open_from=open_from),
        Series("Existing", counts[EXISTING], number=1, urls=urls[EXISTING], open_from=open_from),
    ]
    columns = [
        *run_columns(runs),
        Column("new_customers", "New", Kind.NUMBER),
        Column("existing_customers", "Existing", Kind.NUMBER),
    ]
    rows: list[list[Cell | Raw]] = [
        [
            *run_cells(run, runs),
            Cell(counts[NEW][place], urls[NEW][place]),
            Cell(counts[EXISTING][place], urls[EXISTING][place]),
        ]
        for place, run in enumerate(runs)
    ]
    return Block(
        key="new-and-existing",
        title=f"New and existing customers by {unit}",
        note=f"Of each {unit}: who bought for the first time ever, and who had bought before it.",
        kpis=kpis,
        table=Table(f"New and existing customers by {unit}", columns, rows if any(map(any, counts.values())) else []),
        drawings=over_time(run_names(runs), series, COUNTED, WIDE),
        series=[(3, "New"), (1, "Existing")],
        rows_url=rows_url("unique_customers", selection.window, currency),
        empty="Nobody bought in these days. The first customer draws the first bar.",
        is_wide=True,
    )


def _funnel(steps: Sequence[FunnelStep], selection: Selection) -> Block:
    window, currency = selection.window, selection.currency
    urls = [rows_url(CHECKOUT_FUNNEL.id, window, currency, step=one.step) for one in steps]
    columns = [
        Column("step", "Step"),
        Column("count", "Bags", Kind.NUMBER),
        Column("step_rate", "Of the step before", Kind.PERCENT),
        Column("overall_rate", "Of all bags", Kind.PERCENT),
    ]
    rows: list[list[Cell | Raw]] = [
        [Cell(STEPS[one.step], url), Cell(one.count, url), one.step_rate, one.overall_rate]
        for one, url in zip(steps, urls, strict=True)
    ]
    bars = [Step(STEPS[one.step], 0, one.count, _rates(one), url) for one, url in zip(steps, urls, strict=True)]
    begun = steps[0].count
    return Block(
        key="checkout-funnel",
        title="From bag to sale",
        note="Bags begun in these days whose seven days are over: how many came how far. "
        "First the share of the step before, then of all bags.",
        badge=f"few bags: {begun}" if 0 < begun < FEW else "",
        kpis=[CHECKOUT_FUNNEL],
        table=Table("From bag to sale", columns, rows if begun else []),
        drawings=in_rows(bars, HALF),
        rows_url=rows_url(CHECKOUT_FUNNEL.id, window, currency),
        empty="No bag of these days is seven days old yet. Each counts once its seven days are over.",
    )


def _rates(step: FunnelStep) -> str:
    if step.step_rate is None:
        return f"{step.count:,}"
    return f"{step.count:,} · {step.step_rate}\u00a0% · {step.overall_rate}\u00a0%"


def _wishes(facts: Sequence[Facts], selection: Selection) -> Block:
    window, currency, wished = selection.window, selection.currency, facts[0].wishers
    figure = figure_of(WISHES, facts, selection)
    bought = facts[0].wishers_who_bought
    columns = [
        Column("step", "Step"),
        Column("count", "Customers", Kind.NUMBER),
        Column("rate", "Of those who wish", Kind.PERCENT),
    ]
    rows: list[list[Cell | Raw]] = [
        [Cell("Wished for it", figure.url), wished, None],
        [Cell("Bought in 30 days", figure.url), bought, figure.value],
    ]
    bars = [
        Step("Wished for it", 0, wished, f"{wished:,}", figure.url),
        Step("Bought in 30 days", 0, bought, f"{bought:,} · {figure.text}", figure.url),
    ]
    return Block(
        key="wishes",
        title="From wish to sale",
        note="Wishes of the last 30 days may still lead to a sale; until then they count as not bought.",
        kpis=[SHOWN[WISHES]],
        figures=[figure],
        table=Table("From wish to sale", columns, rows if wished else []),
        drawings=in_rows(bars, HALF),
        rows_url=rows_url(WISHES, window, currency),
        empty="Nobody wished for a product in these days. Hearts on products fill this block.",
    )
