"""allauth's pages as this shop routes them: each with a policy, and none that changes anything on GET."""

from typing import Any

from allauth.account import views as allauth_views
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from accounts.selectors import user_of
from core.access import public, signed_in


class ConfirmEmailView(allauth_views.ConfirmEmailView):
    """Confirms on POST. Somebody else who is signed in is signed out then, not by merely opening the link."""

    def logout_other_user(self, confirmation: Any) -> None:
        if self.request.method == "POST":
            super().logout_other_user(confirmation)


class SetPasswordView(allauth_views.PasswordResetFromKeyView):
    """Sets the password on POST. Somebody else who is signed in is signed out then, not by merely opening the link."""

    def logout(self) -> None:
        if self.request.method == "POST":
            super().logout()


sign_in = public(allauth_views.login)
sign_up = public(allauth_views.signup)
sign_out = public(allauth_views.logout)
inactive = public(allauth_views.account_inactive)
verification_sent = public(allauth_views.EmailVerificationSentView.as_view())
confirm_email = public(ConfirmEmailView.as_view())
reset_password = public(allauth_views.password_reset)
reset_sent = public(allauth_views.password_reset_done)
set_password = public(SetPasswordView.as_view())
password_set = public(allauth_views.password_reset_from_key_done)


@signed_in
def change_password(request: HttpRequest) -> HttpResponse | HttpResponseBase:
    """Change the password; an account without one yet is sent to set it by mail."""
    if not user_of(request).has_usable_password():
        return redirect("account_reset_password")
    return allauth_views.password_change(request)
