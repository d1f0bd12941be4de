"""How far the figures reach: the build they come from, what has changed since, and days that were never built."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone

from analytics.figures.windows import Window
from analytics.models import Build
from analytics.snapshots.calendar import missing_days
from core.models import DirtyDay

MOST_COUNTED = 1_000


@dataclass(frozen=True)
class Freshness:
    """What the figures of a window hold. `waiting` counts changes that no build has taken up, to 1,000 at most."""

    build: Build | None
    waiting: int
    days: int
    missing: list[date] = field(default_factory=list)

    @property
    def build_id(self) -> int | None:
        """The key of that build, which the addresses of rows name."""
        return self.build.pk if self.build else None

    @property
    def data_to(self) -> datetime | None:
        """The moment up to which the figures hold: now, if nothing has changed since the build."""
        if self.build is None:
            return None
        return self.build.data_to if self.waiting else timezone.now()

    @property
    def built(self) -> int:
        """How many days of the window are there, as facts or as zeros."""
        return self.days - len(self.missing)

    @property
    def is_complete(self) -> bool:
        """Whether no day of the window is missing."""
        return not self.missing


def freshness_of(window: Window) -> Freshness:
    """Return how fresh the figures of a window are: four to six queries."""
    return Freshness(
        build=Build.objects.succeeded().first(),
        waiting=DirtyDay.objects.order_by()[:MOST_COUNTED].count(),
        days=len(window),
        missing=missing_days(window),
    )
