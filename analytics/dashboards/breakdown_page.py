"""The breakdown page: net sales by product, category, country, discount code, or new and existing customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.core import paginator

from analytics.dashboards.blocks import Block
from analytics.dashboards.drawing import WIDE
from analytics.dashboards.figures import figure_of
from analytics.dashboards.frame import Link, Page, comparison_of
from analytics.dashboards.paging import page_of
from analytics.dashboards.slices_block import slices_block
from analytics.figures.breakdowns import WORDS, By, Slice, as_slice, slices_of, total_of
from analytics.figures.reading import facts_of
from analytics.figures.selection import Selection
from analytics.figures.windows import Comparison
from analytics.rows.links import pinned_to
from analytics.snapshots.freshness import freshness_of
from core.consistent_read import consistent_read
from core.money import printable

KEY = "breakdown"
MAIN = ("net_sales", "gross_sales", "discounts", "returns")
USUAL = By.PRODUCT
PER_PAGE = 50
UNKNOWN = "Sales cannot be told apart by “{}”. Showing them by product."


@dataclass(frozen=True)
class BreakdownPage(Page):
    """The page with what sales are told apart by, and which of the slices it shows."""

    by: By
    shown: paginator.Page

    @property
    def kept(self) -> dict[str, str]:
        """What stays in the address when the days change."""
        return {} if self.by is USUAL else {"by": str(self.by)}

    @property
    def ways(self) -> list[Link]:
        """What sales can be told apart by."""
        return [self.link(WORDS[by][0], self.by is by, by="" if by is USUAL else str(by)) for by in By]

    @property
    def noun(self) -> str:
        """What the slices are, in the plural."""
        return WORDS[self.by][1]

    def block(self, key: str) -> Block | None:
        """Return a breakdown with all of its slices, for a file."""
        return _whole(By(key), self.comparison, self.selection) if key in set(By) else None


def breakdown(selection: Selection, asked: Mapping[str, str] | None = None) -> BreakdownPage:
    """Return the page that a query string asks for; an odd one gets a notice."""
    given, comparison = asked or {}, comparison_of(selection)
    by, selection = _read_by(given.get("by", ""), selection)
    with consistent_read():
        facts = facts_of(comparison.windows, selection.currency, kpis=MAIN)
        shown = page_of(slices_of(by, comparison, selection.currency), given, PER_PAGE)
        slices = [as_slice(by, row) for row in shown]
        total = total_of(by, comparison, selection.currency)
        freshness = freshness_of(selection.window)
    with pinned_to(freshness.build_id):
        block = slices_block(by, slices, total, selection, WIDE, is_whole=shown.paginator.num_pages == 1)
        figures = [figure_of(kpi, facts, selection) for kpi in MAIN]
        wide: Sequence[Block] = [replace(block, is_wide=True, is_open=True)]
    return BreakdownPage(KEY, selection, comparison, freshness, figures, wide, by, shown)


def _read_by(given: str, selection: Selection) -> tuple[By, Selection]:
    if not given or given in set(By):
        return By(given or USUAL), selection
    return USUAL, replace(selection, notices=[*selection.notices, UNKNOWN.format(printable(given))])


def _whole(by: By, comparison: Comparison, selection: Selection) -> Block:
    with consistent_read():
        slices: list[Slice] = [as_slice(by, row) for row in slices_of(by, comparison, selection.currency)]
        total = total_of(by, comparison, selection.currency)
    return slices_block(by, slices, total, selection, WIDE)
