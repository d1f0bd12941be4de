"""How somebody becomes staff: an account by e-mail, a role, and a link under which they set their own password."""

from dataclasses import dataclass

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from accounts.adapter import absolute
from accounts.models import EMAIL_LENGTH, User, canonical_email
from audit.recording import record, recording_refusal
from core.errors import DomainError
from mail.services import queue_mail
from rbac.matrix import CUSTOMER, ROLE_NAMES, STAFF_ROLES
from rbac.roles import assign_role


@dataclass(frozen=True)
class Invitation:
    """What came of an invitation. `link` sets the password; empty for somebody who has one already."""

    user: User
    is_new: bool
    link: str


def invite_staff(*, email: str, role: str, actor: User | None) -> Invitation:
    """Give whoever owns an address a staff role, and mail them a link to set a password unless they have one.

    Safe to repeat: the account and the role stay, a fresh link is mailed. An account whose address nobody has proved
    loses its password: whoever signed up with somebody else's address must not become staff by their invitation.
    Raises DomainError for an unusable address or role, NotAllowedInState as `assign_role` does.
    """
    with recording_refusal("staff.invited", actor=actor):
        _check(email, role)
        return _invite(email, role, actor=actor)


@transaction.atomic
def _invite(email: str, role: str, *, actor: User | None) -> Invitation:
    user, is_new = User.objects.get_or_create(email=canonical_email(email))
    proved, _created = EmailAddress.objects.get_or_create(user=user, email=user.email)
    if is_new or not proved.verified:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    EmailAddress.objects.filter(pk=proved.pk).update(verified=True, primary=True)
    if is_new:
        record("staff.invited", subject=user, actor=actor)
    user = assign_role(user, role, actor=actor)
    link = "" if user.has_usable_password() else set_password_link(user)
    if link:
        _send_link(user, role, link)
    return Invitation(user, is_new, link)


def set_password_link(user: User) -> str:
    """Return an absolute address under which the user sets a password, once, within PASSWORD_RESET_TIMEOUT."""
    token = default_token_generator.make_token(user)
    kwargs = {"uidb36": user_pk_to_url_str(user), "key": token}
    return absolute(reverse("account_reset_password_from_key", kwargs=kwargs))


def _check(email: str, role: str) -> None:
    if role == CUSTOMER or role not in STAFF_ROLES:
        raise DomainError(f"There is no staff role “{role}”; the roles are {', '.join(STAFF_ROLES)}.")
    try:
        validate_email(canonical_email(email))
    except ValidationError:
        raise DomainError(f"“{email}” is not an e-mail address.") from None
    if len(email) > EMAIL_LENGTH:
        raise DomainError(f"An e-mail address has at most {EMAIL_LENGTH} characters.")


def _send_link(user: User, role: str, link: str) -> None:
    token = link.rstrip("/").rpartition("/")[2]
    queue_mail(
        key=f"staff_invitation:{token}",
        kind="staff_invitation",
        recipient=user.email,
        context={"link": link, "role_name": ROLE_NAMES[role]},
        is_secret=True,
    )
