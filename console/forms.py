"""The form of the store's settings."""

from typing import Any

from django import forms

from core.forms import StoreForm, WholeNumberField
from core.models import StoreSetting


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
