"""People for tests: signed up, verified, with a role."""

from functools import cache
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.customers import join
from accounts.models import Address, Customer, User

PASSWORD = "correct horse battery"
_numbers = count(1)


@cache
def _hashed(password: str) -> str:
    return make_password(password)


def make_user(
    role: str = "customer", *, verified: bool = True, email: str = "", password: str = PASSWORD, **fields: Any
) -> User:
    """A user who can sign in with PASSWORD; a verified one has their customer."""
    email = email or f"{role}-{next(_numbers)}@example.com"
    user = User.objects.create_user(email, **{"name": "Alice Archer"} | fields)
    User.objects.filter(pk=user.pk).update(password=_hashed(password))
    user.password = _hashed(password)
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    if role != "customer":
        user.groups.add(Group.objects.get(name=role))
    if verified:
        join(user)
    return user


def make_customer(email: str = "", *, name: str = "Charlie Clay", user: User | None = None) -> Customer:
    """A buyer; without `user` one who never signed up."""
    return Customer.objects.create(email_canonical=email or f"buyer-{next(_numbers)}@example.com", name=name, user=user)


def make_address(customer: Customer, **fields: Any) -> Address:
    """A delivery address of a customer."""
    values = {"name": "Alice Archer", "line1": "1 Green Lane", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB"}
    return Address.objects.create(customer=customer, **values | fields)
