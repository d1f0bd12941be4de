"""What all pages of figures have in common: tabs, days, comparison, currency, and how fresh the figures are."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import get_text_list

from analytics.dashboards.blocks import Block
from analytics.dashboards.figures import Figure, note_of
from analytics.figures.selection import Selection
from analytics.figures.windows import MONTHS, PERIODS, Against, Comparison, compared
from analytics.snapshots.freshness import Freshness
from core.days import business_day, today

TABS = (
    ("executive", "Executive", "analytics:dashboard"),
    ("operations", "Operations", "analytics:operations"),
    ("products", "Products", "analytics:products"),
    ("customers", "Customers", "analytics:customers"),
    ("finance", "Finance", "analytics:finance"),
    ("breakdown", "Breakdown", "analytics:breakdown"),
)
COMPARED_WITH = {Against.PREVIOUS: "Days before", Against.LAST_YEAR: "Last year"}
MOST_DAYS_NAMED = 5
type Link = dict[str, str | bool]


@dataclass(frozen=True)
class Page:
    """A page of figures: its frame, its main figures and its blocks, the first what matters most."""

    key: str
    selection: Selection
    comparison: Comparison
    freshness: Freshness
    figures: Sequence[Figure]
    blocks: Sequence[Block]

    def block(self, key: str) -> Block | None:
        """Return a block by its key."""
        return next((block for block in self.blocks if block.key == key), None)

    @property
    def kept(self) -> dict[str, str]:
        """What of the page's own stays in the address when the days change: nothing, unless a page has something."""
        return {}

    @property
    def title(self) -> str:
        """The name of the page, as its tab says it."""
        return next(label for key, label, _ in TABS if key == self.key)

    @property
    def wide_blocks(self) -> list[Block]:
        """The blocks that take the whole width."""
        return [block for block in self.blocks if block.is_wide]

    @property
    def half_blocks(self) -> list[Block]:
        """The blocks that stand two in a row where there is room."""
        return [block for block in self.blocks if not block.is_wide]

    @property
    def query(self) -> str:
        """The query string that shows the same days, currency and comparison again."""
        return urlencode(self.selection.query)

    @property
    def comparison_note(self) -> str:
        """What the changes are changes from."""
        return note_of(self.comparison)

    @property
    def tabs(self) -> list[Link]:
        """The pages, with what is selected kept."""
        return [
            {"label": label, "url": f"{reverse(name)}?{self.query}", "current": key == self.key}
            for key, label, name in TABS
        ]

    @property
    def ranges(self) -> list[Link]:
        """The usual days: 7, 30, 90, this month, last month."""
        links = [self._selecting(f"{days} days", days=str(days)) for days in PERIODS]
        return links + [self._selecting(f"{month.title()} month", month=month) for month in MONTHS]

    @property
    def comparisons(self) -> list[Link]:
        """What the days can be compared with."""
        days = self.selection.days
        return [self._selecting(label, against, **days) for against, label in COMPARED_WITH.items()]

    @property
    def moment(self) -> str:
        """How moments are written: the time, with the day where it is not today."""
        build = self.freshness.build
        is_of_today = build is not None and build.finished_at is not None and business_day(build.finished_at) == today()
        return "H:i" if is_of_today else "j M Y, H:i"

    @property
    def missing_text(self) -> str:
        """Which days were never built, by name, and what that means."""
        days = self.freshness.missing
        named = [f"{day.day} {day:%b %Y}" for day in days[:MOST_DAYS_NAMED]]
        rest = [f"{len(days) - len(named)} more"] if len(days) > len(named) else []
        return f"{get_text_list([*named, *rest], 'and')}: the figures are too low. The next build takes them up."

    def link(self, label: str, is_current: bool, **own: str) -> Link:  # noqa: FBT001  of its label
        """Return a link to the same days with something of the page's own; an empty text leaves it out."""
        query = {name: value for name, value in {**self.selection.query, **self.kept, **own}.items() if value}
        return {"label": label, "url": f"?{urlencode(query)}", "current": is_current}

    def _selecting(self, label: str, against: Against | None = None, **days: str) -> Link:
        chosen = against or self.selection.against
        query = {**days, "currency": self.selection.currency}
        query |= {} if chosen is Against.PREVIOUS else {"compare": str(chosen)}
        url = f"?{urlencode({**query, **self.kept})}"
        return {"label": label, "url": url, "current": query == self.selection.query}


def comparison_of(selection: Selection) -> Comparison:
    """Return what the days of a selection are compared with."""
    return compared(selection.window, today(), selection.against)
