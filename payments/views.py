"""Checkout, the way back from the payment page, and the door for Stripe's events."""

import structlog
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import public
from core.errors import DomainError, NotAllowedInState
from orders.links import guest_path, is_signed_for
from orders.models import Order
from orders.transitions import By
from payments.checkout_page import CheckoutPage, open_page, order_in_the_way
from payments.closing import cancel_order_unpaid
from payments.errors import BadSignature, GatewayError
from payments.inbox import MOST_BYTES, receive
from payments.models import Payment
from payments.starting import start_payment
from payments.sync import sync_payment

log = structlog.get_logger("purelaka.payments")
NOT_NOW = "The payment service does not answer just now. Nothing has changed; please try again in a minute."


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponseBase:
    """Show the one-page checkout; on Pay, place the order and send the shopper to where it is paid."""
    waiting = order_in_the_way(request)
    if waiting is not None:
        messages.info(request, f"Order {waiting.number} holds these products for you and waits for its payment.")
        return redirect(guest_path(waiting))
    page = open_page(request)
    if page is None:
        messages.info(request, "Your bag is empty, so there is nothing to check out yet.")
        return redirect("orders:bag")
    if request.POST.get("action") == "pay":
        order = page.place()
        if order is not None:
            return _to_payment(request, order)
    return _show(request, page)


def _show(request: HttpRequest, page: CheckoutPage) -> TemplateResponse:
    status = 422 if page.is_refused else 200
    return TemplateResponse(request, "payments/checkout.html", {"page": page, "form": page.form}, status=status)


@public
@never_cache
@require_POST
def retry(request: HttpRequest, public_id: str, signature: str) -> HttpResponseBase:
    """Send the shopper to the payment page of a pending order once more."""
    return _to_payment(request, _order(public_id, signature))


@public
@never_cache
@require_POST
def cancel(request: HttpRequest, public_id: str, signature: str) -> HttpResponseBase:
    """Give up an unpaid order and go back to the bag, which still holds its products."""
    order = _order(public_id, signature)
    try:
        cancel_order_unpaid(order.pk, reason="shopper", by=By.SHOPPER)
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return redirect(guest_path(order))
    except GatewayError:
        messages.error(request, NOT_NOW)
        return redirect(guest_path(order))
    messages.success(request, f"Order {order.number} is canceled. Nothing was charged; your bag is as you left it.")
    return redirect("orders:bag")


@public
@never_cache
@require_safe
def payment_return(request: HttpRequest, public_id: str, signature: str) -> HttpResponseBase:
    """Where Stripe sends the shopper back to. Trusts nothing in the address: it only asks Stripe what happened.

    The one GET that may change something: `sync_payment` is safe to repeat.
    """
    order = _order(public_id, signature)
    payment = Payment.objects.filter(order=order, stripe_session_id=request.GET.get("session_id", "")[:255]).first()
    if payment is None:
        raise Http404("no such payment of this order")
    try:
        sync_payment(payment.pk)
    except GatewayError as error:
        log.warning("return_without_answer", payment=payment.pk, code=error.code)
    return redirect(guest_path(order))


@csrf_exempt
@public
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Take one event of Stripe's: verified, stored once, answered; what it means is worked out afterwards."""
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return HttpResponse("The event is larger than 1 MiB.", status=413, content_type="text/plain")
    body = request.body
    if len(body) > MOST_BYTES:
        return HttpResponse("The event is larger than 1 MiB.", status=413, content_type="text/plain")
    try:
        receive(body, request.headers.get("Stripe-Signature", ""))
    except BadSignature as error:
        log.warning("webhook_refused", reason=str(error))
        return HttpResponse("The signature does not hold.", status=400, content_type="text/plain")
    except ValueError:
        return HttpResponse("This is not an event.", status=400, content_type="text/plain")
    return HttpResponse("", status=200, content_type="text/plain")


def _order(public_id: str, signature: str) -> Order:
    if not is_signed_for(public_id, signature):
        raise Http404("the signature is not this order's")
    order = Order.objects.filter(public_id=public_id).first()
    if order is None:
        raise Http404("no such order")
    return order


def _to_payment(request: HttpRequest, order: Order) -> HttpResponseBase:
    try:
        payment = start_payment(order.pk)
    except NotAllowedInState as refusal:
        messages.info(request, refusal.message)
        return redirect(guest_path(order))
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return redirect(guest_path(order))
    except GatewayError:
        messages.error(request, NOT_NOW)
        return redirect(guest_path(order))
    if payment.status == Payment.Status.SUCCEEDED:
        return redirect(guest_path(order))
    return HttpResponseRedirect(payment.checkout_url, status=303)
