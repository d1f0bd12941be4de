"""The wishlist's page, and the two changes to it: POSTs that lead back to where the heart was pressed."""

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.customers import join
from accounts.models import Customer
from accounts.selectors import user_of
from core.access import public, signed_in
from core.errors import DomainError
from core.http import paginate, safe_next
from core.models import StoreSetting
from products.models import Product
from wishlist import services
from wishlist.models import Wish
from wishlist.selectors import shown
from wishlist.sign_in import remember

PER_PAGE = 24
USABLE_ID = re.compile(r"[0-9]{1,15}\Z")
WISHLIST = "wishlist:list"


@signed_in
@never_cache
@require_safe
def wishlist(request: HttpRequest) -> HttpResponse:
    """What the shopper keeps for later, the latest first."""
    wishes = Wish.objects.filter(customer__user=user_of(request)).select_related("product")
    page = paginate(request, wishes, PER_PAGE)
    store_settings = StoreSetting.current()
    context = {
        "page": page,
        "rows": shown(list(page.object_list), low_stock=store_settings.low_stock_threshold),
        "undo": _removed(request.GET.get("removed", "")),
        "store_settings": store_settings,
        "meta": {"title": "Your wishlist", "robots": "noindex"},
    }
    return render(request, "wishlist/wishlist.html", context)


@public
@require_POST
def wish(request: HttpRequest) -> HttpResponse:
    """Put a product on the wishlist; a visitor signs in first, and their wish is kept until then."""
    back = safe_next(request, reverse("products:listing"))
    try:
        product_id = _number(request, "product")
        variant_id = _number(request, "variant") if request.POST.get("variant") else None
        if not request.user.is_authenticated:
            return _sign_in_first(request, product_id, back)
        made = services.wish(_customer(request).pk, product_id=product_id, variant_id=variant_id)
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return HttpResponseRedirect(back)
    messages.success(request, f"{made.product.name} is on your wishlist.")
    return HttpResponseRedirect(back)


@signed_in
@require_POST
def unwish(request: HttpRequest) -> HttpResponse:
    """Take a product off the wishlist; on its own page, the page that follows offers to put it back."""
    back = safe_next(request, "")
    try:
        ended = services.unwish(_customer(request).pk, product_id=_number(request, "product"))
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return HttpResponseRedirect(back or reverse(WISHLIST))
    if back:
        if ended is not None:
            messages.success(request, f"{ended.product.name} is off your wishlist.")
        return HttpResponseRedirect(back)
    query = f"?{urlencode({'removed': ended.product_id})}" if ended is not None else ""
    return HttpResponseRedirect(reverse(WISHLIST) + query)


def _sign_in_first(request: HttpRequest, product_id: int, back: str) -> HttpResponse:
    product = Product.objects.listed().filter(pk=product_id).first()
    if product is None:
        raise DomainError("That product is no longer sold.")
    remember(request, product_id)
    messages.info(request, f"Sign in, and {product.name} is on your wishlist.")
    return redirect(f"{reverse('account_login')}?{urlencode({'next': back})}")


def _customer(request: HttpRequest) -> Customer:
    customer = join(user_of(request))
    if customer is None:
        raise DomainError("Confirm your e-mail address first; then you can keep a wishlist.")
    return customer


def _removed(wanted: str) -> dict[str, object] | None:
    """Return the offer to put back what was just taken off, if it still can be."""
    product = Product.objects.listed().filter(pk=int(wanted)).first() if USABLE_ID.match(wanted) else None
    if product is None:
        return None
    fields = [{"name": "product", "value": product.pk}, {"name": "next", "value": reverse(WISHLIST)}]
    return {"text": f"{product.name} is off your wishlist.", "url": reverse("wishlist:wish"), "fields": fields}


def _number(request: HttpRequest, name: str) -> int:
    wanted = request.POST.get(name, "")
    if not USABLE_ID.match(wanted):
        raise DomainError("Choose a product first.")
    return int(wanted)
