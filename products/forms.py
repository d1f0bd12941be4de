"""The query string of a shelf, checked like any other form."""

from collections.abc import Sequence

from django import forms
from django.conf import settings

from core.errors import DomainError
from core.money import parse_money
from products.models import Category, Product
from products.search import words_of
from products.shelves import SORTS, Filters

MAX_QUERY = 100


class MoneyField(forms.CharField):
    """An amount in the shop's currency as a person types it; minor units come out, None where it is empty."""

    def __init__(self, *, label: str) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        messages = {"max_length": "A price has at most 12 characters."}
        super().__init__(label=label, required=False, max_length=12, widget=widget, error_messages=messages)

    def clean(self, value: object) -> int | None:
        """Return minor units; a sentence for what is not an amount or is negative."""
        text = super().clean(value)
        if not text:
            return None
        try:
            minor = parse_money(text, settings.STORE_CURRENCY)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        if minor < 0:
            raise forms.ValidationError("A price cannot be less than zero.")
        return minor


class ShelfForm(forms.Form):
    """What narrows and orders a shelf. A part that is wrong is left out and explained; the rest still counts."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=MAX_QUERY,
        error_messages={"max_length": f"Search for at most {MAX_QUERY} characters."},
    )
    category = forms.MultipleChoiceField(
        required=False, error_messages={"invalid_choice": "There is no such category."}
    )
    concern = forms.MultipleChoiceField(
        required=False,
        choices=Product.Concern.choices,
        error_messages={"invalid_choice": "There is no such skin concern."},
    )
    price_from = MoneyField(label="From")
    price_to = MoneyField(label="To")
    in_stock = forms.BooleanField(label="In stock", required=False)
    sort = forms.ChoiceField(
        required=False,
        choices=[(value, label) for value, (label, _) in SORTS.items()],
        error_messages={"invalid_choice": "There is no such order of products."},
    )

    def __init__(self, *args: object, categories: Sequence[Category], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["category"].choices = [(category.slug, category.name) for category in categories]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Refuse a range that is upside down."""
        low, high = self.cleaned_data.get("price_from"), self.cleaned_data.get("price_to")
        if low is not None and high is not None and low > high:
            self.add_error("price_from", "The lowest price is above the highest.")
            self.cleaned_data["price_to"] = None

    @property
    def sentences(self) -> list[str]:
        """What was wrong, each said once."""
        texts = [str(text) for errors in self.errors.values() for text in errors]
        return list(dict.fromkeys(texts))

    def query(self) -> str:
        """Return what is searched for; empty where it is wrong or holds no word."""
        text = "" if "q" in self.errors else self.cleaned_data["q"]
        return text if words_of(text) else ""

    def filters(self, *, searching: bool, shelf: str = "") -> Filters:
        """Return the parts that were right; `shelf` is the category whose page this is."""
        query = self.query()
        right = self.cleaned_data
        return Filters(
            is_search=searching,
            words=words_of(query) if searching else (),
            categories=(shelf,) if shelf else tuple(dict.fromkeys(right.get("category", []))),
            concerns=tuple(dict.fromkeys(right.get("concern", []))),
            price_from=right.get("price_from"),
            price_to=right.get("price_to"),
            in_stock=right.get("in_stock", False),
            sort=right.get("sort", ""),
        )
