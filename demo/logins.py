"""The demo's four logins, one for each role, and the password that all of them have."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.customers import join
from accounts.models import User
from rbac.matrix import ADMIN, ANALYST, CUSTOMER, OPS
from rbac.roles import assign_role

DOMAIN = "purelaka.test"  # reserved: no mail to it can reach anybody
NAMES = {CUSTOMER: "Amelia Hart", ANALYST: "Noor Rahman", OPS: "Tom Okafor", ADMIN: "Ines Duarte"}


@dataclass(frozen=True)
class Login:
    """Who can sign in. `password` is empty where somebody has changed it."""

    role: str
    email: str
    password: str


def address(role: str) -> str:
    """Return the e-mail address of a role's login."""
    return f"{role}@{DOMAIN}"


def demo_password() -> str:
    """Return the password of this installation's demo: made from its secret key, so that nobody else's is the same."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), b"demo logins", hashlib.sha256)
    letters = base64.b32encode(digest).decode().lower()
    return "-".join(letters[start : start + 4] for start in (0, 4, 8))


@transaction.atomic
def make_logins() -> list[Login]:
    """Make the logins that are not there yet, with verified addresses; the customer is joined to their orders."""
    return [_make(role) for role in NAMES]


def logins() -> list[Login]:
    """Return the logins as they are."""
    people = {user.email: user for user in User.objects.filter(email__in=[address(role) for role in NAMES])}
    return [_login(role, people[address(role)]) for role in NAMES if address(role) in people]


def _make(role: str) -> Login:
    user = User.objects.filter(email=address(role)).first()
    if user is None:
        user = User.objects.create_user(address(role), demo_password(), name=NAMES[role])
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        assign_role(user, role, actor=None, reason="demo")
        join(user)
    return _login(role, user)


def _login(role: str, user: User) -> Login:
    password = demo_password()
    return Login(role, user.email, password if user.check_password(password) else "")
