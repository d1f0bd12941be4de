"""Staff pages of payments: refunds with a preview, canceling, and asking Stripe."""

import secrets
from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from orders.models import Order
from payments.errors import GatewayError
from payments.models import Refund
from payments.refunding import RefundChoice, plan_refund, request_refund
from payments.replaying import send_again
from payments.staff_forms import ConfirmForm, RefundForm
from payments.staff_page import CancelPage, RefundPage, refund_outcome
from payments.syncing import sync_order

DETAIL = "orders:console_detail"
NO_ANSWER = "Stripe cannot be reached just now. Nothing has changed; try again in a minute."


@staff("refunds_make")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, order_id: int) -> HttpResponse:
    """Ask what is to be given back, then show what that would be; nothing is promised yet."""
    order = get_object_or_404(Order.objects.select_related("customer"), pk=order_id)
    form = _refund_form(request, order)
    if request.method != "POST" or "edit" in request.POST or not form.is_valid():
        return _refund_page(request, order, form)
    try:
        plan = plan_refund(order.pk, form.choice)
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return _refund_page(request, order, form)
    confirm = ConfirmForm(initial={"request_key": secrets.token_urlsafe(16), "expected_minor": plan.amount_minor})
    context = {"order": order, "form": form, "confirm": confirm, "plan": plan, "page": RefundPage(order, plan)}
    return render(request, "payments/console/refund_preview.html", context)


@staff("refunds_make")
@never_cache
@require_POST
def refund_confirm(request: HttpRequest, order_id: int) -> HttpResponse:
    """Promise what the preview showed and ask Stripe for it. The key of the preview makes it happen once."""
    order = get_object_or_404(Order.objects.select_related("customer"), pk=order_id)
    confirm = ConfirmForm(request.POST)
    made = _made_before(order, confirm) if confirm.is_valid() else None
    form = _refund_form(request, order)
    if made is None and form.is_valid():
        try:
            made = _request(request, order, form.choice, confirm)
        except DomainError as refusal:
            form.add_error(None, refusal.message)
    if made is None:
        return _refund_page(request, order, form)
    messages.add_message(request, *refund_outcome(made))
    return redirect(DETAIL, order_id=order.pk)


def _made_before(order: Order, confirm: ConfirmForm) -> Refund | None:
    return Refund.objects.filter(payment__order=order, request_key=confirm.key_for(order)).first()


def _request(request: HttpRequest, order: Order, choice: RefundChoice, confirm: ConfirmForm) -> Refund:
    if not confirm.is_valid():
        raise DomainError("Look over the refund once more and confirm it then.")
    choice = replace(choice, expected_minor=confirm.cleaned_data["expected_minor"])
    return request_refund(order.pk, choice=choice, actor=user_of(request), request_key=confirm.key_for(order))


def _refund_form(request: HttpRequest, order: Order) -> RefundForm:
    posted = request.POST if request.method == "POST" else None
    return RefundForm(posted, order=order, lines=list(order.lines.all()))


def _refund_page(request: HttpRequest, order: Order, form: RefundForm) -> HttpResponse:
    context = {"order": order, "form": form, "page": RefundPage(order)}
    status = 422 if form.is_bound and form.errors and "edit" not in request.POST else 200
    return render(request, "payments/console/refund.html", context, status=status)


@staff("refunds_make")
@never_cache
@require_POST
def refund_retry(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Send a refund on its way whose sending was cut short."""
    waiting = get_object_or_404(Refund.objects.select_related("payment"), pk=refund_id)
    try:
        tone, text = refund_outcome(send_again(waiting.pk, actor=user_of(request)))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.add_message(request, tone, text)
    return redirect(DETAIL, order_id=waiting.payment.order_id)


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
