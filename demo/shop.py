"""The demo's shop in the database: catalogue with photographs, terms of sale, the seller. Safe to run twice."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from core.models import StoreSetting
from demo import catalogue
from demo.baskets import SPRING, THANKS
from demo.catalogue import Photo, load_categories
from orders.models import DiscountCode
from orders.reference import make_reference_terms
from products.models import Category, Product, ProductImage, Variant
from products.search import index_products

EXTENSIONS = ("avif", "webp")
SELLER = {
    "seller_name": "PureLaka Ltd",
    "seller_address": "7 Lavender Yard\nFrome BA11 1AA\nUnited Kingdom",
    "vat_number": "GB 999 9999 73",  # of the range that HMRC keeps for examples
    "support_email": "hello@purelaka.test",
}


def open_shop(*, since: datetime) -> None:
    """Fill an empty shop as it was on the day `since`; what is there already stays as it is."""
    with transaction.atomic():
        make_reference_terms(currency=settings.STORE_CURRENCY)
        _make_codes(since)
        _name_seller()
        products = [product for place in load_categories() for product in _fill(place, since=since)]
        index_products(product.pk for product in products)


def _fill(place: catalogue.Category, *, since: datetime) -> Iterable[Product]:
    category, _made = Category.objects.get_or_create(
        slug=place.slug,
        defaults={"name": place.name, "description": place.description, "position": place.position},
    )
    for number, item in enumerate(place.products):
        yield _product(item, category, at=since - timedelta(minutes=100 * place.position + number))


def _product(item: catalogue.Product, category: Category, *, at: datetime) -> Product:
    product, _made = Product.objects.get_or_create(
        slug=item.slug,
        defaults={
            "category": category,
            "name": item.name,
            "summary": item.summary,
            "description": item.what_it_is,
            "audience": item.for_whom,
            "ingredients": item.ingredients,
            "how_to_use": item.how_to_use,
            "concerns": list(item.concerns),
            "status": Product.Status.ACTIVE,
            "publish_at": at,
            "created_at": at,
            "seo_title": item.seo_title,
            "seo_description": item.seo_description,
        },
    )
    for position, variant in enumerate(item.variants):
        _variant(variant, product, position)
    for position, photo in enumerate(item.images):
        _image(photo, product, position)
    return product


def _variant(variant: catalogue.Variant, product: Product, position: int) -> None:
    Variant.objects.get_or_create(
        sku=variant.sku,
        defaults={
            "product": product,
            "name": variant.name,
            "option_values": variant.options,
            "currency": catalogue.CURRENCY,
            "price_minor": variant.price_minor,
            "compare_at_minor": variant.compare_at_minor,
            "cost_minor": variant.cost_minor,
            "tax_class": variant.tax_class,
            "weight_g": variant.weight_g,
            "position": position,
        },
    )


def _image(photo: Photo, product: Product, position: int) -> None:
    ProductImage.objects.get_or_create(
        product=product,
        position=position,
        defaults={
            "alt": photo.alt,
            "stem": store_photo(photo),
            "widths": list(photo.widths),
            "width": photo.width,
            "height": photo.height,
            "lqip": photo.lqip,
        },
    )


def store_photo(photo: Photo) -> str:
    """Put the files of a photograph among the uploads under a name of their content, and return its stem."""
    files = {
        (width, extension): photo.file(width, extension).read_bytes()
        for width in photo.widths
        for extension in EXTENSIONS
    }
    digest = hashlib.sha256(b"".join(files.values())).hexdigest()[:16]
    stem = f"products/{photo.name}-{digest}"
    for (width, extension), content in files.items():
        name = f"{stem}-{width}.{extension}"
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(content))
    return stem


def _make_codes(since: datetime) -> None:
    """Make the codes that orders of the history were placed with: last spring's, which has ended, and one to thank."""
    spring = datetime.combine(since.date().replace(month=3, day=20), time(), tzinfo=UTC)
    terms: dict[tuple[str, int], dict[str, datetime]] = {
        SPRING: {"starts_at": spring, "ends_at": spring.replace(year=spring.year + 1, month=4, day=21)},
        THANKS: {"starts_at": since},
    }
    for (code, percent_bps), dates in terms.items():
        DiscountCode.objects.get_or_create(
            code=code, defaults={"kind": DiscountCode.Kind.PERCENT, "percent_bps": percent_bps, **dates}
        )


def _name_seller() -> None:
    store = StoreSetting.current()
    for name, value in SELLER.items():
        if not getattr(store, name):
            setattr(store, name, value)
    store.save()
