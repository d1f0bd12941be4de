"""What the shopper fills in on the payment page."""

from typing import Any

from django import forms

from stripe_simulator import cards

OTHER = "other"


class PayForm(forms.Form):
    """A way to pay, and an e-mail address unless the shop has given one."""

    email = forms.EmailField(
        max_length=254,
        error_messages={
            "required": "Enter your e-mail address.",
            "invalid": "Enter an e-mail address like name@example.com.",
        },
    )
    card = forms.ChoiceField(
        choices=[(card.number, card.label) for card in cards.ON_PAGE] + [(OTHER, "Another test card")],
        error_messages={"required": "Choose how to pay.", "invalid_choice": "Choose one of the ways to pay below."},
    )
    number = forms.CharField(max_length=30, required=False)

    def __init__(self, *args: Any, known_email: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known_email = known_email
        if known_email:
            del self.fields["email"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("card") == OTHER and not cleaned.get("number"):
            self.add_error("number", "Enter the number of the test card.")
        return cleaned

    def chosen_card(self) -> cards.Card:
        """The card of a valid form."""
        chosen = self.cleaned_data["card"]
        return cards.find(self.cleaned_data["number"] if chosen == OTHER else chosen)

    def options(self) -> list[dict[str, Any]]:
        """Each known way to pay with whether it is chosen, for the template."""
        chosen = self.data.get("card", cards.ON_PAGE[0].number)
        return [{"card": card, "checked": card.number == chosen} for card in cards.ON_PAGE]

    @property
    def wants_other(self) -> bool:
        return self.data.get("card") == OTHER
