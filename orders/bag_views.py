"""The bag's page, and every change to it: a POST that answers with the bag again."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.access import public
from core.errors import DomainError
from core.http import safe_next
from orders import bag as bags
from orders.bag_page import BagPage, removed_line
from orders.models import Cart, CartLine

USABLE_ID = re.compile(r"[0-9]{1,15}\Z")


@public
@never_cache
@require_safe
def bag(request: HttpRequest) -> HttpResponse:
    """The bag with what has changed, an estimate of delivery and VAT, and the way to checkout."""
    cart = bags.bag_for(request)
    page = BagPage(cart, request.GET.get("country", "")) if cart is not None else None
    context = {
        "page": page if page and page.priced.lines else None,
        "undo": removed_line(request.GET.get("removed", ""), request.GET.get("quantity", "")),
        "meta": {"title": "Your bag", "robots": "noindex"},
    }
    return render(request, "orders/bag.html", context)


@public
@require_POST
def bag_add(request: HttpRequest) -> HttpResponse:
    """Put units of a variant into the bag, which is made by the first one."""
    try:
        variant_id, quantity = _variant(request), bags.parse_quantity(request.POST.get("quantity", "1"))
        cart = bags.open_bag(request)
        line = bags.add_to_bag(cart.pk, variant_id=variant_id, quantity=quantity)
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return HttpResponseRedirect(safe_next(request, reverse("orders:bag")))
    messages.success(request, f"{line.variant.product.name} is in your bag.")
    return bags.remember(redirect("orders:bag"), cart, request)


@public
@require_POST
def bag_update(request: HttpRequest) -> HttpResponse:
    """Make a line hold another quantity."""

    def update(cart: Cart) -> None:
        quantity = bags.parse_quantity(request.POST.get("quantity", ""))
        bags.set_quantity(cart.pk, variant_id=_variant(request), quantity=quantity)

    return _change(request, update)


@public
@require_POST
def bag_remove(request: HttpRequest) -> HttpResponse:
    """Take a line out; the page that follows offers to put it back."""
    cart = bags.bag_for(request)
    try:
        variant_id = _variant(request)
        quantity = bags.remove_from_bag(cart.pk, variant_id=variant_id) if cart else 0
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return redirect("orders:bag")
    query = urlencode({"removed": variant_id, "quantity": quantity}) if quantity else ""
    return HttpResponseRedirect(reverse("orders:bag") + (f"?{query}" if query else ""))


@public
@require_POST
def bag_undo(request: HttpRequest) -> HttpResponse:
    """Put a line back as it was before it was removed."""

    def put_back(cart: Cart) -> CartLine:
        quantity = bags.parse_quantity(request.POST.get("quantity", ""))
        return bags.set_quantity(cart.pk, variant_id=_variant(request), quantity=quantity)

    return _change(request, put_back)


@public
@require_POST
def code_apply(request: HttpRequest) -> HttpResponse:
    """Keep a discount code with the bag, or say why it does not apply."""
    return _change(request, lambda cart: bags.apply_code(cart.pk, text=request.POST.get("code", "")))


@public
@require_POST
def code_remove(request: HttpRequest) -> HttpResponse:
    """Take the discount code off."""
    return _change(request, lambda cart: bags.remove_code(cart.pk))


def _change(request: HttpRequest, act: Callable[[Cart], Any]) -> HttpResponse:
    """Do one thing to the visitor's bag and show the bag; a refusal is a sentence above it, and the rest survives."""
    cart = bags.bag_for(request)
    if cart is None:
        messages.info(request, "Your bag is empty.")
        return redirect("orders:bag")
    try:
        act(cart)
    except DomainError as refusal:
        messages.error(request, refusal.message)
    return redirect("orders:bag")


def _variant(request: HttpRequest) -> int:
    wanted = request.POST.get("variant", "")
    if not USABLE_ID.match(wanted):
        raise DomainError("Choose a product first.")
    return int(wanted)
