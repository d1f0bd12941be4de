"""Staff pages of payments: canceling, and asking Stripe."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from orders.models import Order
from payments.cancel_page import CancelPage
from payments.errors import GatewayError
from payments.syncing import sync_order

DETAIL = "orders:console_detail"
NO_ANSWER = "Stripe cannot be reached just now. Nothing has changed; try again in a minute."


@staff("orders_manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, order_id: int) -> HttpResponse:
    """Cancel an order: an unpaid one at Stripe first, a paid one by giving all of its money back."""
    order = get_object_or_404(Order.objects.select_related("customer"), pk=order_id)
    page = CancelPage(order, user_of(request), request.POST if request.method == "POST" else None)
    if request.method == "POST" and page.is_valid():
        try:
            done = page.cancel()
        except DomainError as refusal:
            page.form.add_error(None, refusal.message)
        except GatewayError:
            page.form.add_error(None, NO_ANSWER)
        else:
            messages.add_message(request, *done)
            return redirect(DETAIL, order_id=order.pk)
    status = 422 if page.form.errors else 200
    return render(request, "payments/console/cancel.html", {"order": order, "page": page}, status=status)


@staff("orders_manage")
@never_cache
@require_POST
def ask_stripe(request: HttpRequest, order_id: int) -> HttpResponse:
    """Ask Stripe what became of an order's payments, now."""
    order = get_object_or_404(Order, pk=order_id)
    try:
        asked = sync_order(order.pk, actor=user_of(request))
    except GatewayError:
        messages.error(request, NO_ANSWER)
    else:
        answer = "Stripe was asked; the order shows what it said." if asked else "This order has no payment at Stripe."
        messages.info(request, answer)
    return redirect(DETAIL, order_id=order.pk)
