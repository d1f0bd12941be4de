"""Staff pages of returns: the list, one return with the next step, and asking for a shopper."""

import secrets

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from core.http import paginate
from orders.models import Order, Return
from orders.return_forms import DecisionForm, ReceiveForm, ReturnFilterForm, ReturnForm
from orders.return_page import StaffReturnPage, listed
from orders.returnable import return_until, returnable_units
from orders.returns import decide_return, made_before, receive_return, request_return

RETURNS_PER_PAGE = 25
RETURN = "orders:console_return"
DECIDED = {
    Return.Status.APPROVED: "Return {} is approved. The shopper is told how to send it.",
    Return.Status.REJECTED: "Return {} is rejected, and the shopper is told why.",
}


@staff("returns_manage")
@never_cache
@require_safe
def return_list(request: HttpRequest) -> HttpResponse:
    """Show the returns; without a filter those that are open, the oldest first."""
    form = ReturnFilterForm(request.GET)
    form.is_valid()
    asked = form.usable()
    page = paginate(request, listed(**asked), RETURNS_PER_PAGE)
    context = {"form": form, "page": page, "is_narrowed": bool(asked)}
    return render(request, "orders/console/returns.html", context)


@staff("returns_manage")
@never_cache
@require_safe
def return_detail(request: HttpRequest, return_id: int) -> HttpResponse:
    """Show one return, and the step that comes next."""
    row = get_object_or_404(_returns(), pk=return_id)
    return _return_page(request, StaffReturnPage(row, user_of(request)))


@staff("returns_manage")
@never_cache
@require_POST
def return_decide(request: HttpRequest, return_id: int) -> HttpResponse:
    """Approve a return, or reject it with an answer."""
    row = get_object_or_404(_returns(), pk=return_id)
    form = DecisionForm(request.POST)
    if form.is_valid():
        try:
            row = decide_return(row.pk, **form.cleaned_data, actor=user_of(request))
        except DomainError as refusal:
            form.add_error("answer", refusal.message)
        else:
            messages.success(request, DECIDED[Return.Status(row.status)].format(row.number))
            return redirect(RETURN, return_id=row.pk)
    return _return_page(request, StaffReturnPage(row, user_of(request), decision=form))


@staff("returns_manage")
@never_cache
@require_POST
def return_receive(request: HttpRequest, return_id: int) -> HttpResponse:
    """Record what was in the parcel, and what of it goes on the shelf again."""
    row = get_object_or_404(_returns(), pk=return_id)
    lines = StaffReturnPage(row, user_of(request)).lines
    form = ReceiveForm(request.POST, lines=lines, on_shelf=False)
    if form.is_valid():
        try:
            came, shelved = form.units("came"), form.units("shelf")
            row = receive_return(row.pk, came=came, shelved=shelved, actor=user_of(request))
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"Return {row.number} is received. Its money can be given back now.")
            return redirect(RETURN, return_id=row.pk)
    return _return_page(request, StaffReturnPage(row, user_of(request), receipt=form))


@staff("returns_manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def return_create(request: HttpRequest, order_id: int) -> HttpResponse:
    """Ask for a return on behalf of a shopper; it is approved in the same act."""
    order = get_object_or_404(Order, pk=order_id)
    if (made := made_before(order, request.POST.get("request_key", ""))) is not None:
        return redirect(RETURN, return_id=made.pk)
    form = _return_form(request, order)
    if request.method == "POST" and form.is_valid():
        try:
            row = request_return(order.pk, **form.wish, actor=user_of(request))
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, DECIDED[Return.Status.APPROVED].format(row.number))
            return redirect(RETURN, return_id=row.pk)
    context = {"order": order, "form": form, "until": return_until(order)}
    return render(request, "orders/console/return_new.html", context, status=422 if form.errors else 200)


def _return_form(request: HttpRequest, order: Order) -> ReturnForm:
    lines = list(order.lines.all())
    posted = request.POST if request.method == "POST" else None
    left = returnable_units(order, lines)
    return ReturnForm(posted, lines=lines, left=left, request_key=secrets.token_urlsafe(16))


def _return_page(request: HttpRequest, page: StaffReturnPage) -> HttpResponse:
    is_wrong = bool(page.decision.errors or page.receipt.errors)
    context = {"page": page, "row": page.row, "order": page.row.order}
    return render(request, "orders/console/return.html", context, status=422 if is_wrong else 200)


def _returns() -> QuerySet[Return]:
    return Return.objects.select_related("order__customer")
