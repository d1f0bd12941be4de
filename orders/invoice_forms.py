"""What staff may ask of the list of invoices and credit notes."""

from django import forms

from core.forms import MonthField, StoreForm
from orders.finding import MOST
from orders.models import Invoice


class DocumentFilterForm(StoreForm):
    """Narrows the list of documents; a value that makes no sense narrows nothing."""

    q = forms.CharField(
        required=False, max_length=MOST, label="Document or order", widget=forms.TextInput({"type": "search"})
    )
    kind = forms.ChoiceField(
        required=False,
        label="Kind",
        choices=[("", "Both"), (Invoice.Kind.INVOICE, "Invoices"), (Invoice.Kind.CREDIT_NOTE, "Credit notes")],
    )
    month = MonthField(required=False, label="Month")

    autocomplete = {"q": "off", "month": "off"}

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.usable())
