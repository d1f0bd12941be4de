"""Calendar months of the store: the unit in which books are closed."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from analytics.figures.windows import Window
from core.days import month_of, today

NAMED = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])\Z")
EARLIEST = 1990


@dataclass(frozen=True, order=True)
class Month:
    """A month, named by its first day."""

    first: date

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month of a day."""
        return cls(month_of(day)[0])

    @classmethod
    def named(cls, text: str) -> "Month | None":
        """Return the month that `2026-06` names; None for what is none, lies before 1990 or has not begun."""
        found = NAMED.match(text)
        if found is None or int(found["year"]) < EARLIEST:
            return None
        month = cls(date(int(found["year"]), int(found["month"]), 1))
        return month if month.first <= today() else None

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def title(self) -> str:
        """`June 2026`."""
        return f"{self.first:%B %Y}"

    @property
    def window(self) -> Window:
        """Its days."""
        return Window(*month_of(self.first))

    @property
    def is_over(self) -> bool:
        """Whether its last day is over in the store."""
        return self.window.end < today()

    def before(self) -> "Month":
        """Return the month before."""
        return Month.of(self.first - timedelta(days=1))


def months_back(first: Month, last: Month) -> list[Month]:
    """Return the months from the last back to the first, both included."""
    found = [last]
    while found[-1] > first:
        found.append(found[-1].before())
    return found
