"""What staff ask of the list of disputes, and what they write to the bank."""

from typing import Any

from django import forms

from core.forms import StoreForm
from payments.dispute_list import OPEN, TABS
from payments.evidence import TEXT_LENGTH


class DisputeFilterForm(StoreForm):
    """Narrows the list of disputes; a value that makes no sense narrows nothing."""

    tab = forms.ChoiceField(required=False, choices=[(tab, tab) for tab in TABS], widget=forms.HiddenInput)
    q = forms.CharField(
        required=False, max_length=255, label="Order or reference", widget=forms.TextInput({"type": "search"})
    )

    autocomplete = {"q": "off"}

    def asked(self) -> tuple[str, str]:
        """Return the tab and the text that are asked for."""
        self.is_valid()
        usable: dict[str, Any] = self.usable()
        return usable.get("tab", OPEN), usable.get("q", "")


class EvidenceForm(StoreForm):
    """What the bank should know, beside the facts of the order."""

    text = forms.CharField(
        max_length=TEXT_LENGTH,
        label="What the bank should know",
        help_text="Say why the payment was right: who bought what, when it arrived, what was agreed. Facts only.",
        widget=forms.Textarea({"rows": 8}),
        error_messages={"required": "Write what the bank should know."},
    )
    is_final = forms.BooleanField(
        label="I have read what is sent",
        help_text="It can be sent only once.",
        error_messages={"required": "Tick “I have read what is sent”: it can be sent only once."},
    )

    autocomplete = {"text": "off"}
