"""The end of unpaid orders: Stripe is asked first, so that nobody pays for what was just given up."""

import structlog
from django.utils import timezone

from accounts.models import User
from core.errors import DomainError, NotAllowedInState
from orders.lifecycle import cancel_unpaid, expire
from orders.models import Order
from orders.transitions import By
from payments.errors import GatewayError
from payments.models import Payment
from payments.refund_plan import refuse_bound
from payments.starting import close_session, open_session

log = structlog.get_logger("purelaka.payments")
UNSETTLED = (Payment.Status.CREATING, Payment.Status.OPEN, Payment.Status.PROCESSING)


def cancel_order_unpaid(order_id: int, *, reason: str, by: By, actor: User | None = None) -> Order:
    """Cancel a pending order after making its sessions unpayable; stock and discount come free. Safe to repeat.

    Raises NotAllowedInState if it was paid meanwhile, a delayed payment is on its way, or money that it took is
    disputed; GatewayError if Stripe cannot be asked: then nothing has changed.
    """
    refuse_bound(Order.objects.get(pk=order_id))
    _make_unpayable(order_id)
    order = cancel_unpaid(order_id, reason=reason, actor=actor, by=by)
    _close_late_sessions(order_id)
    return order


def _close_late_sessions(order_id: int) -> None:
    """Close the sessions that were opened between the look and the lock; one still to come is closed by its maker."""
    for payment in Payment.objects.filter(order_id=order_id, status=Payment.Status.OPEN):
        try:
            close_session(payment)
        except GatewayError as error:  # the order is canceled all the same: whoever pays now gets it back
            log.warning("late_session_left_open", payment=payment.pk, code=error.code)


def _make_unpayable(order_id: int) -> None:
    for payment in Payment.objects.filter(order_id=order_id, status__in=UNSETTLED, tender=Payment.Tender.STRIPE):
        settled = _unpayable(payment)
        if settled.status == Payment.Status.PROCESSING:
            raise NotAllowedInState("A payment for this order is on its way, so it cannot be canceled now.")


def _unpayable(payment: Payment) -> Payment:
    if payment.status == Payment.Status.CREATING:
        try:  # the answer that made the session may be lost: the same key learns its id
            payment = open_session(payment.pk)
        except DomainError:
            payment.refresh_from_db()
            if payment.status != Payment.Status.FAILED:
                raise
            return payment
    return close_session(payment)


def expire_orders(*, limit: int = 200) -> int:
    """Cancel pending orders past their time and return how many; what cannot be settled now is tried again later."""
    due = Order.objects.expired(timezone.now()).order_by("expires_at").values_list("pk", flat=True)[:limit]
    expired = 0
    for order_id in list(due):
        try:
            _make_unpayable(order_id)
            if expire(order_id, now=timezone.now()).status == Order.Status.CANCELED:
                expired += 1
                _close_late_sessions(order_id)
        except NotAllowedInState:
            continue  # paid in the last second, or a delayed payment keeps its reservation
        except (DomainError, GatewayError) as error:
            log.warning("expiry_postponed", order=order_id, error=type(error).__name__)
    return expired
