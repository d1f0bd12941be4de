"""What staff may ask of the list of messages."""

from django import forms

from core.forms import StoreForm
from mail.models import OutgoingMail


class MailFilterForm(StoreForm):
    """Narrows the list by recipient, kind and state; a value that makes no sense narrows nothing."""

    recipient = forms.CharField(required=False, max_length=254, label="Recipient contains")
    kind = forms.ChoiceField(required=False)
    state = forms.ChoiceField(required=False, choices=[("", "Any"), *OutgoingMail.State.choices])

    autocomplete = {"recipient": "off"}

    def set_kinds(self, kinds: list[str]) -> None:
        """Offer the kinds of message that exist."""
        choices = [("", "Any"), *((kind, kind.replace("_", " ").capitalize()) for kind in kinds)]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]
