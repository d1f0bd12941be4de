"""Giving the money of a received return back: its units as one refund, with what goes on the shelf again."""

from accounts.models import User
from core.errors import DomainError, NotAllowedInState
from orders.models import Return
from payments.models import Refund, RefundLine
from payments.refund_arithmetic import RefundChoice, RefundPlan
from payments.refund_plan import plan_refund
from payments.refunding import request_refund


def plan_return_refund(row: Return, *, with_shipping: bool) -> RefundPlan:
    """Work out what a return gives back, without promising anything. Raises DomainError as `plan_refund` does."""
    return plan_refund(row.order_id, _choice(row, with_shipping=with_shipping))


def refund_return(
    return_id: int,
    *,
    with_shipping: bool,
    reason: str,
    actor: User,
    request_key: str,
    expected_minor: int | None = None,
    paid_elsewhere: str = "",
) -> Refund:
    """Refund the units of a return that came, and restock those that are for the shelf. Never inside a transaction.

    Safe to repeat with the same key. The limits and the approval of refunds apply; the return is refunded from the
    promise on, and open again if that comes to nothing. Raises DomainError with a sentence.
    """
    row = Return.objects.select_related("order").get(pk=return_id)
    key = f"return-{row.pk}:{request_key}"
    if not Refund.objects.filter(request_key=key).exists():
        _refuse(row)
    choice = _choice(
        row,
        with_shipping=with_shipping,
        reason=reason,
        expected_minor=expected_minor,
        paid_elsewhere=paid_elsewhere,
    )
    return request_refund(row.order_id, choice=choice, actor=actor, request_key=key, return_request=row)


def failed_refund(row: Return) -> Refund | None:
    """Return the refund of an open return that came to nothing at Stripe: it is tried again itself, to the penny."""
    if row.status != Return.Status.RECEIVED:
        return None
    last = Refund.objects.filter(return_request=row).order_by("-created_at", "-pk").first()
    return last if last is not None and last.status in Refund.CAME_TO_NOTHING else None


def _refuse(row: Return) -> None:
    if row.status != Return.Status.RECEIVED:
        status = Return.Status(row.status).label.lower()
        raise NotAllowedInState(f"Return {row.number} is {status}; only what has been received is refunded.")
    if failed_refund(row) is not None:
        raise DomainError("The refund of this return came to nothing. Try that one again, or pay it by other means.")


def _choice(
    row: Return, *, with_shipping: bool, reason: str = "", expected_minor: int | None = None, paid_elsewhere: str = ""
) -> RefundChoice:
    lines = list(row.lines.all())
    unsellable = {line.line_id: line.received_quantity - line.restock_quantity for line in lines}
    return RefundChoice(
        units={line.line_id: line.received_quantity for line in lines},
        with_shipping=with_shipping,
        restock=RefundLine.Restock.RETURNED,
        unsellable={line_id: quantity for line_id, quantity in unsellable.items() if quantity},
        reason=reason,
        expected_minor=expected_minor,
        paid_elsewhere=paid_elsewhere,
    )
