"""From a placed order to the page where it is paid."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core.errors import DomainError, NotAllowedInState
from core.models import StoreSetting
from orders.lifecycle import lock_order, mark_paid
from orders.links import guest_path, guest_signature
from orders.models import Order
from orders.placing import set_expiry
from payments import client
from payments.calls import call_once
from payments.errors import GatewayRefused, GatewayUnclear, KeyReused
from payments.models import Payment
from payments.session_params import session_params
from payments.sync import sync_payment

GRACE = timedelta(minutes=10)  # the order outlives its session by this, so that a payment in the last second finds it
ALMOST_OVER = timedelta(minutes=2)
OVER = "This order has just been paid or canceled."
MONEY_HERE = (
    "We have received money for this order that does not match it. We are looking into it; please do not pay again."
)
UNANSWERED = "The payment page could not be opened just now. Nothing was charged; please try again in a minute."


def start_payment(order_id: int) -> Payment:
    """Return the open payment of a pending order, making its Checkout session; a free order is settled at once.

    Safe to repeat: a second click, or a second tab, gets the same session. An earlier session that is nearly over is
    expired first. Never call it inside a transaction. Raises NotAllowedInState when the order is no longer pending,
    DomainError with a sentence when Stripe gives no session.
    """
    payment = _claim(order_id)
    if payment.status == Payment.Status.CREATING:
        _close_others(payment)
        payment = open_session(payment.pk)
        _refuse_over(payment)
    if payment.status not in {Payment.Status.OPEN, Payment.Status.SUCCEEDED}:
        raise DomainError(UNANSWERED)
    return payment


@transaction.atomic
def _claim(order_id: int) -> Payment:
    order = lock_order(order_id)
    if order.status != Order.Status.PENDING:
        raise NotAllowedInState(f"Order {order.number} is {order.get_status_display()}; there is nothing to pay.")
    if order.total_minor == 0:
        return _settle_free(order)
    now = timezone.now()
    payments = Payment.objects.lock().filter(order=order, tender=Payment.Tender.STRIPE)
    if any(payment.is_open_surplus for payment in payments):
        raise NotAllowedInState(MONEY_HERE)
    for payment in payments:
        if payment.status == Payment.Status.PROCESSING:
            raise NotAllowedInState("A payment for this order is on its way; your bank has not confirmed it yet.")
        if payment.status == Payment.Status.CREATING:
            return payment
        if payment.status == Payment.Status.OPEN and payment.expires_at and payment.expires_at > now + ALMOST_OVER:
            return payment
    return Payment.objects.create(
        order=order,
        amount_minor=order.total_minor,
        currency=order.currency,
        livemode=client.is_live(),
        expires_at=_session_end(now),
    )


def _session_end(now: datetime) -> datetime:
    return now + timedelta(minutes=StoreSetting.current().order_expiry_minutes) - GRACE


def _settle_free(order: Order) -> Payment:
    now = timezone.now()
    payment = Payment.objects.create(
        order=order,
        tender=Payment.Tender.FREE,
        amount_minor=0,
        currency=order.currency,
        status=Payment.Status.SUCCEEDED,
        disposition=Payment.Disposition.APPLIED,
        succeeded_at=now,
    )
    mark_paid(order.pk, at=now, amount_minor=0, currency=order.currency)
    return payment


def _close_others(payment: Payment) -> None:
    """Expire every earlier session of the order; one that was paid meanwhile settles the order instead."""
    others = Payment.objects.filter(order=payment.order, status=Payment.Status.OPEN).exclude(pk=payment.pk)
    for other in others:
        close_session(other)
    if _is_over(payment):
        raise NotAllowedInState(OVER)


def _refuse_over(payment: Payment) -> None:
    """Let nobody pay a session that came to be while its order was given up."""
    if _is_over(payment):
        close_session(payment)
        raise NotAllowedInState(OVER)


def _is_over(payment: Payment) -> bool:
    return Order.objects.filter(pk=payment.order_id).exclude(status=Order.Status.PENDING).exists()


def close_session(payment: Payment) -> Payment:
    """Make an open session unpayable and bring the payment to what Stripe then says. Safe to repeat."""
    if payment.stripe_session_id:
        with suppress(GatewayRefused):  # complete or expired already: which of them, the sync learns
            client.expire_session(payment.stripe_session_id)
        payment = sync_payment(payment.pk)
    return payment


def open_session(payment_id: int) -> Payment:
    """Ask Stripe for the session of a payment in `creating`, under its own key, and keep its address.

    Safe to repeat, also after a lost answer. Raises DomainError with a sentence; the reason is kept with the call.
    """
    payment = Payment.objects.select_related("order").get(pk=payment_id)
    order = payment.order
    params = session_params(
        order,
        list(order.lines.all()),
        payment_id=payment.pk,
        success_url=_return_url(order),
        cancel_url=settings.STORE_BASE_URL + guest_path(order),
        expires_at=payment.expires_at or _session_end(payment.created_at),
    )
    try:
        session = call_once(
            "checkout.session.create", key=f"session-{payment.pk}", params=params, send=client.create_session
        )
    except GatewayUnclear as error:
        raise DomainError(UNANSWERED) from error
    except (GatewayRefused, KeyReused) as error:  # a session of the first sending has an address that nobody knows
        Payment.objects.filter(pk=payment.pk, status=Payment.Status.CREATING).update(status=Payment.Status.FAILED)
        raise DomainError(UNANSWERED) from error
    return _keep(payment, session)


def _keep(payment: Payment, session: client.Session) -> Payment:
    with transaction.atomic():
        order = Order.objects.lock().get(pk=payment.order_id)
        Payment.objects.filter(pk=payment.pk, status=Payment.Status.CREATING).update(
            status=Payment.Status.OPEN,
            stripe_session_id=session.id,
            stripe_intent_id=session.intent_id or None,
            checkout_url=session.url,
            expires_at=session.expires_at,
        )
        if order.status == Order.Status.PENDING:
            set_expiry(order.pk, session.expires_at + GRACE)
    return Payment.objects.get(pk=payment.pk)


def _return_url(order: Order) -> str:
    path = reverse("payments:return", args=[order.public_id, guest_signature(order)])
    return f"{settings.STORE_BASE_URL}{path}?session_id={{CHECKOUT_SESSION_ID}}"
