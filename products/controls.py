"""The links and choices of a page: chips, facets, orders, variants, each as its component takes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from core.money import format_money, to_decimal
from products.models import Category, Product
from products.selectors import ProductPage
from products.shelves import SORTS, Counts, Filters


@dataclass(frozen=True)
class Place:
    """Where a shelf stands: its own address, the one that its filters are sent to, and what belongs to the place.

    `category` is the slug of the shelf, `query` the words of a search; a place has at most one of them.
    """

    path: str
    action: str
    category: str = ""
    query: str = ""
    is_search: bool = False


def chips(filters: Filters, place: Place, categories: Sequence[Category]) -> list[dict[str, str]]:
    """Return what narrows the shelf now, each with the address without it."""
    names = {category.slug: category.name for category in categories}
    found = [(names[slug], "category", slug) for slug in filters.categories if slug != place.category]
    found += [(str(Product.Concern(value).label), "concern", value) for value in filters.concerns]
    if filters.price_from is not None:
        found.append((f"From {_money(filters.price_from)}", "price_from", ""))
    if filters.price_to is not None:
        found.append((f"Up to {_money(filters.price_to)}", "price_to", ""))
    if filters.in_stock:
        found.append(("In stock", "in_stock", ""))
    return [{"label": label, "url": address(_without(filters, key, value), place)} for label, key, value in found]


def address(filters: Filters, place: Place) -> str:
    """Return the address of the shelf under these filters."""
    query = urlencode(pairs(filters, place))
    return f"{place.path}?{query}" if query else place.path


def pairs(filters: Filters, place: Place) -> list[tuple[str, str]]:
    """Return the filters as they stand in a query string."""
    found = [("q", place.query)] if place.query else []
    found += [("category", slug) for slug in filters.categories if slug != place.category]
    found += [("concern", value) for value in filters.concerns]
    if filters.price_from is not None:
        found.append(("price_from", _plain(filters.price_from)))
    if filters.price_to is not None:
        found.append(("price_to", _plain(filters.price_to)))
    if filters.in_stock:
        found.append(("in_stock", "on"))
    if filters.sort:
        found.append(("sort", filters.sort))
    return found


def facets(filters: Filters, counts: Counts, categories: Sequence[Category]) -> list[dict[str, Any]]:
    """Return the choices beside the shelf with the number of products that each would leave."""
    return [
        {
            "legend": "Category",
            "name": "category",
            "options": [
                _option(category.slug, category.name, counts.categories[category.slug], filters.categories)
                for category in categories
            ],
        },
        {
            "legend": "Skin",
            "name": "concern",
            "options": [
                _option(value, str(label), counts.concerns[value], filters.concerns)
                for value, label in Product.Concern.choices
            ],
        },
        {
            "legend": "Availability",
            "name": "in_stock",
            "options": [_option("on", "In stock", counts.in_stock, ("on",) if filters.in_stock else ())],
        },
    ]


def orders(filters: Filters, place: Place) -> list[dict[str, Any]]:
    """Return the orders a shelf can be sorted by, the one in force selected."""
    own = [("", "Most relevant")] if place.is_search else []
    choices = own + [(value, label) for value, (label, _) in SORTS.items()]
    current = filters.sort or choices[0][0]
    return [{"value": value, "label": label, "selected": value == current} for value, label in choices]


def kept(filters: Filters, place: Place) -> list[dict[str, str]]:
    """Return the hidden fields that keep the filters when the order changes."""
    return [{"name": name, "value": value} for name, value in pairs(replace(filters, sort=""), place)]


def variant_options(page: ProductPage) -> list[dict[str, Any]]:
    """Return the variants as radio cards; what is sold out stays visible and cannot be chosen."""
    return [
        {
            "value": offer.variant.pk,
            "label": offer.variant.label or page.product.name,
            "stock": offer.stock_text,
            "price_minor": offer.variant.price_minor,
            "was_minor": offer.variant.compare_at_minor,
            "currency": offer.variant.currency,
            "disabled": offer.is_sold_out,
            "checked": offer is page.first_choice and not offer.is_sold_out,
        }
        for offer in page.offers
    ]


def concern_links(product: Product) -> list[dict[str, str]]:
    """Return what the product is made for, each with the address of everything else that is."""
    shop = reverse("products:listing")
    labels = {concern.value: str(concern.label) for concern in Product.Concern}
    known = [concern for concern in product.concerns if concern in labels]
    return [{"label": labels[value].lower(), "url": f"{shop}?concern={value}"} for value in known]


def _option(value: str, label: str, count: int, chosen: Sequence[str]) -> dict[str, Any]:
    return {"value": value, "label": label, "count": count, "checked": value in chosen}


def _without(filters: Filters, key: str, value: str) -> Filters:
    if key == "category":
        return replace(filters, categories=tuple(slug for slug in filters.categories if slug != value))
    if key == "concern":
        return replace(filters, concerns=tuple(name for name in filters.concerns if name != value))
    if key == "in_stock":
        return replace(filters, in_stock=False)
    return replace(filters, price_from=None) if key == "price_from" else replace(filters, price_to=None)


def _money(minor: int) -> str:
    return format_money(minor, settings.STORE_CURRENCY)


def _plain(minor: int) -> str:
    return str(to_decimal(minor, settings.STORE_CURRENCY))
