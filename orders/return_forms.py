"""What shoppers and staff type about goods that come back."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from core.forms import StoreForm, WholeNumberField
from orders.finding import MOST
from orders.models import OrderLine, Return, ReturnLine
from orders.returns import TEXT_LENGTH

SHOWN = {
    "": "Open",
    "waiting": "Waiting for us",
    **{status.value: str(status.label) for status in Return.Status},
    "all": "All",
}


class ReturnForm(StoreForm):
    """So many units of each line that can come back, and why."""

    reason = forms.ChoiceField(
        choices=Return.Reason.choices,
        label="Why it comes back",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why it comes back."},
    )
    note = forms.CharField(
        required=False,
        max_length=TEXT_LENGTH,
        label="What we should know",
        widget=forms.Textarea({"rows": 4}),
    )
    request_key = forms.RegexField(r"\A[A-Za-z0-9_-]{16,40}\Z", widget=forms.HiddenInput)

    autocomplete = {"note": "off"}

    def __init__(
        self, data: Any = None, *, lines: Sequence[OrderLine], left: Mapping[int, int], request_key: str
    ) -> None:
        super().__init__(data, initial={"request_key": request_key})
        self.lines = [line for line in lines if left[line.pk]]
        for line in self.lines:
            most = left[line.pk]
            self.fields[f"line_{line.pk}"] = WholeNumberField(
                min_value=0,
                max_value=most,
                initial=most if len(self.lines) == 1 else 0,
                label=f"Units of {line.name} {line.variant_name}".strip(),
                help_text=f"{most:,} can come back.",
            )

    @property
    def rows(self) -> list[tuple[OrderLine, forms.BoundField]]:
        """Each line with its field."""
        return [(line, self[f"line_{line.pk}"]) for line in self.lines]

    @property
    def wish(self) -> dict[str, Any]:
        """What `request_return` is to be asked, after `is_valid`."""
        given = self.cleaned_data
        return {
            "units": {line.pk: given[f"line_{line.pk}"] for line in self.lines},
            "reason": given["reason"],
            "note": given["note"],
            "request_key": given["request_key"],
        }


class DecisionForm(StoreForm):
    """Whether a return is approved, and what its shopper is told."""

    answer = forms.CharField(
        required=False,
        max_length=TEXT_LENGTH,
        label="Answer to the shopper",
        help_text="It stands in the mail and on their order page. A rejection needs one.",
        widget=forms.Textarea({"rows": 3}),
    )
    decision = forms.ChoiceField(
        choices=[(status.value, status.label) for status in (Return.Status.APPROVED, Return.Status.REJECTED)],
        error_messages={"required": "Approve the return, or reject it."},
    )

    autocomplete = {"answer": "off"}


class ReceiveForm(StoreForm):
    """How many units of each line came, and how many of those go on the shelf again."""

    def __init__(self, data: Any = None, *, lines: Sequence[ReturnLine], on_shelf: bool) -> None:
        super().__init__(data)
        self.lines = lines
        for row in lines:
            name = f"{row.line.name} {row.line.variant_name}".strip()
            self._add(f"came_{row.line_id}", row.quantity, row.quantity, f"Units of {name} that came")
            shelf = row.quantity if on_shelf else 0
            self._add(f"shelf_{row.line_id}", row.quantity, shelf, f"Units of {name} for the shelf")

    def _add(self, name: str, most: int, initial: int, label: str) -> None:
        self.fields[name] = WholeNumberField(min_value=0, max_value=most, initial=initial, label=label)

    @property
    def rows(self) -> list[tuple[ReturnLine, forms.BoundField, forms.BoundField]]:
        """Each line with its two fields."""
        return [(row, self[f"came_{row.line_id}"], self[f"shelf_{row.line_id}"]) for row in self.lines]

    def units(self, what: str) -> dict[int, int]:
        """Line id -> units of `came` or `shelf`, after `is_valid`."""
        return {row.line_id: self.cleaned_data[f"{what}_{row.line_id}"] for row in self.lines}


class ReturnFilterForm(StoreForm):
    """Narrows the list of returns; a value that makes no sense narrows nothing."""

    q = forms.CharField(required=False, max_length=MOST, label="Order or return number")
    show = forms.ChoiceField(required=False, choices=list(SHOWN.items()), label="Show")

    autocomplete = {"q": "off"}
