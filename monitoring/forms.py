"""What staff may ask of the list of issues, and say about one."""

from datetime import date, datetime, time, timedelta

from django import forms

from core.days import store_zone, today
from core.forms import StoreForm
from monitoring.models import Issue, Severity
from monitoring.registry import all_checks

LONGEST_MUTE = timedelta(days=365)


class IssueFilterForm(StoreForm):
    """Narrows the list by state, severity and check; a value that makes no sense narrows nothing."""

    state = forms.ChoiceField(
        required=False,
        choices=[("", "Not resolved"), *Issue.State.choices, ("any", "Any")],
    )
    severity = forms.ChoiceField(required=False, choices=[("", "Any"), *reversed(Severity.choices)])
    check = forms.ChoiceField(required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        offered = [("", "Any"), *((check.id, f"{check.title} ({check.id})") for check in all_checks())]
        self.fields["check"].choices = offered  # type: ignore[attr-defined]


class MuteForm(StoreForm):
    """Until when an issue keeps quiet, and why."""

    until = forms.DateField(
        required=False,
        label="Until the end of",
        help_text="Without a day it is muted until it gets worse.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    reason = forms.CharField(max_length=300, label="Why this can wait")

    autocomplete = {"until": "off", "reason": "off"}

    def clean_until(self) -> datetime | None:
        """Return the end of the day in the store's zone. A day that is over, or years away, is refused."""
        day: date | None = self.cleaned_data["until"]
        if day is None:
            return None
        if not today() <= day <= today() + LONGEST_MUTE:
            raise forms.ValidationError("Choose a day from today to a year from now.")
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=store_zone())


class NoteForm(StoreForm):
    """Something to remember about an issue."""

    text = forms.CharField(max_length=2000, label="Note", widget=forms.Textarea(attrs={"rows": 3}))

    autocomplete = {"text": "off"}
