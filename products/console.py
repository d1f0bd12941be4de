"""Staff pages of stock and the catalogue."""

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from core.http import paginate
from core.models import StoreSetting
from products import stock, tracking
from products.models import Product, StockItem, StockMovement, Variant
from products.movement_sources import Source, sources_of
from products.prices import set_price
from products.publishing import set_status
from products.staff_forms import RECEIVED, MovementForm, PriceForm, ProductFilterForm, StatusForm, StockFilterForm
from products.staff_list import catalogue, stock_items

SOURCE = "console"
ROWS = 50
SHOWN_MOVEMENTS = 25
STOCK_ITEM = "products:console_stock_item"


@staff("stock_manage")
@never_cache
@require_safe
def stock_list(request: HttpRequest) -> HttpResponse:
    """Show what is on hand, reserved and available, what runs out first at the top."""
    form = StockFilterForm(request.GET)
    form.is_valid()
    low_at = StoreSetting.current().low_stock_threshold
    page = paginate(request, stock_items(**form.usable(), low_at=low_at), ROWS)
    for item in page:
        item.condition = _condition(item, low_at)
    context = {"form": form, "page": page, "low_at": low_at, "is_narrowed": bool(form.usable())}
    return render(request, "products/console/stock.html", context)


@staff("stock_manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stock_item(request: HttpRequest, variant_id: int) -> HttpResponse:
    """Show a variant's count and its movements; receive goods and correct the count, with a reason."""
    variant = get_object_or_404(Variant.objects.select_related("product"), pk=variant_id)
    form = MovementForm(request.POST if request.method == "POST" else None, initial={"key": secrets.token_urlsafe(16)})
    if request.method == "POST" and form.is_valid():
        try:
            moved = _move(variant, form, user_of(request))
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"The count of {variant.sku} changed by {moved.delta:+,d}.")
            return redirect(STOCK_ITEM, variant_id=variant.pk)
    item = StockItem.objects.filter(variant=variant).first()
    movements = StockMovement.objects.filter(stock_item__variant=variant).order_by("-at", "-pk")
    page = paginate(request, movements, SHOWN_MOVEMENTS)
    condition = _condition(item, StoreSetting.current().low_stock_threshold) if item else ""
    context = {
        "variant": variant,
        "item": item,
        "condition": condition,
        "rows": _rows(variant, list(page)),
        "page": page,
        "form": form,
    }
    return render(request, "products/console/stock_item.html", context, status=422 if form.errors else 200)


def _rows(variant: Variant, movements: list[StockMovement]) -> list[tuple[StockMovement, Source, User | None]]:
    people = User.objects.in_bulk([row.actor_id for row in movements if row.actor_id])
    sources = sources_of(variant, movements)
    return [(row, sources[row.pk], people.get(row.actor_id or 0)) for row in movements]


@staff("stock_manage")
@never_cache
@require_POST
def stock_tracking(request: HttpRequest, variant_id: int) -> HttpResponse:
    """Begin to count a variant, or count it no more."""
    variant = get_object_or_404(Variant, pk=variant_id)
    begins = request.POST.get("count") == "on"
    act = tracking.start_tracking if begins else tracking.stop_tracking
    try:
        act(variant.pk, actor=user_of(request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        after = "is counted from now on." if begins else "is not counted any more, and is always available."
        messages.success(request, f"{variant.sku} {after}")
    return redirect(STOCK_ITEM, variant_id=variant.pk)


def _move(variant: Variant, form: MovementForm, actor: User) -> StockMovement:
    given = form.cleaned_data
    common: dict[str, Any] = {
        "reason": given["reason"],
        "source_type": SOURCE,
        "source_id": given["key"],
        "actor": actor,
    }
    if given["kind"] == RECEIVED:
        return stock.receive(variant.pk, quantity=given["units"], **common)
    return stock.adjust(variant.pk, delta=form.delta, kind=StockMovement.Kind(given["kind"]), **common)


def _condition(item: StockItem, low_at: int) -> str:
    """Return a value of the kind `stock` of `core/statuses.py`; empty where nobody counts."""
    if not item.tracked:
        return ""
    if item.available <= 0:
        return "out"
    if item.on_hand - item.reserved <= 0:
        return "backorder"
    return "low" if item.available <= low_at else "in"


@staff("catalogue_manage")
@never_cache
@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    """Show the catalogue by name."""
    form = ProductFilterForm(request.GET)
    form.is_valid()
    page = paginate(request, catalogue(**form.usable()), ROWS)
    context = {"form": form, "page": page, "is_narrowed": bool(form.usable())}
    return render(request, "products/console/products.html", context)


@staff("catalogue_manage")
@never_cache
@require_safe
def product_detail(request: HttpRequest, product_id: int) -> HttpResponse:
    """Show a product with its variants, to change its status and their prices."""
    product = get_object_or_404(Product.objects.select_related("category"), pk=product_id)
    context = {
        "product": product,
        "form": StatusForm(initial={"status": product.status}),
        "variants": [(variant, PriceForm(variant=variant)) for variant in product.variants.select_related("stock")],
    }
    return render(request, "products/console/product.html", context)


@staff("catalogue_manage")
@never_cache
@require_POST
def product_status(request: HttpRequest, product_id: int) -> HttpResponse:
    """Put a product on sale or take it off."""
    product = get_object_or_404(Product, pk=product_id)
    try:
        product = set_status(product.pk, request.POST.get("status", ""), actor=user_of(request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{product.name} is now {product.get_status_display().lower()}.")
    return redirect("products:console_product", product_id=product.pk)


@staff("catalogue_manage")
@never_cache
@require_POST
def variant_price(request: HttpRequest, variant_id: int) -> HttpResponse:
    """Give a variant another price."""
    variant = get_object_or_404(Variant, pk=variant_id)
    form = PriceForm(request.POST, variant=variant)
    if form.is_valid():
        try:
            set_price(variant.pk, new_minor=form.cleaned_data["price"], actor=user_of(request))
        except DomainError as refusal:
            form.add_error("price", refusal.message)
    if form.errors:
        messages.error(request, str(form.errors["price"][0]))
    else:
        messages.success(request, f"The price of {variant.sku} is saved.")
    return redirect("products:console_product", product_id=variant.product_id)
