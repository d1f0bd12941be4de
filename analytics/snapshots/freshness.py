"""How far the figures reach: the build they come from, what has changed since, and days that were never built."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from analytics.figures.windows import Window
from analytics.models import Build
from analytics.snapshots.calendar import ENDS, days_without_state, from_end_to_end, part_with_facts
from analytics.snapshots.days import as_day

MOST_COUNTED = 1_000
ENDS_BY_NAME = {f"end_{place}": end for place, end in enumerate(ENDS)}
STATE = f"""
    SELECT b.*, waiting, first_built, last_built, days_built,
        {", ".join(f"{end} AS {name}" for name, end in ENDS_BY_NAME.items())}
    FROM (SELECT COUNT(*) AS waiting FROM (SELECT 1 FROM core_dirtyday LIMIT {MOST_COUNTED}) marks) w
        CROSS JOIN (
            SELECT MIN(day) AS first_built, MAX(day) AS last_built, COUNT(*) AS days_built
            FROM day_state WHERE day BETWEEN %s AND %s
        ) d
"""  # noqa: S608  constants


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
    """Return how fresh the figures of a window are: one query, and two more if one of its days was never built."""
    latest, parameters = Build.objects.succeeded()[:1].query.sql_with_params()
    statement = f"{STATE} LEFT JOIN ({latest}) b ON true"
    found: Any = Build.objects.raw(statement, [window.start, window.end, *parameters])[0]
    facts = from_end_to_end(getattr(found, name) for name in ENDS_BY_NAME)
    part, missing = part_with_facts(window, facts), []
    if part and not _are_all_built(part, found):
        missing = days_without_state(part)
    return Freshness(found if found.pk else None, found.waiting, len(window), missing)


def _are_all_built(part: Window, found: Any) -> bool:
    """Whether the days that were built, of which the first, the last and the number are known, hold all of a part."""
    if not found.days_built:
        return False
    built = Window(as_day(found.first_built), as_day(found.last_built))
    return len(built) == found.days_built and built.start <= part.start and part.end <= built.end
