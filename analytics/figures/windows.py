"""The days that a figure is asked for, and those that it is compared with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

PERIODS = (7, 30, 90)
DEFAULT_PERIOD = 30
YEAR = timedelta(days=364)  # whole weeks, so that a Saturday is compared with a Saturday
LONGEST = 3_660  # ten years
DAY = timedelta(days=1)


class Against(StrEnum):
    """What the figures of a window are compared with."""

    PREVIOUS = "previous"
    LAST_YEAR = "last-year"


@dataclass(frozen=True)
class Window:
    """Business days from `start` to `end`, both included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise ValueError("a window ends before it starts")

    def __len__(self) -> int:
        return (self.end - self.start).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=ahead) for ahead in range(len(self)))

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def before(self) -> "Window":
        """Return as many days, ending the day before this window."""
        return Window(self.start - timedelta(days=len(self)), self.start - DAY)

    def last_year(self) -> "Window":
        """Return the same weekdays 364 days earlier."""
        return Window(self.start - YEAR, self.end - YEAR)

    def counterpart(self, against: Against) -> "Window":
        """Return the days that these are compared with, as many as there are here."""
        return self.last_year() if against is Against.LAST_YEAR else self.before()

    def complete(self, today: date) -> "Window | None":
        """Return the days of this window that are over; None if none is."""
        last = min(self.end, today - DAY)
        return Window(self.start, last) if last >= self.start else None


@dataclass(frozen=True)
class Comparison:
    """A window, its complete days, and their counterparts. Without a complete day there is nothing to compare.

    `counterpart` holds a day for each of the window, those that are not over included.
    """

    window: Window
    complete: Window | None
    before: Window | None
    counterpart: Window
    against: Against = Against.PREVIOUS

    @property
    def windows(self) -> list[Window]:
        """All days and, if any are over, those that are and their counterparts: what a change is worked out from."""
        return [window for window in (self.window, self.complete, self.before) if window]

    @property
    def is_partial(self) -> bool:
        """Whether the window holds a day that is not over."""
        return self.complete != self.window


def ending(today: date, days: int) -> Window:
    """Return that many local days, the last of which is today."""
    return Window(today - timedelta(days=days - 1), today)


def this_month(today: date) -> Window:
    """Return the days from the first of the month to today."""
    return Window(today.replace(day=1), today)


def last_month(today: date) -> Window:
    """Return the whole calendar month before today's."""
    end = today.replace(day=1) - DAY
    return Window(end.replace(day=1), end)


MONTHS: dict[str, Callable[[date], Window]] = {"this": this_month, "last": last_month}


def compared(window: Window, today: date, against: Against = Against.PREVIOUS) -> Comparison:
    """Return what a window is compared with: over 7 days to today, the 6 complete days with the 6 before them.

    Against last year they are compared with the same weekdays 364 days earlier.
    """
    complete = window.complete(today)
    before = complete.counterpart(against) if complete else None
    return Comparison(window, complete, before, window.counterpart(against), against)
