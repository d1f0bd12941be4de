"""Staff pages that give money back: what is asked for, its preview, and the confirmation."""

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
from payments.failed_refunds import give_surplus_back
from payments.models import Payment, Refund
from payments.refund_limits import approval_needed
from payments.refunding import RefundChoice, plan_refund, request_refund
from payments.replaying import send_again
from payments.staff_forms import ConfirmForm, RefundForm
from payments.staff_page import RefundPage, refund_outcome

DETAIL = "orders:console_detail"


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
    waits = approval_needed(order, plan.amount_minor, actor=user_of(request))
    context = {"order": order, "form": form, "confirm": confirm, "plan": plan, "page": RefundPage(order, plan, waits)}
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
    is_elsewhere = Payment.objects.applied().filter(order=order, tender=Payment.Tender.IMPORTED).exists()
    return RefundForm(posted, order=order, lines=list(order.lines.all()), is_elsewhere=is_elsewhere)


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


@staff("refunds_make")
@never_cache
@require_POST
def surplus_give_back(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Send a payment back that its order did not need."""
    payment = get_object_or_404(Payment, pk=payment_id)
    try:
        tone, text = refund_outcome(give_surplus_back(payment.pk, actor=user_of(request)))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.add_message(request, tone, text)
    return redirect(DETAIL, order_id=payment.order_id)
