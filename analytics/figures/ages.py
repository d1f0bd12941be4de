"""How long the orders of the backlog have waited: read from the orders themselves, now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from analytics.figures.fulfilment import waiting
from core.models import StoreSetting

STEPS = (0.5, 1, 2, 4)  # of the time in which the shop promises to send
DAY = 24


@dataclass(frozen=True)
class Age:
    """Orders that have waited from so many hours to less than so many; None at the end of the oldest."""

    from_hours: int
    to_hours: int | None
    orders: int
    is_late: bool

    @property
    def key(self) -> str:
        """Its name in addresses: `24-48`, `192-`."""
        return f"{self.from_hours}-{self.to_hours or ''}"

    @property
    def label(self) -> str:
        """The ages in words: `24 to 48 hours`, `8 days and more`."""
        return age_in_words(self.from_hours, self.to_hours)


def age_in_words(start: int, end: int | None) -> str:
    """Return a span of hours in words, in days where it is long: `Under 24 hours`, `4 to 8 days`."""
    if end is None:
        return f"{_words(start)} and more"
    if not start:
        return f"Under {_words(end)}"
    amount, _, unit = _words(start).partition(" ")
    is_same_unit = unit.rstrip("s") == _words(end).partition(" ")[2].rstrip("s")
    return f"{amount if is_same_unit else _words(start)} to {_words(end)}"


def ages_of(currency: str | None) -> list[Age]:
    """Return the backlog by how long ago its orders were paid, the youngest first; two queries.

    Half, once, twice and four times the promised time part the ages. Together they are `backlog`, and those that are
    late `sla_breach`.
    """
    promise, now = StoreSetting.current().ship_sla_hours, timezone.now()
    edges = [0, *sorted({max(1, int(promise * step)) for step in STEPS})]
    ends: list[int | None] = [*edges[1:], None]
    counts = {
        f"age_{start}": Count("pk", filter=_paid_between(now, start, end))
        for start, end in zip(edges, ends, strict=True)
    }
    found = waiting(currency).order_by().aggregate(**counts)
    return [
        Age(start, end, found[f"age_{start}"], is_late=start >= promise) for start, end in zip(edges, ends, strict=True)
    ]


def _paid_between(now: datetime, start: int, end: int | None) -> Q:
    youngest = Q(paid_at__gte=now - timedelta(hours=end)) if end is not None else Q()
    return youngest if not start else youngest & Q(paid_at__lt=now - timedelta(hours=start))


def _words(hours: int) -> str:
    if hours > 2 * DAY and hours % DAY == 0:
        return f"{hours // DAY} days"
    return f"{hours} hour" if hours == 1 else f"{hours} hours"
