"""People: the login (`User`), the buyer (`Customer`) and where things are sent (`Address`)."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django_countries import countries
from django_countries.fields import CountryField

from core.db import LockingQuerySet

EMAIL_LENGTH = 254  # RFC 5321: the longest address that mail can be sent to


def canonical_email(email: str) -> str:
    """Return the spelling under which a buyer is known: trimmed and in lower case.

    Not case folded: that would make one buyer of `straße.de` and `strasse.de`, which belong to two people.
    """
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user; without a password they can only sign in after setting one by mail."""
        if not email.strip():
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=canonical_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by e-mail, whatever its case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can sign in, by e-mail. Roles are groups; superusers are not used."""

    email = models.EmailField("e-mail", max_length=EMAIL_LENGTH, unique=True)
    name = models.CharField(max_length=120, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    granted: frozenset[str] | None = None  # what the role grants, where that was read with the person

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_case_insensitive"),
            models.CheckConstraint(condition=models.Q(is_superuser=False), name="user_is_never_superuser"),
        ]

    def __str__(self) -> str:
        return self.email

    @cached_property
    def role(self) -> str:
        """The name of the one group that carries this person's role; who has none is a customer."""
        return self.groups.order_by("name").values_list("name", flat=True).first() or "customer"

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class Customer(models.Model):
    """One buyer, however they spell their address. A user is joined once they have verified it."""

    email_canonical = models.CharField(max_length=EMAIL_LENGTH, unique=True)
    user = models.OneToOneField(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="customer")
    name = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = LockingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"customer {self.pk}"


class Address(models.Model):
    """A delivery address that a customer keeps for the next order."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=160)
    line2 = models.CharField(max_length=160, blank=True, default="")
    city = models.CharField(max_length=80)
    region = models.CharField(max_length=80, blank=True, default="")
    postcode = models.CharField(max_length=20, blank=True, default="")
    country = CountryField()
    phone = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "addresses"

    def __str__(self) -> str:
        return f"address {self.pk}"

    @property
    def lines(self) -> list[str]:
        """The address as it is written on a parcel, without empty lines."""
        written = (self.name, self.line1, self.line2, f"{self.city} {self.postcode}".strip(), self.region)
        return [*filter(None, written), countries.name(str(self.country))]
