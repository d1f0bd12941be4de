"""The operations page: what waits to be sent and for how long, whether payments succeed, what runs out first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from analytics.dashboards.figures import figure_of
from analytics.dashboards.frame import Page, comparison_of
from analytics.dashboards.payment_blocks import declines_block, success_block
from analytics.dashboards.queues import Queue, queues
from analytics.dashboards.shipping_blocks import backlog_block, cover_block, lead_block
from analytics.figures.ages import Age, ages_of
from analytics.figures.declines import declines_of
from analytics.figures.lead_weeks import LeadTimes, lead_times_by_run
from analytics.figures.reading import facts_by_day
from analytics.figures.selection import Selection
from analytics.figures.spans import weeks
from analytics.figures.stock_cover import stock_cover_days
from analytics.figures.sums import PAYMENTS, hull
from analytics.figures.windows import Window
from analytics.kpis import Facts
from analytics.rows.links import pinned_to
from analytics.snapshots.freshness import freshness_of
from core.consistent_read import consistent_read

KEY = "operations"
MAIN = ("backlog", "sla_breach", "lead_time_p50", "lead_time_p90", "payment_success", "dispute_rate")
OF_DAYS = ("payment_success", "payment_attempt_success", "dispute_rate")
MOST_WEEKS = 26


@dataclass(frozen=True)
class OperationsPage(Page):
    """The page with what waits for somebody."""

    queues: Sequence[Queue]


def operations(selection: Selection) -> OperationsPage:
    """Return the page of a selection; the backlog, the stock and what waits are those of now."""
    comparison, runs = comparison_of(selection), weeks(selection.window, most=MOST_WEEKS)
    windows, currency = comparison.windows, selection.currency
    with consistent_read():
        days = facts_by_day(hull(windows), currency, kpis=OF_DAYS)
        leads, ages = lead_times_by_run(runs, currency, windows=windows), ages_of(currency)
        declines, covers = declines_of(comparison, currency), stock_cover_days()
        waiting, freshness = queues(), freshness_of(selection.window)
    facts = [_facts(days, window, lead, ages) for window, lead in zip(windows, leads[len(runs) :], strict=True)]
    with pinned_to(freshness.build_id):
        blocks = [
            backlog_block(ages, selection),
            lead_block(runs, leads[: len(runs)], selection),
            success_block(days, selection),
            declines_block(declines, selection),
            cover_block(covers, selection),
        ]
        figures = [figure_of(kpi, facts, selection) for kpi in MAIN]
    return OperationsPage(KEY, selection, comparison, freshness, figures, blocks, waiting)


def _facts(days: Mapping[date, Facts], window: Window, lead: LeadTimes, ages: Sequence[Age]) -> Facts:
    """Return what the figures of a window are made of, from what its blocks have read already."""
    payments = {name: sum(getattr(days[day], name) for day in window) for name in PAYMENTS}
    return Facts(
        **payments,
        lead_time_p50=lead.lead_time_p50,
        lead_time_p90=lead.lead_time_p90,
        backlog=sum(age.orders for age in ages),
        sla_breach=sum(age.orders for age in ages if age.is_late),
    )
