"""The forms of people and roles."""

from django import forms

from accounts.models import EMAIL_LENGTH
from rbac.matrix import ROLE_NAMES, ROLES, STAFF_ROLES


class InviteForm(forms.Form):
    """Somebody new on the staff."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=EMAIL_LENGTH,
        help_text="They get a link under which they set their own password.",
        widget=forms.EmailInput({"autocomplete": "off"}),
        error_messages={"required": "Enter the e-mail address of who is to work here."},
    )
    role = forms.ChoiceField(label="Role", choices=[(role, ROLE_NAMES[role]) for role in STAFF_ROLES])


class RoleForm(forms.Form):
    """Another role for somebody. As a customer they are no longer staff."""

    role = forms.ChoiceField(label="Role", choices=[(role, ROLE_NAMES[role]) for role in ROLES])
