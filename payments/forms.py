"""The checkout form: contact, delivery and method on one page."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django_countries import countries

from orders.models import ShippingMethod
from orders.pricing import MAXIMUM_CHARGE

KEY = r"\A[0-9a-f]{32}\Z"
STALE = "Please look over your order once more and press the button again."


def new_checkout_key() -> str:
    """Return the token that makes pressing Pay twice one order."""
    return uuid.uuid4().hex


def _text(label: str, *, longest: int, autocomplete: str, required: bool = True, **attrs: str) -> forms.CharField:
    messages = {
        "required": f"Enter your {label.lower()}.",
        "max_length": f"{label} is longer than {longest} characters.",
    }
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, **attrs})
    return forms.CharField(
        label=label, max_length=longest, required=required, strip=True, widget=widget, error_messages=messages
    )


class CheckoutForm(forms.Form):
    """What is needed to send a parcel and a receipt. The phone number is asked for and never required."""

    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="For your receipt and news of the delivery.",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": "Enter your e-mail address.",
            "invalid": "Enter an e-mail address like name@example.com.",
        },
    )
    name = _text("Full name", longest=120, autocomplete="shipping name")
    line1 = _text("Address", longest=160, autocomplete="shipping address-line1")
    line2 = _text("Address, second line", longest=160, autocomplete="shipping address-line2", required=False)
    city = _text("Town or city", longest=80, autocomplete="shipping address-level2")
    region = _text("County or region", longest=80, autocomplete="shipping address-level1", required=False)
    postcode = _text("Postcode", longest=20, autocomplete="shipping postal-code", required=False)
    country = forms.ChoiceField(
        label="Country",
        widget=forms.Select(attrs={"autocomplete": "shipping country"}),
        error_messages={"invalid_choice": "We do not deliver to that country yet.", "required": "Choose a country."},
    )
    phone = _text("Phone", longest=32, autocomplete="shipping tel", required=False, inputmode="tel", type="tel")
    method = forms.ModelChoiceField(
        label="Delivery",
        queryset=ShippingMethod.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose how it should be delivered.",
            "invalid_choice": "That way of delivery does not go to this country. Choose another.",
        },
    )
    checkout_key = forms.RegexField(
        KEY, widget=forms.HiddenInput, error_messages=dict.fromkeys(("required", "invalid"), STALE)
    )
    expected_total = forms.IntegerField(
        min_value=0,
        max_value=MAXIMUM_CHARGE,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), STALE),
    )

    def __init__(self, *args: Any, codes: Sequence[str], methods: Sequence[ShippingMethod], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(countries)
        self.fields["phone"].help_text = "Only used if the carrier cannot find you."
        chosen = sorted(((code, names.get(code, code)) for code in codes), key=lambda pair: pair[1])
        self.fields["country"].choices = chosen  # type: ignore[attr-defined]
        country = self.data.get("country", "") if self.is_bound else self.initial.get("country", "")
        self.fields["postcode"].required = country in WITH_POSTCODE
        keys = [method.pk for method in methods]
        self.fields["method"].queryset = ShippingMethod.objects.filter(pk__in=keys)  # type: ignore[attr-defined]


# Countries whose addresses have a postcode; elsewhere it may be left empty.
WITH_POSTCODE = frozenset("AT AU BE CA CH CZ DE DK ES FI FR GB GR HU IT JP LU NL NO PL PT SE US".split())
