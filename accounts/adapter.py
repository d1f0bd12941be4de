"""How allauth reaches the shop: mail through the outgoing table, links of the shop, the join to a customer."""

import uuid
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.customers import join
from accounts.models import EMAIL_LENGTH, User
from audit.recording import record
from core.http import client_address
from mail.services import queue_mail

KINDS = {
    "email_confirmation": "email_confirmation",
    "email_confirmation_signup": "email_confirmation",
    "password_reset_key": "password_reset",
    "password_reset": "password_changed",
    "password_changed": "password_changed",
    "account_already_exists": "account_already_exists",
    "unknown_account": "unknown_account",
}
SECRET_KINDS = {"email_confirmation", "password_reset"}


def absolute(path: str) -> str:
    """Return the public address of a path, whatever host the request came through."""
    return f"{settings.STORE_BASE_URL}{path}"


class AccountAdapter(DefaultAccountAdapter):
    """allauth's seams, filled in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "too_many_login_attempts": "Too many attempts with this address. Wait five minutes, or reset the password.",
        "enter_current_password": "That is not your present password.",
        "rate_limited": "That was too often. Wait a moment and try again.",
    }

    def clean_email(self, email: str) -> str:
        """Refuse an address that no column could hold; allauth's forms let longer ones through."""
        if len(email) > EMAIL_LENGTH:
            raise ValidationError(f"An e-mail address has at most {EMAIL_LENGTH} characters.")
        return email

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue one of allauth's messages. Raises KeyError for a message that the shop has no words for."""
        kind = KINDS[template_prefix.rpartition("/")[2]]
        links = {key: value for key, value in context.items() if key.endswith("_url")}
        queue_mail(
            key=f"{kind}:{uuid.uuid4().hex}",
            kind=kind,
            recipient=email,
            context=links | {"email": email, "at": context.get("timestamp")},
            is_secret=kind in SECRET_KINDS,
        )

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of an address, and nobody else, that it has an account already."""
        self.send_mail(
            "account/email/account_already_exists",
            email,
            {
                "login_url": absolute(reverse("account_login")),
                "password_reset_url": absolute(reverse("account_reset_password")),
            },
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that limits on attempts count by: the one the audit record names.

        Without one (a server on a Unix socket, no trusted proxy) all visitors share one limit, and nobody is shut out.
        """
        return client_address(request) or "unknown"

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return the link that confirms an address."""
        return absolute(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link under which a new password is set."""
        return absolute(urlsplit(super().get_reset_password_from_key_url(key)).path)

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - allauth's signature
        """Fill a new user from the sign-up form."""
        user.name = form.cleaned_data.get("name", "")
        return super().save_user(request, user, form, commit=commit)

    @transaction.atomic
    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Mark an address as verified, and join its user to their orders."""
        confirmed = super().confirm_email(request, email_address)
        if confirmed:
            join(email_address.user)
            record("email.verified", subject=email_address.user, actor=email_address.user, request=request)
        return confirmed

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Join whoever proved their address by another way than the confirming link, such as a password reset."""
        join(user)
        return super().post_login(request, user, **kwargs)

    @transaction.atomic
    def set_password(self, user: User, password: str) -> None:
        """Set a password and record that it was set, never what it is."""
        super().set_password(user, password)
        record("password.set", subject=user, actor=user, request=self.request)
