"""Order pages: the owner's list, and an order for its owner or by its signed address."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.access import public, signed_in
from core.http import paginate
from orders.links import is_signed_for
from orders.models import Order
from orders.order_page import OrderPage

ORDERS_PER_PAGE = 20


@signed_in
@never_cache
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """Everything that the customer who is signed in has ordered, newest first."""
    orders = Order.objects.owned_by(request.user)  # type: ignore[arg-type]
    page = paginate(request, orders, per_page=ORDERS_PER_PAGE)
    return render(request, "orders/list.html", {"page": page, "meta": {"title": "Your orders", "robots": "noindex"}})


@signed_in
@never_cache
@require_safe
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """An order for its owner; anybody else's does not exist."""
    return _order_page(request, owned_order(request, public_id), is_guest=False)


@public
@never_cache
@require_safe
def guest(request: HttpRequest, public_id: str, signature: str) -> HttpResponse:
    """An order for whoever holds its signed address."""
    return _order_page(request, signed_order(public_id, signature), is_guest=True)


def owned_order(request: HttpRequest, public_id: str) -> Order:
    """Return an order of whoever is signed in. Raises Http404 for anybody else's."""
    return get_object_or_404(Order.objects.owned_by(request.user), public_id=public_id)  # type: ignore[arg-type]


def signed_order(public_id: str, signature: str) -> Order:
    """Return the order that a signature opens. Raises Http404 for any other."""
    if not is_signed_for(public_id, signature):
        raise Http404("the signature is not this order's")
    return get_object_or_404(Order, public_id=public_id)


def _order_page(request: HttpRequest, order: Order, *, is_guest: bool) -> HttpResponse:
    page = OrderPage(order, is_guest=is_guest)
    meta = {"title": f"Order {order.number}", "robots": "noindex"}
    return render(request, "orders/detail.html", {"page": page, "order": order, "meta": meta})
