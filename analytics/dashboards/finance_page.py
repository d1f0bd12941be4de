"""The finance page: from gross sales to the total, from there to the bank, Stripe's books over time, tax by month."""

from collections.abc import Sequence

from analytics.dashboards.blocks import Block
from analytics.dashboards.bridge_blocks import bridge_block, waterfall_block
from analytics.dashboards.figures import Figure, figure_of
from analytics.dashboards.frame import Page, comparison_of
from analytics.dashboards.stripe_blocks import stripe_block, tax_block
from analytics.figures.bridge import bridge_of
from analytics.figures.reading import facts_by_day, facts_of
from analytics.figures.selection import Selection
from analytics.rows.links import pinned_to
from analytics.snapshots.freshness import freshness_of
from core.consistent_read import consistent_read

KEY = "finance"
MAIN = ("total_sales", "stripe_net", "stripe_fees", "disputed_amount", "payouts", "tax")
SALES = ("gross_sales", "discounts", "returns", "net_sales", "shipping", "tax", "total_sales")
BY_DAY = ("stripe_net", "total_sales")


def finance(selection: Selection) -> Page:
    """Return the page of a selection, all of it read from one state of the database."""
    comparison = comparison_of(selection)
    with consistent_read():
        facts = facts_of(comparison.windows, selection.currency, kpis=(*MAIN, *SALES))
        days = facts_by_day(selection.window, selection.currency, kpis=BY_DAY)
        bridge = bridge_of(facts[0], selection.window, selection.currency)
        freshness = freshness_of(selection.window)
    with pinned_to(freshness.build_id):
        blocks: Sequence[Block] = [
            waterfall_block([figure_of(kpi, facts, selection) for kpi in SALES], facts[0], selection),
            bridge_block(bridge, selection),
            stripe_block(days, selection),
            tax_block(days, selection),
        ]
        figures: Sequence[Figure] = [figure_of(kpi, facts, selection) for kpi in MAIN]
    return Page(KEY, selection, comparison, freshness, figures, blocks)
