"""What staff type to find events, to take them up again, and to look for missed ones."""

import re

from django import forms

from core.forms import StoreForm, WholeNumberField
from payments.models import WebhookEvent
from payments.replaying import MOST_AT_ONCE

SELECTED, DEAD = "selected", "dead"
USABLE_KEY = re.compile(r"[1-9][0-9]{0,17}")


class WebhookFilterForm(StoreForm):
    """Narrows the list of events; a value that makes no sense narrows nothing."""

    q = forms.CharField(required=False, max_length=255, label="Event, object or type")
    state = forms.ChoiceField(required=False, choices=[("", "Any"), *WebhookEvent.State.choices])

    autocomplete = {"q": "off"}


class ReplayForm(StoreForm):
    """Why an event is taken up again."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept in the audit, so no names.")

    autocomplete = {"reason": "off"}


class EventKeysField(forms.MultipleChoiceField):
    """Keys of events; one that is no key is an error, one of no event finds nothing."""

    def valid_value(self, value: str) -> bool:
        """Whether it could be a key."""
        return bool(USABLE_KEY.fullmatch(value))


class ChosenForm(StoreForm):
    """Which events are meant: those that are ticked, or every one given up that a search finds."""

    which = forms.ChoiceField(choices=[(SELECTED, "Those ticked"), (DEAD, "All that were given up")])
    event = EventKeysField(required=False)
    q = forms.CharField(required=False, max_length=255)

    def keys(self) -> list[int]:
        """The keys of what was ticked, after `is_valid`."""
        return [int(key) for key in self.cleaned_data["event"]]


class ConfirmReplayForm(ReplayForm):
    """Why many events are taken up again, and how many there were when this was asked."""

    expected = WholeNumberField(min_value=1, max_value=MOST_AT_ONCE, widget=forms.HiddenInput)


class BackfillForm(StoreForm):
    """How far back Stripe's list is read."""

    days = forms.TypedChoiceField(
        coerce=int, choices=[(1, "24 hours"), (7, "7 days"), (30, "30 days")], initial=1, label="Look back"
    )
