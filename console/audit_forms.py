"""What may be asked of the audit record."""

from typing import Any

from django import forms

from audit.models import AuditRecord
from core.forms import DayField, StoreForm


class AuditFilterForm(StoreForm):
    """Narrows the record; a value that makes no sense narrows nothing."""

    action = forms.ChoiceField(required=False, choices=[("", "Any")])
    outcome = forms.ChoiceField(required=False, choices=[("", "Any"), *AuditRecord.Outcome.choices])
    actor = forms.CharField(required=False, max_length=254, label="Who (e-mail or number)")
    subject_type = forms.ChoiceField(required=False, choices=[("", "Any")], label="About")
    subject_id = forms.CharField(required=False, max_length=64, label="Its number")
    since = DayField(required=False, label="From")
    until = DayField(required=False, label="To")

    autocomplete = {"actor": "off", "subject_id": "off", "since": "off", "until": "off"}

    def __init__(self, *args: Any, actions: list[str], subjects: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, known in {"action": actions, "subject_type": subjects}.items():
            self.fields[name].choices = [("", "Any"), *((value, value) for value in known)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse dates the wrong way round."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first one.")
        return self.cleaned_data
