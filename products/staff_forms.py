"""What staff may ask of the lists of stock and products, and what they type to change them."""

from typing import Any

from django import forms

from core.errors import DomainError
from core.forms import StoreForm, WholeNumberField
from core.money import format_plain, parse_money
from products.models import Product, StockMovement, Variant
from products.staff_list import SHOWN
from products.stock import MAX_UNITS

REASON_LENGTH = 200
RECEIVED, ADJUSTED, DAMAGED = (
    StockMovement.Kind.RECEIVED.value,
    StockMovement.Kind.ADJUSTED.value,
    StockMovement.Kind.DAMAGED.value,
)
KINDS = [
    (RECEIVED, "Goods came in"),
    (ADJUSTED, "The count was wrong"),
    (DAMAGED, "Damaged or lost"),
]


class StockFilterForm(StoreForm):
    """Narrows the list of stock; a value that makes no sense narrows nothing."""

    q = forms.CharField(required=False, max_length=120, label="SKU or product")
    show = forms.ChoiceField(required=False, choices=list(SHOWN.items()), label="Show")

    autocomplete = {"q": "off"}


class MovementForm(StoreForm):
    """A change of a count with its cause. Goods that came in are a positive number, damage is entered as one too."""

    kind = forms.ChoiceField(choices=KINDS, label="What happened")
    units = WholeNumberField(
        min_value=-MAX_UNITS,
        max_value=MAX_UNITS,
        label="Units",
        help_text="A wrong count may be corrected downwards with a minus: -3.",
    )
    reason = forms.CharField(max_length=REASON_LENGTH, label="Reason")
    key = forms.RegexField(r"\A[A-Za-z0-9_-]{16,40}\Z", widget=forms.HiddenInput)

    autocomplete = {"units": "off", "reason": "off"}

    def clean(self) -> dict[str, Any]:
        """Refuse numbers that the cause rules out."""
        cleaned = super().clean() or {}
        units, kind = cleaned.get("units"), cleaned.get("kind")
        if units == 0:
            self.add_error("units", "Enter how many units, not 0.")
        elif units is not None and units < 0 and kind in (RECEIVED, DAMAGED):
            self.add_error("units", "Enter the number of units without a minus.")
        return cleaned

    @property
    def delta(self) -> int:
        """The change of the count, after `is_valid`."""
        units = self.cleaned_data["units"]
        return -units if self.cleaned_data["kind"] == DAMAGED else units


class ProductFilterForm(StoreForm):
    """Narrows the list of products; a value that makes no sense narrows nothing."""

    q = forms.CharField(required=False, max_length=120, label="Name or SKU")
    status = forms.ChoiceField(required=False, choices=[("", "Any"), *Product.Status.choices])

    autocomplete = {"q": "off"}


class StatusForm(StoreForm):
    """Whether a product is on sale."""

    status = forms.ChoiceField(choices=Product.Status.choices, label="Status")


class PriceForm(StoreForm):
    """The price of a variant, as people write it."""

    price = forms.CharField(max_length=40, label="Price")

    autocomplete = {"price": "off"}
    inputmode = {"price": "decimal"}

    def __init__(self, data: Any = None, *, variant: Variant) -> None:
        initial = {"price": format_plain(variant.price_minor, variant.currency)}
        super().__init__(data, initial=initial, auto_id=f"variant-{variant.pk}-%s")
        self.variant = variant

    def clean_price(self) -> int:
        """Return minor units."""
        try:
            return parse_money(self.cleaned_data["price"], self.variant.currency)
        except DomainError as refusal:
            raise forms.ValidationError(refusal.message) from refusal
