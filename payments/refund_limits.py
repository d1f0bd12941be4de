"""Which refunds wait for somebody else's approval."""

from django.conf import settings
from django.db.models import Sum

from accounts.models import User
from core.models import StoreSetting
from core.money import format_money
from orders.models import Order
from payments.models import Refund


def approval_needed(order: Order, amount_minor: int, *, actor: User) -> str:
    """Return why a refund of so much waits for somebody else's approval, as a sentence; empty if it does not.

    What was given back of the same order without approval counts as well, so that a limit cannot be passed in steps.
    Limits are in the store's currency; nothing in another currency is within them.
    """
    if order.currency != settings.STORE_CURRENCY:
        return f"Refunds in {order.currency} wait for approval: the limits are in {settings.STORE_CURRENCY}."
    limits = StoreSetting.current()
    alone = amount_minor + _given_alone(order)
    second = limits.refund_second_person_minor
    if second is not None and alone >= second:
        sum_shown = format_money(second, order.currency)
        return f"From {sum_shown} of an order on, refunds wait for a second person's approval, whoever makes them."
    if alone > limits.refund_limit_minor and not actor.has_perm("rbac.refunds_approve"):
        sum_shown = format_money(limits.refund_limit_minor, order.currency)
        return f"Refunds of more than {sum_shown} of an order wait for an administrator's approval."
    return ""


def _given_alone(order: Order) -> int:
    """What stands of an order's refunds that staff made and nobody approved, in minor units."""
    alone = Refund.objects.standing().filter(
        payment__order=order, source=Refund.Source.STAFF, requested_by_id__isnull=False, approved_by_id=None
    )
    total = alone.exclude(status=Refund.Status.REQUESTED).aggregate(total=Sum("amount_minor", default=0))["total"]
    return int(total)
