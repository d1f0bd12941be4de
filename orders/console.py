"""Staff pages of orders: the list, the order, sending it, holding it, and notes."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from core.http import paginate
from core.models import StoreSetting
from orders import holding
from orders.fulfilment import ship
from orders.models import Order
from orders.staff_forms import NoteForm, ReasonForm, ShipForm
from orders.staff_list import listed, neighbours
from orders.staff_list_page import OrderListPage, filter_form
from orders.staff_page import StaffOrderPage

ORDERS_PER_PAGE = 25
DETAIL = "orders:console_detail"


@staff("orders_view")
@never_cache
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """Show the orders, narrowed by tab, search and filters; every choice stands in the address."""
    form, wanted = filter_form(request)
    now, late_after = timezone.now(), _late_after()
    orders = listed(wanted, now=now, late_after=late_after)
    page = OrderListPage(request, wanted, paginate(request, orders, ORDERS_PER_PAGE), now=now, late_after=late_after)
    return render(request, "orders/console/list.html", {"form": form, "list": page, "page": page.page})


@staff("orders_view")
@never_cache
@require_safe
def order_detail(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show one order; the filter of the list it was reached from decides what comes before and after it."""
    order = get_object_or_404(Order.objects.select_related("customer"), pk=order_id)
    _form, wanted = filter_form(request)
    before, after = neighbours(order, wanted, now=timezone.now(), late_after=_late_after())
    context = {
        "page": StaffOrderPage(order, user_of(request)),
        "order": order,
        "before_url": _with_filter(request, before),
        "after_url": _with_filter(request, after),
        "list_url": reverse("orders:console_list", query=_filter_of(request)),
        "note_form": NoteForm(),
        "hold_form": ReasonForm(auto_id="hold-%s"),
    }
    return render(request, "orders/console/detail.html", context)


@staff("orders_manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def order_ship(request: HttpRequest, order_id: int) -> HttpResponse:
    """Record a parcel, with all that is left to send or with a part of it."""
    order = get_object_or_404(Order, pk=order_id)
    form = _ship_form(request, order)
    if request.method == "POST" and form.is_valid():
        try:
            order = _ship(request, order, form)
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            left = (
                "Nothing is left to send."
                if order.status == Order.Status.FULFILLED
                else "The rest is still to be sent."
            )
            messages.success(request, f"The parcel is recorded. {left}")
            return redirect(DETAIL, order_id=order.pk)
    status = 422 if form.errors else 200
    return render(request, "orders/console/ship.html", {"order": order, "form": form}, status=status)


def _ship_form(request: HttpRequest, order: Order) -> ShipForm:
    posted = request.POST if request.method == "POST" else None
    return ShipForm(posted, order=order, lines=list(order.lines.all()), parcels=order.fulfilments.count())


def _ship(request: HttpRequest, order: Order, form: ShipForm) -> Order:
    given = form.cleaned_data
    return ship(
        order.pk,
        lines=form.units,
        carrier=given["carrier"],
        tracking=given["tracking"],
        override_reason=given.get("override_reason", ""),
        parcels_seen=given["parcels"],
        actor=user_of(request),
    )


@staff("orders_manage")
@never_cache
@require_POST
def order_hold(request: HttpRequest, order_id: int) -> HttpResponse:
    """Keep an order from being sent."""
    return _act(request, order_id, holding.hold, "The order is on hold. It is not sent until somebody releases it.")


@staff("orders_manage")
@never_cache
@require_POST
def order_release(request: HttpRequest, order_id: int) -> HttpResponse:
    """Let a held order go on."""
    return _act(request, order_id, holding.release, "The order is released. It can be sent.")


@staff("orders_manage")
@never_cache
@require_POST
def order_note(request: HttpRequest, order_id: int) -> HttpResponse:
    """Keep a note about an order."""
    order = get_object_or_404(Order, pk=order_id)
    try:
        holding.add_note(order.pk, text=request.POST.get("text", ""), actor=user_of(request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "The note is kept. Customers never see it.")
    return redirect(DETAIL, order_id=order.pk)


def _act(request: HttpRequest, order_id: int, act: holding.Act, done: str) -> HttpResponse:
    order = get_object_or_404(Order, pk=order_id)
    try:
        act(order.pk, reason=request.POST.get("reason", ""), actor=user_of(request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done)
    return redirect(DETAIL, order_id=order.pk)


def _late_after() -> timedelta:
    return timedelta(hours=StoreSetting.current().ship_sla_hours)


def _filter_of(request: HttpRequest) -> QueryDict:
    kept = request.GET.copy()
    kept.pop("page", None)
    return kept


def _with_filter(request: HttpRequest, order_id: int | None) -> str:
    return reverse(DETAIL, args=[order_id], query=_filter_of(request)) if order_id else ""
