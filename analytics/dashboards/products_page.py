"""The products page: what products earn, in the order asked for, and sales by category."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.core import paginator

from analytics.dashboards.drawing import WIDE
from analytics.dashboards.figures import figure_of
from analytics.dashboards.frame import Link, Page, comparison_of
from analytics.dashboards.paging import page_of
from analytics.dashboards.product_blocks import products_block
from analytics.dashboards.slices_block import slices_block
from analytics.figures.breakdowns import By, as_slice, slices_of, total_of
from analytics.figures.products import LARGEST, SORTS, as_figures, net_by_run, ranked
from analytics.figures.reading import facts_of
from analytics.figures.selection import Selection
from analytics.figures.spans import spans
from analytics.rows.links import pinned_to
from analytics.snapshots.freshness import freshness_of
from core.consistent_read import consistent_read

KEY = "products"
MAIN = ("product_margin", "product_margin_rate", "margin_coverage", "refund_rate_value")
LABELS = {
    "-net": "Net sales",
    "-units": "Units",
    "-margin": "Margin",
    "-margin-rate": "Margin rate",
    "margin-rate": "Lowest margin rate",
    "-returns-rate": "Returns rate",
    "name": "Name",
}
PER_PAGE = 25
MOST_POINTS = 30
MOST_CATEGORIES = 100


@dataclass(frozen=True)
class ProductsPage(Page):
    """The page with its order of products, and which of them this page shows; None for all, as in a file."""

    sort: str
    shown: paginator.Page | None

    @property
    def kept(self) -> dict[str, str]:
        """What stays in the address when the days change."""
        return {} if self.sort == LARGEST else {"sort": self.sort}

    @property
    def sorts(self) -> list[Link]:
        """The orders to choose from."""
        return [
            self.link(label, self.sort == sort, sort="" if sort == LARGEST else sort) for sort, label in LABELS.items()
        ]


def products(selection: Selection, asked: Mapping[str, str] | None = None) -> ProductsPage:
    """Return the page that a query string asks for; without one all products at once, for a file."""
    comparison, sort = comparison_of(selection), (asked or {}).get("sort", "")
    sort = sort if sort.removeprefix("-") in SORTS else LARGEST
    with consistent_read():
        facts = facts_of(comparison.windows, selection.currency, kpis=MAIN)
        rows = ranked(comparison, selection.currency, sort=sort)
        shown = None if asked is None else page_of(rows, asked, PER_PAGE)
        found = [as_figures(row) for row in (rows if shown is None else shown)]
        runs = spans(selection.window, most=MOST_POINTS)
        ran = net_by_run([one.key for one in found], runs, selection.currency) if shown else {}
        by = [as_slice(By.CATEGORY, row) for row in slices_of(By.CATEGORY, comparison, selection.currency)]
        total = total_of(By.CATEGORY, comparison, selection.currency)
        freshness = freshness_of(selection.window)
    note = f"The line shows how net sales ran, {len(runs[0])} day{'s' if len(runs[0]) > 1 else ''} a point."
    with pinned_to(freshness.build_id):
        blocks = [
            products_block(found, ran, note, selection),
            replace(slices_block(By.CATEGORY, by, total, selection, WIDE), is_wide=True),
        ]
        figures = [figure_of(kpi, facts, selection) for kpi in MAIN]
    return ProductsPage(KEY, selection, comparison, freshness, figures, blocks, sort, shown)
