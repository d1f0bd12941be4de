"""What search engines and link previews read of a page: title, description, canonical address, structured data."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.urls import reverse

from core.money import to_decimal
from products.models import Product
from products.selectors import Offer, ProductPage

AVAILABILITY = {
    "in": "https://schema.org/InStock",
    "low": "https://schema.org/LimitedAvailability",
    "backorder": "https://schema.org/BackOrder",
    "out": "https://schema.org/OutOfStock",
}
HOME_DESCRIPTION = (
    "Gentle skincare for sensitive, dry and stressed skin, with the whole list of ingredients on every page."
)


def absolute(url: str) -> str:
    """Return the full address of a path of this site; a full address stays as it is."""
    return urljoin(settings.STORE_BASE_URL + "/", url)


def home_meta() -> dict[str, Any]:
    """Return the head of the front page."""
    return {
        "title": "Calm skincare",
        "description": HOME_DESCRIPTION,
        "canonical": absolute(reverse("products:home")),
        "image": absolute(staticfiles_storage.url("img/hero-2000.webp")),
        "json_ld": {
            "@context": "https://schema.org",
            "@type": "WebSite",
            "name": settings.STORE_NAME,
            "url": absolute(reverse("products:home")),
            "potentialAction": {
                "@type": "SearchAction",
                "target": absolute(reverse("products:search")) + "?q={search_term_string}",
                "query-input": "required name=search_term_string",
            },
        },
    }


def shelf_meta(
    *, title: str, description: str, path: str, page: int, crumbs: list[dict[str, str]], is_narrowed: bool
) -> dict[str, Any]:
    """Return the head of a shelf; narrowed and searched ones stay out of search engines."""
    return {
        "title": title if page == 1 else f"{title}, page {page}",
        "description": description,
        "canonical": absolute(path if page == 1 else f"{path}?page={page}"),
        "robots": "noindex, follow" if is_narrowed else "",
        "json_ld": breadcrumbs(crumbs),
    }


def product_meta(page: ProductPage, crumbs: list[dict[str, str]]) -> dict[str, Any]:
    """Return the head of a product page."""
    product = page.product
    canonical = absolute(product.get_absolute_url())
    images = [absolute(picture.fallback_url) for picture in page.pictures]
    description = product.seo_description or product.summary
    thing: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "description": description or product.name,
        "sku": page.first_choice.variant.sku,
        "brand": {"@type": "Brand", "name": settings.STORE_NAME},
        "offers": [_offer(offer, canonical) for offer in page.offers],
    }
    if images:
        thing["image"] = images
    if product.category is not None:
        thing["category"] = product.category.name
    return {
        "title": product.seo_title or product.name,
        "description": description,
        "canonical": canonical,
        "image": images[0] if images else "",
        "type": "product",
        "json_ld": [thing, breadcrumbs(crumbs)],
    }


def breadcrumbs(crumbs: list[dict[str, str]]) -> dict[str, Any]:
    """Return a trail of pages as structured data."""
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": crumb["name"], "item": absolute(crumb["url"])}
            for position, crumb in enumerate(crumbs, start=1)
        ],
    }


def product_crumbs(product: Product) -> list[dict[str, str]]:
    """Return the trail from the front page to a product."""
    crumbs = [
        {"name": "Home", "url": reverse("products:home")},
        {"name": "Shop", "url": reverse("products:listing")},
    ]
    if product.category is not None:
        crumbs.append({"name": product.category.name, "url": product.category.get_absolute_url()})
    return [*crumbs, {"name": product.name, "url": product.get_absolute_url()}]


def _offer(offer: Offer, url: str) -> dict[str, Any]:
    variant = offer.variant
    return {
        "@type": "Offer",
        "name": variant.label or variant.product.name,
        "sku": variant.sku,
        "url": url,
        "price": str(to_decimal(variant.price_minor, variant.currency)),
        "priceCurrency": variant.currency,
        "availability": AVAILABILITY[offer.state],
        "itemCondition": "https://schema.org/NewCondition",
    }
