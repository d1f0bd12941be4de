"""What the pages of figures are asked for: days and a currency. Bad input is answered with a notice and the default."""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from django import forms

from analytics.figures.reading import currencies
from analytics.figures.selection import Selection
from analytics.figures.windows import (
    DEFAULT_PERIOD,
    LONGEST,
    MONTHS,
    PERIODS,
    Against,
    Window,
    ending,
)
from core.days import today
from core.money import printable

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
EARLIEST = date(1990, 1, 1)
NOT_A_PERIOD = "“{}” is not a number of days we show here. Showing the last {} days."
NOT_A_MONTH = "“{}” is not a month we know; write this or last. Showing the last {} days."
NOT_A_COMPARISON = "“{}” is nothing to compare with; write previous or last-year. Comparing with the days before."


class DaysForm(forms.Form):
    """The days and the currency of a page, filled with what it shows; a comparison that is not the usual one stays."""

    def __init__(self, window: Window, currency: str, offered: list[str], against: Against) -> None:
        super().__init__(initial={"from": window.start, "to": window.end, "currency": currency, "compare": against})
        picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        self.fields["from"] = forms.DateField(label="From", widget=picker)
        self.fields["to"] = forms.DateField(label="To", widget=picker)
        self.fields["currency"] = forms.ChoiceField(label="Currency", choices=[(code, code) for code in offered])
        if against is not Against.PREVIOUS:
            self.fields["compare"] = forms.CharField(widget=forms.HiddenInput)


class ShownSelection(Selection):
    """A selection with the form that shows it."""

    @property
    def form(self) -> DaysForm:
        """The form that shows what is selected."""
        return DaysForm(self.window, self.currency, self.currencies, self.against)


def read_selection(given: Mapping[str, str]) -> ShownSelection:
    """Read the days, `currency` and `compare`; for what makes no sense a notice, and the default instead.

    The days are `from` and `to`, or `month` (this, last), or `days` (7, 30, 90): the first of them that is given.
    """
    notices: list[str] = []
    offered = currencies()
    currency, against = _currency(given.get("currency", ""), offered, notices), _against(given, notices)
    own = _own_window(given.get("from", ""), given.get("to", ""), notices)
    if own is not None:
        return ShownSelection(own, currency, offered, against=against, notices=notices)
    month = _month(given.get("month", ""), notices)
    if month:
        return ShownSelection(MONTHS[month](today()), currency, offered, month=month, against=against, notices=notices)
    period = _period(given.get("days", ""), notices)
    return ShownSelection(ending(today(), period), currency, offered, period, against=against, notices=notices)


def _against(given: Mapping[str, str], notices: list[str]) -> Against:
    wanted = given.get("compare", "")
    if wanted in ("", *Against):
        return Against(wanted or Against.PREVIOUS)
    notices.append(NOT_A_COMPARISON.format(printable(wanted)))
    return Against.PREVIOUS


def _month(wanted: str, notices: list[str]) -> str:
    if wanted and wanted not in MONTHS:
        notices.append(NOT_A_MONTH.format(printable(wanted), DEFAULT_PERIOD))
    return wanted if wanted in MONTHS else ""


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
