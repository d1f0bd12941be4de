"""What the pages of figures are asked for: days and a currency. Bad input is answered with a notice and the default."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django import forms

from analytics.figures.reading import currencies
from analytics.figures.windows import DEFAULT_PERIOD, LONGEST, PERIODS, Window, ending
from core.days import today
from core.money import printable

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
EARLIEST = date(1990, 1, 1)
NOT_A_PERIOD = "“{}” is not a number of days we show here. Showing the last {} days."


class DaysForm(forms.Form):
    """The days and the currency of a page, filled with what it shows."""

    def __init__(self, window: Window, currency: str, offered: list[str]) -> None:
        super().__init__(initial={"from": window.start, "to": window.end, "currency": currency})
        picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        self.fields["from"] = forms.DateField(label="From", widget=picker)
        self.fields["to"] = forms.DateField(label="To", widget=picker)
        self.fields["currency"] = forms.ChoiceField(label="Currency", choices=[(code, code) for code in offered])


@dataclass(frozen=True)
class Selection:
    """The window and the currency that a page shows; `period` is None for days of one's own choice."""

    window: Window
    currency: str
    currencies: list[str]
    period: int | None
    notices: list[str] = field(default_factory=list)

    @property
    def form(self) -> DaysForm:
        """The form that shows what is selected."""
        return DaysForm(self.window, self.currency, self.currencies)

    @property
    def query(self) -> dict[str, str]:
        """The query string that selects the same again."""
        days = {"days": str(self.period)} if self.period else {}
        own = {} if self.period else {"from": f"{self.window.start}", "to": f"{self.window.end}"}
        return {**days, **own, "currency": self.currency}


def read_selection(given: Mapping[str, str]) -> Selection:
    """Read `days`, or `from` and `to`, and `currency`; for what makes no sense a notice, and the default instead."""
    notices: list[str] = []
    offered = currencies()
    currency = _currency(given.get("currency", ""), offered, notices)
    own = _own_window(given.get("from", ""), given.get("to", ""), notices)
    if own is not None:
        return Selection(own, currency, offered, None, notices)
    period = _period(given.get("days", ""), notices)
    return Selection(ending(today(), period), currency, offered, period, notices)


def _currency(wanted: str, offered: list[str], notices: list[str]) -> str:
    if not wanted or wanted.upper() in offered:
        return wanted.upper() or offered[0]
    notices.append(f"There are no figures in “{printable(wanted)}”. Showing {offered[0]}.")
    return offered[0]


def _period(wanted: str, notices: list[str]) -> int:
    if wanted and wanted not in map(str, PERIODS):
        notices.append(NOT_A_PERIOD.format(printable(wanted), DEFAULT_PERIOD))
    return int(wanted) if wanted in map(str, PERIODS) else DEFAULT_PERIOD


def _own_window(start: str, end: str, notices: list[str]) -> Window | None:
    if not start and not end:
        return None
    instead = f"Showing the last {DEFAULT_PERIOD} days."
    first, last = _day(start), _day(end)
    if first is None or last is None:
        wrong = printable(start if first is None else end)
        said = f"“{wrong}” is not a day" if wrong else "One of the two days is missing"
        notices.append(f"{said}; write both like {today()}. {instead}")
        return None
    if first > last:
        notices.append(f"The first day, {first}, lies after the last one, {last}. {instead}")
        return None
    if first < EARLIEST:
        notices.append(f"There are no figures before {EARLIEST.year}. {instead}")
        return None
    if (last - first) >= timedelta(days=LONGEST):
        notices.append(f"More than {LONGEST:,} days cannot be shown at once. {instead}")
        return None
    return Window(first, last)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if DAY.match(text) else None
    except ValueError:
        return None
