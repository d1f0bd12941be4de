"""What a week came to: its figures beside those of the week before, and why net sales moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse

from analytics.dashboards.figures import Figure, figure_of
from analytics.figures.explained import Explained, explained
from analytics.figures.reading import facts_of
from analytics.figures.selection import Selection
from analytics.figures.windows import DAY, Window
from analytics.snapshots.freshness import Freshness, freshness_of
from core.consistent_read import consistent_read
from core.days import today

WEEK = timedelta(days=7)
FIGURES = (
    "net_sales", "orders", "aov", "new_customers", "discounts", "returns", "refunds_cash", "total_sales",
    "payment_success",
)  # fmt: skip


@dataclass(frozen=True)
class WeeklySummary:
    """A week from Monday to Sunday in one currency."""

    week: Window
    currency: str
    figures: Sequence[Figure]
    change: Explained
    freshness: Freshness

    @property
    def dates(self) -> str:
        """The days of the week in words: `16 to 22 Nov 2026`, `30 Nov to 6 Dec 2026`."""
        start, end = self.week.start, self.week.end
        first = f"{start.day}" if start.month == end.month else f"{start.day} {start:%b}"
        return f"{first if start.year == end.year else f'{first} {start.year}'} to {end.day} {end:%b %Y}"

    @property
    def headline(self) -> Figure:
        """The figure that stands in the subject: net sales."""
        return self.figures[0]

    @property
    def path(self) -> str:
        """The page of these days on this site."""
        query = {"from": str(self.week.start), "to": str(self.week.end), "currency": self.currency}
        return reverse("analytics:dashboard", query=query)


def last_week() -> Window:
    """Return the latest week, Monday to Sunday in the store's zone, that is over."""
    monday = today() - timedelta(days=today().weekday())
    return Window(monday - WEEK, monday - DAY)


def weekly_summary(monday: date, currency: str) -> WeeklySummary:
    """Return what the week that began on a Monday came to, read from one state of the database."""
    week = Window(monday, monday + WEEK - DAY)
    with consistent_read():
        facts = facts_of([week, week, week.before()], currency, kpis=FIGURES)
        freshness = freshness_of(week)
    selection = Selection(week, currency, [currency])
    figures = [figure_of(kpi, facts, selection) for kpi in FIGURES]
    return WeeklySummary(week, currency, figures, explained(facts[2], facts[0], currency), freshness)
