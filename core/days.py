"""Business days: the calendar day of an instant in the store's own time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


def store_zone() -> ZoneInfo:
    """Return the zone that decides which day a sale belongs to (`STORE_TIME_ZONE`)."""
    return settings.STORE_ZONE


def business_day(instant: datetime) -> date:
    """Return the day in the store's zone of an aware instant. Raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("a business day needs an instant with a time zone")
    return instant.astimezone(store_zone()).date()


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the half-open interval [start, end) of a day in UTC; it lasts 23, 24 or 25 hours."""
    zone = store_zone()
    start = datetime.combine(day, time.min, tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def today() -> date:
    """Return the current day in the store's zone."""
    return business_day(timezone.now())


def month_of(day: date) -> tuple[date, date]:
    """Return the first and the last day of the month of a day."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
