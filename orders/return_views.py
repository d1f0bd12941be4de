"""A shopper's pages of a return: asking for it, and taking it back; for the owner or by the order's signed address."""

import secrets

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.access import public, signed_in
from core.errors import DomainError
from orders.models import Order, Return
from orders.return_forms import ReturnForm
from orders.return_page import ShopperReturns
from orders.returns import made_before, request_return, withdraw_return
from orders.views import owned_order, signed_order


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def return_request(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask to send back units of an order of one's own."""
    return _ask(request, owned_order(request, public_id), is_guest=False)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guest_return_request(request: HttpRequest, public_id: str, signature: str) -> HttpResponse:
    """Ask to send back units of an order whose signed address one holds."""
    return _ask(request, signed_order(public_id, signature), is_guest=True)


@signed_in
@never_cache
@require_POST
def return_withdraw(request: HttpRequest, public_id: str, return_id: int) -> HttpResponse:
    """Take back a return of an order of one's own."""
    return _withdraw(request, owned_order(request, public_id), return_id, is_guest=False)


@public
@never_cache
@require_POST
def guest_return_withdraw(request: HttpRequest, public_id: str, signature: str, return_id: int) -> HttpResponse:
    """Take back a return of an order whose signed address one holds."""
    return _withdraw(request, signed_order(public_id, signature), return_id, is_guest=True)


def _ask(request: HttpRequest, order: Order, *, is_guest: bool) -> HttpResponse:
    page = ShopperReturns(order, is_guest=is_guest)
    posted = request.POST if request.method == "POST" else None
    form = ReturnForm(posted, lines=page.lines, left=page.left, request_key=secrets.token_urlsafe(16))
    if made_before(order, request.POST.get("request_key", "")) is not None:
        return redirect(page.order_url)
    if posted is not None and form.is_valid():
        try:
            row = request_return(order.pk, **form.wish)
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"Return {row.number} is requested. We have written to you how it goes on.")
            return redirect(page.order_url)
    meta = {"title": f"Return part of order {order.number}", "robots": "noindex"}
    context = {"order": order, "page": page, "form": form, "meta": meta}
    return render(request, "orders/return_request.html", context, status=422 if form.errors else 200)


def _withdraw(request: HttpRequest, order: Order, return_id: int, *, is_guest: bool) -> HttpResponse:
    try:
        row = withdraw_return(return_id, order=order)
    except Return.DoesNotExist as missing:
        raise Http404("this order has no such return") from missing
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"Return {row.number} is withdrawn. You keep the goods, and nothing changes.")
    return redirect(ShopperReturns(order, is_guest=is_guest).order_url)
