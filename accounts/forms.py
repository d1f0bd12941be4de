"""The forms of sign-in, passwords and the account page."""

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.core.validators import EmailValidator

from accounts.models import Address, User

MAX_ADDRESSES = 20
NO_ADDRESS = "Enter an e-mail address, such as name@example.com."
GOOD_ENOUGH = "At least 10 characters. No password that many people use, and not your name or address."


def _say(form: forms.BaseForm, name: str, label: str, *, hint: str = "") -> None:
    """Give a field of allauth our words. Placeholders go: they vanish as soon as they are needed."""
    field = form.fields[name]
    field.label = label
    field.help_text = hint
    field.error_messages["required"] = f"Enter your {label.lower()}."
    field.widget.attrs.pop("placeholder", None)
    if isinstance(field, forms.EmailField):
        field.error_messages["invalid"] = NO_ADDRESS
        field.validators = [EmailValidator(NO_ADDRESS)]


class SignInForm(allauth_forms.LoginForm):
    """E-mail and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, "login", "E-mail address")
        _say(self, "password", "Password")


class SignUpForm(allauth_forms.SignupForm):
    """A new account."""

    name = forms.CharField(
        label="Name", max_length=120, required=False, widget=forms.TextInput({"autocomplete": "name"})
    )
    field_order = ["name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, "email", "E-mail address", hint="We send a link to it, which you open to finish.")
        _say(self, "password1", "Password", hint=GOOD_ENOUGH)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Ask for a link that sets a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, "email", "E-mail address")


class SetPasswordForm(allauth_forms.ResetPasswordKeyForm):
    """A new password, by the link from the mail. Asked for once: a slip is mended by another reset."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]
        _say(self, "password1", "New password", hint=GOOD_ENOUGH)


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    """A new password for somebody who knows the present one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]
        _say(self, "oldpassword", "Present password")
        _say(self, "password1", "New password", hint=GOOD_ENOUGH)


class DetailsForm(forms.ModelForm):
    """What a person may change about themselves."""

    class Meta:
        model = User
        fields = ["name"]
        labels = {"name": "Name"}
        widgets = {"name": forms.TextInput({"autocomplete": "name"})}


class AddressForm(forms.ModelForm):
    """A delivery address."""

    class Meta:
        model = Address
        fields = ["name", "line1", "line2", "city", "region", "postcode", "country", "phone"]
        labels = {
            "name": "Full name",
            "line1": "Address line 1",
            "line2": "Address line 2",
            "city": "Town or city",
            "region": "County or region",
            "phone": "Telephone",
        }
        widgets = {
            "name": forms.TextInput({"autocomplete": "name"}),
            "line1": forms.TextInput({"autocomplete": "address-line1"}),
            "line2": forms.TextInput({"autocomplete": "address-line2"}),
            "city": forms.TextInput({"autocomplete": "address-level2"}),
            "region": forms.TextInput({"autocomplete": "address-level1"}),
            "postcode": forms.TextInput({"autocomplete": "postal-code"}),
            "country": forms.Select({"autocomplete": "country"}),
            "phone": forms.TextInput({"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        }
        error_messages = {
            "name": {"required": "Enter the full name."},
            "line1": {"required": "Enter the first line of the address."},
            "city": {"required": "Enter the town or city."},
        }
