"""When people buy: how many orders fall on a day, and at what time of it."""

from bisect import bisect
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

HOURS = (2, 1, 1, 1, 1, 2, 5, 9, 12, 13, 13, 14, 17, 15, 13, 13, 14, 16, 20, 26, 30, 27, 17, 7)
HOURS_SUMMED = tuple(accumulate(HOURS))
WEEKDAYS = (1.08, 1.0, 0.98, 1.0, 0.92, 0.84, 1.18)
MONTHS = (0.94, 0.9, 0.96, 1.0, 1.04, 1.02, 0.95, 0.9, 0.97, 1.02, 1.18, 1.2)

FIRST_TO_LAST = 2.4  # how many times the trade of the first day the last one has, season apart


def black_friday(year: int) -> date:
    """Return the day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21 + 1)


def is_black_friday(day: date) -> bool:
    """Whether the day lies in the long week-end from Black Friday to the Monday after it."""
    return 0 <= (day - black_friday(day.year)).days <= 3


def season(day: date) -> float:
    """Return the day's trade as a multiple of an ordinary day's, growth apart."""
    weight = MONTHS[day.month - 1] * WEEKDAYS[day.weekday()]
    to_friday = (black_friday(day.year) - day).days
    if is_black_friday(day):
        weight *= 3.1
    elif 0 < to_friday <= 4:
        weight *= 0.8
    if day.month == 12:
        weight *= 1.35 if day.day <= 17 else 0.55
    if day.day in (25, 26, 27, 28) and day.month != 12:
        weight *= 1.12
    return weight


def orders_by_day(orders: int, start: date, last: date, *, share_of_last: float, rng: Random) -> list[int]:
    """Share `orders` out over the days from `start` to `last`; the counts sum to it exactly.

    `share_of_last` is the part of the last day's trade that has happened by now, from 0 to 1.
    """
    days = (last - start).days + 1
    growth = 1.0 if days == 1 else FIRST_TO_LAST ** (1 / (days - 1))
    weights = [season(start + timedelta(days=i)) * growth**i * rng.lognormvariate(0, 0.22) for i in range(days)]
    weights[-1] *= share_of_last if days > 1 else 1
    reached = list(accumulate(weights))
    ends = [round(orders * mark / reached[-1]) for mark in reached]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def share_of_day(instant: datetime) -> float:
    """Return the part of a day's trade that has happened by a local time."""
    hour = instant.hour
    before = HOURS_SUMMED[hour] - HOURS[hour]
    return (before + HOURS[hour] * instant.minute / 60) / HOURS_SUMMED[-1]


def moments(count: int, day: date, *, zone: ZoneInfo, until: datetime, rng: Random) -> Sequence[datetime]:
    """Return `count` instants of the local day in UTC, whole seconds, in order, none after `until`."""
    midnight = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
    found = []
    for _ in range(count):
        hour = bisect(HOURS_SUMMED, rng.random() * HOURS_SUMMED[-1])
        local = datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), tzinfo=zone)
        instant = local.astimezone(UTC)
        if instant > until:
            span = max(0, int((until - midnight).total_seconds()))
            instant = midnight + timedelta(seconds=rng.randint(0, span))
        found.append(instant)
    return sorted(found)
