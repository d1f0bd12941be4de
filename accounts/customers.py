"""Who a buyer is: one `Customer` per e-mail address, joined to a login once that address is verified."""

from allauth.account.models import EmailAddress

from accounts.models import Customer, User, canonical_email


def customer_for(*, email: str, name: str = "", user: User | None = None) -> Customer:
    """Return the buyer of an order: the user's own customer if they have one, else the one of this address.

    Safe to repeat and safe against another request that does the same. A name is only filled in where there is none,
    and never for a buyer who signs in: a guest may type anybody's address.
    """
    if user is not None and (own := own_customer(user)):
        return own
    customer = _customer_of(email, name=name)
    if name and not customer.name and customer.user_id is None:
        Customer.objects.filter(pk=customer.pk, name="", user=None).update(name=name)
        customer.refresh_from_db(fields=["name"])
    return customer


def own_customer(user: User) -> Customer | None:
    """Return the customer that this user has been joined to."""
    return Customer.objects.filter(user=user).first()


def join(user: User) -> Customer | None:
    """Join a user to the customer of their verified address, and with it to the orders made under it before.

    Safe to repeat. None while the address is not verified, and for a customer who already belongs to another user:
    nobody's orders are ever handed on.
    """
    if own := own_customer(user):
        return own
    if not has_verified_email(user):
        return None
    customer = _customer_of(user.email, name=user.name)
    # One conditional UPDATE: of two users who want the same customer the second finds it taken.
    Customer.objects.filter(pk=customer.pk, user=None).update(user=user)
    return own_customer(user)


def has_verified_email(user: User) -> bool:
    """Whether the user has proved that the address they sign in with is theirs."""
    return EmailAddress.objects.filter(user=user, email=canonical_email(user.email), verified=True).exists()


def _customer_of(email: str, *, name: str) -> Customer:
    customer, _created = Customer.objects.get_or_create(email_canonical=canonical_email(email), defaults={"name": name})
    return customer
