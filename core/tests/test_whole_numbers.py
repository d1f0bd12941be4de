import pytest
from django import forms

from core.forms import StoreForm, WholeNumberField


class QuantityForm(StoreForm):
    quantity = WholeNumberField(min_value=1, max_value=99)
    email = forms.EmailField(required=False)

    autocomplete = {"email": "email"}
    inputmode = {"email": "email"}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-1", "Enter 1 or more."),
        ("0", "Enter 1 or more."),
        ("-" + "9" * 23, "Enter 1 or more."),
        ("100", "Enter 99 or fewer."),
        ("1" + "0" * 23, "Enter 99 or fewer."),
        ("9" * 1_000_000, "Enter 99 or fewer."),
        ("１", "Enter a whole number in figures, such as 2."),
        ("٣", "Enter a whole number in figures, such as 2."),
        ("1.5", "Enter a whole number in figures, such as 2."),
        ("1e3", "Enter a whole number in figures, such as 2."),
        ("1_0", "Enter a whole number in figures, such as 2."),
        ("+1", "Enter a whole number in figures, such as 2."),
        ("two", "Enter a whole number in figures, such as 2."),
        ("1\x00", "Enter a whole number in figures, such as 2."),
        ("<b>1</b>", "Enter a whole number in figures, such as 2."),
        ("", "This field is required."),
    ],
)
def test_a_quantity_that_is_none_is_refused_with_a_sentence(typed, sentence):
    assert QuantityForm({"quantity": typed}).errors["quantity"] == [sentence]


@pytest.mark.parametrize(("typed", "number"), [("1", 1), (" 7 ", 7), ("007", 7), ("99", 99), (3, 3)])
def test_a_quantity_is_read(typed, number):
    form = QuantityForm({"quantity": typed})
    assert form.is_valid()
    assert form.cleaned_data["quantity"] == number


def test_controls_tell_browsers_what_they_are_for():
    form = QuantityForm()
    assert '<input type="number" name="quantity" min="1" max="99" step="1" inputmode="numeric"' in str(form["quantity"])
    assert 'autocomplete="email"' in str(form["email"])
    assert 'inputmode="email"' in str(form["email"])


def test_text_is_trimmed():
    form = QuantityForm({"quantity": "1", "email": "  a@example.com "})
    assert form.is_valid()
    assert form.cleaned_data["email"] == "a@example.com"
