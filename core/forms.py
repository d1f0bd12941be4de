"""The form that all others extend, and whole numbers, days and months that are nothing else."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}\Z")
TOO_LONG = re.compile(r"-?[0-9]+\Z")
MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])\Z")
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)


class StoreForm(forms.Form):
    """A form whose controls tell browsers what they are for. Text is trimmed, as Django does by default.

    `autocomplete` and `inputmode` map names of fields to the values of those attributes.
    """

    autocomplete: ClassVar[Mapping[str, str]] = {}
    inputmode: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for attribute in ("autocomplete", "inputmode"):
            for name, value in getattr(self, attribute).items():
                if name in self.fields:
                    self.fields[name].widget.attrs.setdefault(attribute, value)

    def usable(self) -> dict[str, Any]:
        """Return what was filled in and makes sense, after `is_valid`: errors in a query string narrow nothing."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class WholeNumberField(forms.Field):
    """A whole number in the figures 0 to 9, such as a quantity, with both its bounds stated."""

    widget = forms.NumberInput

    def __init__(self, *, min_value: int, max_value: int, **kwargs: Any) -> None:
        self.min_value = min_value
        self.max_value = max_value
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Bounds and keyboard for browsers."""
        return {"min": self.min_value, "max": self.max_value, "step": 1, "inputmode": "numeric"}

    def to_python(self, value: Any) -> int | None:
        """Return the number. Raises ValidationError with a sentence for anything else, and outside the bounds."""
        text = str(value).strip() if value is not None else ""
        if text == "":
            return None
        if not TOO_LONG.match(text):
            raise ValidationError("Enter a whole number in figures, such as 2.", code="invalid")
        if not WHOLE_NUMBER.match(text):
            raise self._out_of_bounds(is_low=text.startswith("-"))
        number = int(text)
        if not self.min_value <= number <= self.max_value:
            raise self._out_of_bounds(is_low=number < self.min_value)
        return number

    def _out_of_bounds(self, *, is_low: bool) -> ValidationError:
        if is_low:
            return ValidationError(f"Enter {self.min_value} or more.", code="min_value")
        return ValidationError(f"Enter {self.max_value:,} or fewer.", code="max_value")


class DayField(forms.DateField):
    """A day that a shop can have something to do with, as browsers send it: 2026-11-24."""

    widget = forms.DateInput({"type": "date"})

    def to_python(self, value: Any) -> date | None:
        """Return the day. Raises ValidationError for anything else, and for days on which nothing can have happened."""
        day = super().to_python(value)
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise ValidationError(f"Enter a day between {FIRST_DAY.year} and {LAST_DAY.year}.", code="out_of_range")
        return day


class MonthField(forms.Field):
    """A month that a shop can have something to do with, as browsers send it: 2026-11. Becomes its first day."""

    widget = forms.DateInput({"type": "month", "placeholder": "2026-11"})

    def to_python(self, value: Any) -> date | None:
        """Return the first day of the month. Raises ValidationError for anything else."""
        text = str(value).strip() if value is not None else ""
        if text == "":
            return None
        if not MONTH.match(text) or not FIRST_DAY.year <= int(text[:4]) <= LAST_DAY.year:
            raise ValidationError("Enter a month like 2026-11.", code="invalid")
        return date(int(text[:4]), int(text[5:]), 1)
