"""What the finance pages are asked for: days, a currency, and which rows. Bad input is answered with a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings
from django.utils.http import urlencode

from core.days import today
from core.forms import DayField, StoreForm
from core.money import printable
from payments.booked import SIDES
from payments.movements import KINDS, Kind, settlement_currencies, word_of

PERIODS = (7, 30, 90)
DEFAULT_PERIOD = 30
LONGEST = 3_660  # ten years


class PeriodForm(StoreForm):
    """The days and the settlement currency of a page."""

    currency = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        self.fields["from"] = DayField(required=False, label="From", widget=picker)
        self.fields["to"] = DayField(required=False, label="To", widget=picker)
        currency = self.fields["currency"]
        currency.choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]
        self.order_fields(["from", "to", "currency"])


@dataclass(frozen=True)
class Period:
    """Business days (both included) and a currency; `length` is None for days of one's own choice."""

    start: date
    end: date
    currency: str
    currencies: list[str]
    length: int | None
    notices: list[str] = field(default_factory=list)

    @property
    def query(self) -> str:
        """The query string that selects the same again."""
        return self.with_days(self.start, self.end)

    def with_days(self, start: date, end: date, **more: str) -> str:
        """Return the query string for other days in the same currency."""
        return urlencode({"from": str(start), "to": str(end), "currency": self.currency, **more})

    @cached_property
    def form(self) -> PeriodForm:
        """The form that shows what is selected."""
        shown = {"from": self.start, "to": self.end, "currency": self.currency}
        return PeriodForm(initial=shown, currencies=self.currencies)

    @property
    def tabs(self) -> list[dict[str, Any]]:
        """The periods to choose from."""
        return [
            {
                "label": f"{days} days",
                "url": "?" + urlencode({"days": str(days), "currency": self.currency}),
                "current": days == self.length,
            }
            for days in PERIODS
        ]


def read_period(given: Mapping[str, str]) -> Period:
    """Read `days`, or `from` and `to`, and `currency`; for what makes no sense a notice, and the default instead."""
    offered = sorted({settings.STORE_CURRENCY, *settlement_currencies()})
    notices: list[str] = []
    currency = given.get("currency", "").upper() or settings.STORE_CURRENCY
    if currency not in offered:
        notices.append(f"Nothing is settled in “{printable(currency)}”. Showing {settings.STORE_CURRENCY}.")
        currency = settings.STORE_CURRENCY
    length = given.get("days", "")
    if length and length not in map(str, PERIODS):
        notices.append(f"“{printable(length)}” is no number of days we show. Showing the last {DEFAULT_PERIOD} days.")
    days = int(length) if length in map(str, PERIODS) else DEFAULT_PERIOD
    end = today()
    period = Period(end - timedelta(days=days - 1), end, currency, offered, days, notices)
    return _own_days(period, given) if given.get("from") or given.get("to") else period


def _own_days(period: Period, given: Mapping[str, str]) -> Period:
    form = PeriodForm({name: given.get(name, "") for name in ("from", "to")}, currencies=period.currencies)
    form.is_valid()
    start, end = form.cleaned_data.get("from"), form.cleaned_data.get("to")
    instead = f"Showing the last {DEFAULT_PERIOD} days."
    if start is None or end is None:
        period.notices.append(f"Both days are needed, written like {today()}. {instead}")
    elif start > end:
        period.notices.append(f"The first day, {start}, lies after the last one, {end}. {instead}")
    elif (end - start).days >= LONGEST:
        period.notices.append(f"More than {LONGEST:,} days cannot be shown at once. {instead}")
    else:
        return replace(period, start=start, end=end, length=None)
    return period


class MovementsForm(StoreForm):
    """Which movements: those of a figure, of a category, or with an id of Stripe's."""

    kind = forms.ChoiceField(
        required=False, label="Figure", choices=[("", "All"), *((name, kind.title) for name, kind in KINDS.items())]
    )
    category = forms.RegexField(r"\A[a-z_]{1,60}\Z", required=False, widget=forms.HiddenInput)
    q = forms.CharField(required=False, max_length=255, label="Id of Stripe's")

    autocomplete = {"q": "off"}

    @property
    def chosen_kind(self) -> Kind | None:
        """The figure, after `is_valid`."""
        return KINDS.get(self.usable().get("kind", ""))


class SidesForm(StoreForm):
    """Which category of a day is shown row by row."""

    category = forms.ChoiceField(required=False, choices=[(side.category, word_of(side.category)) for side in SIDES])
