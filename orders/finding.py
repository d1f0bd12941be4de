"""Finding orders by whatever somebody pastes: a number, an address, a name, a reference of Stripe's."""

import re

from django.db.models import Q

from orders.models import Order
from orders.models.order import FIRST_NUMBER

NUMBER = re.compile(r"#?(?:PL-?)?([0-9]{1,15})\Z", re.IGNORECASE)
REFERENCE = re.compile(r"(?:cs|pi|ch|py|re|pyr)_[A-Za-z0-9_]+\Z")
REFERENCES = (
    "payments__stripe_session_id",
    "payments__stripe_intent_id",
    "payments__stripe_charge_id",
    "payments__refunds__stripe_refund_id",
)
MOST = 200


def matching(text: str) -> Q:
    """Return the condition of the orders that a text means; an empty text means all."""
    text = text.strip()[:MOST]
    if not text:
        return Q()
    if REFERENCE.match(text):
        return Q(pk__in=_paid_under(text))
    if number := NUMBER.match(text):
        return Q(pk=int(number[1]) - FIRST_NUMBER) | Q(public_id=text)
    return Q(email__icontains=text) | Q(customer__name__icontains=text) | Q(public_id=text)


def _paid_under(reference: str) -> list[int]:
    named = Q()
    for path in REFERENCES:
        named |= Q(pk__in=Order.objects.filter(**{path: reference}).order_by().values("pk"))
    return list(Order.objects.filter(named).values_list("pk", flat=True)[:MOST])
