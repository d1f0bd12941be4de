"""Giving back what an order that was canceled still keeps, because a refund of it came to nothing."""

from django.db import transaction

from audit.recording import record
from core.errors import NotAllowedInState
from orders.lifecycle import lock_order
from orders.refunding import count_units
from orders.transitions import Status
from payments.models import Refund
from payments.refund_arithmetic import RefundChoice
from payments.refund_plan import plan_refund
from payments.refunding import commit_promise, write_lines
from payments.refunds import returned_units, submit_refund


def give_rest_back(order_id: int) -> Refund:
    """Refund all that is left of a canceled order and return the refund; never inside a transaction. Safe to repeat.

    No limit applies: the order was canceled, so all of it is owed, and whoever canceled it was within theirs. Stock is
    left alone. Raises NotAllowedInState for an order that is not canceled, or was not paid through Stripe, DomainError
    where nothing is left.
    """
    return submit_refund(_promise(order_id))


@transaction.atomic
def _promise(order_id: int) -> int:
    order = lock_order(order_id)
    if order.status != Status.CANCELED:
        raise NotAllowedInState(f"Order {order.number} is not canceled.")
    choice = RefundChoice(everything=True)
    plan = plan_refund(order_id, choice)
    if plan.is_elsewhere:
        raise NotAllowedInState("This order was not paid through Stripe. Give the money back, and note on it how.")
    commit_promise(plan.payment, plan.amount_minor)
    refund = Refund.objects.create(
        payment=plan.payment,
        amount_minor=plan.amount_minor,
        shipping_minor=plan.parts.shipping,
        shipping_tax_minor=plan.parts.shipping_tax,
        currency=order.currency,
        status=Refund.Status.SUBMITTING,
        source=Refund.Source.AUTOMATIC,
        reason="what a canceled order kept",
    )
    write_lines(refund, plan, choice)
    count_units(returned_units(refund))
    changes = {"order": order.pk, "amount_minor": refund.amount_minor, "currency": refund.currency}
    record("refund.requested", subject=refund, changes=changes)
    return refund.pk
