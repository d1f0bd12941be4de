"""The pages of the shop: home, listing, category, search, product."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from core.access import public
from core.http import page_number
from core.models import StoreSetting
from products import controls, seo
from products.controls import Place
from products.forms import ShelfForm
from products.models import Category, Product
from products.selectors import all_categories, front_cards, menu, newest_cards, product_page
from products.shelves import shelf

SHOP_LEDE = "Calm formulas, every ingredient in plain sight."
# The pages show the bag, so no cache may hand one visitor's page to another.
personal = cache_control(private=True, no_cache=True)


@public
@require_safe
@personal
def home(request: HttpRequest) -> HttpResponse:
    """The front page: one photograph, the best sellers, three concerns."""
    heading, cards = front_cards(8)
    concerns = [
        ("concern-sensitive", Product.Concern.SENSITIVE, "Short formulas that leave out what often irritates."),
        ("concern-dry", Product.Concern.DRY, "Water put into the skin, and kept there."),
        ("concern-barrier", Product.Concern.BARRIER, "Ceramides and lipids for skin that feels worn."),
    ]
    return render(
        request,
        "products/home.html",
        {"meta": seo.home_meta(), "heading": heading, "cards": cards, "concerns": concerns},
    )


@public
@require_safe
@personal
def listing(request: HttpRequest) -> HttpResponse:
    """Everything on sale, to narrow and to sort."""
    path = reverse("products:listing")
    return _shelf(request, Place(path=path, action=path), all_categories(), title="Shop all", lede=SHOP_LEDE)


@public
@require_safe
@personal
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """One category with its children."""
    categories = all_categories()
    here = next((one for one in categories if one.slug == slug), None)
    if here is None:
        return _not_found(request, title="There is no such shelf", categories=categories)
    place = Place(path=here.get_absolute_url(), action=reverse("products:listing"), category=slug)
    return _shelf(request, place, categories, title=here.name, lede=here.description)


@public
@require_safe
@personal
def search(request: HttpRequest) -> HttpResponse:
    """What holds every word of the query."""
    path = reverse("products:search")
    form = ShelfForm(request.GET, categories=[])
    query = form.query()
    place = Place(path=path, action=path, query=query, is_search=True)
    title = f"Results for “{query}”" if query else "Search"
    return _shelf(request, place, all_categories(), title=title, lede="")


@public
@require_safe
@personal
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One product with its variants; what is not on sale is answered with suggestions."""
    store_settings = StoreSetting.current()
    page = product_page(slug, low_stock=store_settings.low_stock_threshold)
    if page is None:
        return _not_found(request, title=_farewell(slug), categories=all_categories())
    crumbs = seo.product_crumbs(page.product)
    context = {
        "meta": seo.product_meta(page, crumbs),
        "crumbs": crumbs,
        "page": page,
        "product": page.product,
        "concerns": controls.concern_links(page.product),
        "options": controls.variant_options(page),
        "store_settings": store_settings,
    }
    return render(request, "products/detail.html", context)


def _shelf(request: HttpRequest, place: Place, categories: list[Category], *, title: str, lede: str) -> HttpResponse:
    form = ShelfForm(request.GET, categories=categories)
    filters = form.filters(searching=place.is_search, shelf=place.category)
    found = shelf(filters, categories, number=page_number(request))
    chips = controls.chips(filters, place, categories)
    crumbs = _crumbs(place, title)
    context: dict[str, Any] = {
        "title": title,
        "lede": lede,
        "place": place,
        "form": form,
        "shelf": found,
        "facets": controls.facets(filters, found.counts, categories),
        "chips": chips,
        "clear_url": controls.address(filters.cleared(), place),
        "orders": controls.orders(filters, place),
        "keep": controls.kept(filters, place),
        "crumbs": crumbs,
        "suggestions": [] if found.cards else newest_cards(4),
        "nav_categories": menu(categories, request.path),
        "search_query": place.query,
        "meta": seo.shelf_meta(
            title=title,
            description=lede or seo.HOME_DESCRIPTION,
            path=place.path,
            page=found.page.number,
            crumbs=crumbs,
            is_narrowed=bool(request.GET.keys() - {"page"}) or place.is_search,
        ),
    }
    return render(request, "products/listing.html", context)


def _crumbs(place: Place, title: str) -> list[dict[str, str]]:
    crumbs = [{"name": "Home", "url": reverse("products:home")}]
    if place.category or place.is_search:
        crumbs.append({"name": "Shop", "url": reverse("products:listing")})
    return [*crumbs, {"name": title, "url": place.path}]


def _farewell(slug: str) -> str:
    gone = Product.objects.filter(slug=slug, status=Product.Status.ARCHIVED).first()
    return f"{gone.name} is no longer sold" if gone else "We cannot find this product"


def _not_found(request: HttpRequest, *, title: str, categories: list[Category]) -> HttpResponse:
    context = {
        "title": title,
        "cards": newest_cards(4),
        "nav_categories": menu(categories, request.path),
        "meta": {"title": title, "robots": "noindex"},
    }
    return render(request, "products/not_found.html", context, status=404)
