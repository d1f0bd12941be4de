"""The form of the store's settings."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from core.errors import DomainError
from core.forms import StoreForm, WholeNumberField
from core.models import StoreSetting
from core.money import format_plain, parse_money


class SumField(forms.CharField):
    """A sum in the store's currency, typed as people write it; minor units inside. Left empty it is None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=40, widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}), **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        """Show minor units as they are typed."""
        return format_plain(value, settings.STORE_CURRENCY) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        """Return minor units. Raises ValidationError with a sentence for anything that is no sum, or below nothing."""
        text = super().clean(value)
        if not text:
            return None
        try:
            minor = parse_money(text, settings.STORE_CURRENCY)
        except DomainError as error:
            raise ValidationError(error.message, code="invalid") from error
        if minor < 0:
            raise ValidationError("Enter nothing below zero.", code="min_value")
        return minor


class SettingsForm(StoreForm):
    """The settings that a merchant changes while the shop runs."""

    announcement = forms.CharField(
        required=False, max_length=160, label="Announcement", help_text="One line above every page of the shop."
    )
    support_email = forms.EmailField(
        required=False, max_length=254, label="Support e-mail", help_text="Shown to customers who need help."
    )
    prices_include_tax = forms.BooleanField(
        required=False,
        label="Prices in the shop include VAT",
        help_text="Orders placed from now on are priced this way; those that exist keep theirs.",
    )
    order_expiry_minutes = WholeNumberField(
        min_value=40,
        max_value=1440,
        label="Minutes until an unpaid order expires",
        help_text="Then its stock is free again. From 40 minutes to a day.",
    )
    ship_sla_hours = WholeNumberField(
        min_value=1,
        max_value=720,
        label="Hours within which orders are sent",
        help_text="Later ones are shown as late. Up to 30 days.",
    )
    low_stock_threshold = WholeNumberField(
        min_value=0, max_value=1000, label="Low stock", help_text="A variant with so many units left or fewer is low."
    )
    refund_limit_minor = SumField(
        label="Refund limit of operations staff",
        help_text="What they may give back of one order on their own; more waits for an administrator.",
    )
    refund_second_person_minor = SumField(
        required=False,
        label="Second person from",
        help_text="From this sum of one order on, refunds wait for a second person, whoever makes them. Empty: never.",
    )
    return_window_days = WholeNumberField(
        min_value=0,
        max_value=365,
        label="Days in which goods may be returned",
        help_text="Counted from the day they were sent. Up to a year.",
    )
    seller_name = forms.CharField(required=False, max_length=120, label="Name of the seller")
    seller_address = forms.CharField(
        required=False,
        max_length=500,
        label="Address of the seller",
        widget=forms.Textarea({"rows": 4}),
        help_text="Printed on invoices; those that are issued keep theirs.",
    )
    vat_number = forms.CharField(required=False, max_length=32, label="VAT number")

    autocomplete = {"support_email": "off", "seller_name": "off", "seller_address": "off", "vat_number": "off"}

    @classmethod
    def of(cls, setting: StoreSetting, posted: Any = None) -> "SettingsForm":
        """Return the form filled with the settings in force."""
        return cls(posted, initial={name: getattr(setting, name) for name in cls.base_fields})
