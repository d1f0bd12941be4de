"""The operations page: what waits to be sent and for how long, whether payments succeed, what runs out first."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dashboards.figures import figure_of
from analytics.dashboards.frame import Page, comparison_of
from analytics.dashboards.payment_blocks import declines_block, success_block
from analytics.dashboards.queues import Queue, queues
from analytics.dashboards.shipping_blocks import backlog_block, cover_block, lead_block
from analytics.figures.ages import ages_of
from analytics.figures.declines import declines_of
from analytics.figures.lead_weeks import lead_times_by_run
from analytics.figures.reading import consistent_read, facts_by_day, facts_of
from analytics.figures.selection import Selection
from analytics.figures.spans import weeks
from analytics.figures.stock_cover import stock_cover_days
from analytics.snapshots.freshness import freshness_of

KEY = "operations"
MAIN = ("backlog", "sla_breach", "lead_time_p50", "lead_time_p90", "payment_success", "dispute_rate")
PAYMENTS = ("payment_success", "payment_attempt_success")
MOST_WEEKS = 26


@dataclass(frozen=True)
class OperationsPage(Page):
    """The page with what waits for somebody."""

    queues: Sequence[Queue]


def operations(selection: Selection) -> OperationsPage:
    """Return the page of a selection; the backlog, the stock and what waits are those of now."""
    comparison, runs = comparison_of(selection), weeks(selection.window, most=MOST_WEEKS)
    currency = selection.currency
    with consistent_read():
        facts = facts_of(comparison.windows, currency, kpis=MAIN)
        days = facts_by_day(selection.window, currency, kpis=PAYMENTS)
        ages, leads = ages_of(currency), lead_times_by_run(runs, currency)
        declines, covers = declines_of(comparison, currency), stock_cover_days()
        waiting, freshness = queues(), freshness_of(selection.window)
    blocks = [
        backlog_block(ages, selection),
        lead_block(runs, leads, selection),
        success_block(days, selection),
        declines_block(declines, selection),
        cover_block(covers, selection),
    ]
    figures = [figure_of(kpi, facts, selection) for kpi in MAIN]
    return OperationsPage(KEY, selection, comparison, freshness, figures, blocks, waiting)
