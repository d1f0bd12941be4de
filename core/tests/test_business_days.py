from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.days import business_day, day_bounds


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 10, 26), 24)],
)
def test_a_day_lasts_as_long_as_the_clocks_say(day, hours, settings):
    settings.STORE_ZONE = ZoneInfo("Europe/London")
    start, end = day_bounds(day)
    assert end - start == timedelta(hours=hours)
    assert start.tzinfo is UTC
    assert business_day(start) == day
    assert business_day(end - timedelta(microseconds=1)) == day
    assert business_day(end) == day + timedelta(days=1)


def test_days_follow_each_other_without_gap(settings):
    settings.STORE_ZONE = ZoneInfo("America/Santiago")  # changes at midnight: a day starts at 01:00
    day = date(2026, 1, 1)
    for _ in range(365):
        _, end = day_bounds(day)
        day += timedelta(days=1)
        assert end == day_bounds(day)[0]


def test_the_day_is_that_of_the_store_not_of_utc(settings):
    instant = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    settings.STORE_ZONE = ZoneInfo("Europe/London")
    assert business_day(instant) == date(2026, 7, 1)
    settings.STORE_ZONE = ZoneInfo("America/New_York")
    assert business_day(instant) == date(2026, 6, 30)


def test_a_naive_instant_has_no_day():
    with pytest.raises(ValueError, match="time zone"):
        business_day(datetime(2026, 6, 30))  # noqa: DTZ001  that is the point
