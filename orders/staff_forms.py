"""What staff may ask of the list of orders, and what they type to act on one."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.forms import DayField, StoreForm, WholeNumberField
from orders.finding import MOST
from orders.holding import NOTE_LENGTH, REASON_LENGTH
from orders.models import Order, OrderLine
from orders.staff_list import SORTS, TABS

MOST_PARCELS = 100_000


class OrderFilterForm(StoreForm):
    """Narrows the list of orders; a value that makes no sense narrows nothing."""

    q = forms.CharField(required=False, max_length=MOST, label="Search", widget=forms.TextInput({"type": "search"}))
    tab = forms.ChoiceField(required=False, choices=[(tab, tab) for tab in TABS], widget=forms.HiddenInput)
    sort = forms.ChoiceField(required=False, choices=[(sort, sort) for sort in SORTS], widget=forms.HiddenInput)
    status = forms.ChoiceField(required=False, choices=[("", "Any status")])
    since = DayField(required=False, label="Placed from")
    until = DayField(required=False, label="Placed to")
    test = forms.ChoiceField(
        required=False, label="Test orders", choices=[("", "Included"), ("no", "Left out"), ("only", "Only these")]
    )

    autocomplete = {"q": "off", "since": "off", "until": "off"}

    def __init__(self, *args: Any, statuses: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = [("", "Any status"), *statuses]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse dates the wrong way round."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first one.")
        return self.cleaned_data

    @property
    def is_narrowed(self) -> bool:
        """Whether more than a tab and a sort was chosen."""
        return bool(self.usable().keys() - {"tab", "sort"})


class ShipForm(StoreForm):
    """A parcel: so many units of each line, who carries it, and its number."""

    carrier = forms.CharField(required=False, max_length=60, label="Carrier")
    tracking = forms.CharField(required=False, max_length=120, label="Tracking number")
    override_reason = forms.CharField(max_length=REASON_LENGTH, label="Why it is sent although it is on hold")
    parcels = WholeNumberField(min_value=0, max_value=MOST_PARCELS, widget=forms.HiddenInput)

    autocomplete = {"carrier": "off", "tracking": "off", "override_reason": "off"}

    def __init__(self, data: Any = None, *, order: Order, lines: Sequence[OrderLine], parcels: int) -> None:
        super().__init__(data, initial={"parcels": parcels})
        self.lines = [line for line in lines if line.quantity_to_ship]
        for line in self.lines:
            self.fields[f"line_{line.pk}"] = WholeNumberField(
                min_value=0,
                max_value=line.quantity_to_ship,
                initial=line.quantity_to_ship,
                label=f"Units of {line.name} {line.variant_name}".strip(),
            )
        if order.held_at is None:
            del self.fields["override_reason"]

    @property
    def rows(self) -> list[tuple[OrderLine, forms.BoundField]]:
        """Each line with its field."""
        return [(line, self[f"line_{line.pk}"]) for line in self.lines]

    def clean(self) -> dict[str, Any]:
        """Refuse an empty parcel."""
        cleaned = super().clean() or {}
        if not self.errors and not any(self.units.values()):
            raise ValidationError("Choose at least one unit to send.")
        return cleaned

    @property
    def units(self) -> dict[int, int]:
        """Line id -> units, after `is_valid`."""
        return {line.pk: self.cleaned_data[f"line_{line.pk}"] for line in self.lines}


class ReasonForm(StoreForm):
    """Why an order is held or released."""

    reason = forms.CharField(max_length=REASON_LENGTH, label="Reason")

    autocomplete = {"reason": "off"}


class NoteForm(StoreForm):
    """What staff write about an order."""

    text = forms.CharField(max_length=NOTE_LENGTH, label="Note", widget=forms.Textarea({"rows": 3}))
