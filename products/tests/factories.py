"""Products for the tests of every room: `make_category`, `make_product`, `make_variant`, `make_image`."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from django.utils.text import slugify

from products import stock as stock_room
from products.models import Category, Product, ProductImage, StockItem, Variant
from products.search import index_products

_numbers = count(1)


def make_category(name: str = "", **fields: Any) -> Category:
    """Make a category; its slug follows its name."""
    name = name or f"Shelf {next(_numbers)}"
    return Category.objects.create(name=name, **{"slug": slugify(name), **fields})


def make_product(
    name: str = "", *, variants: Sequence[Mapping[str, Any]] = ({},), images: int = 0, **fields: Any
) -> Product:
    """Make a product on sale, with one plain variant unless `variants` (arguments of `make_variant`) says otherwise."""
    number = next(_numbers)
    name = name or f"Product {number}"
    defaults = {"slug": slugify(name) or f"product-{number}", "status": Product.Status.ACTIVE}
    product = Product.objects.create(name=name, **{**defaults, **fields})
    for position, variant in enumerate(variants):
        make_variant(product, **{"position": position, **variant})
    for position in range(images):
        make_image(product, position=position)
    index_products([product.pk])
    return product


def make_variant(
    product: Product | None = None, *, stock: int | None = 5, price_minor: int = 1000, **fields: Any
) -> Variant:
    """Make a variant in pounds with so many units on the shelf; `stock=None` is not tracked."""
    if product is None:
        product = make_product(variants=())
    number = next(_numbers)
    defaults = {"sku": f"SKU-{number}", "currency": "GBP"}
    variant = Variant.objects.create(product=product, price_minor=price_minor, **{**defaults, **fields})
    if stock is not None:
        make_stock(variant, stock)
    index_products([product.pk])
    return variant


def make_stock(variant: Variant, on_hand: int) -> None:
    """Track the stock of a variant, with the movement that its count comes from."""
    from_nothing = {"source_type": "opening", "source_id": variant.pk}
    if on_hand:
        stock_room.receive(variant.pk, quantity=on_hand, **from_nothing)
    else:
        StockItem.objects.create(variant=variant)


def make_image(product: Product, **fields: Any) -> ProductImage:
    """Make the row of a photograph; there are no files behind it."""
    defaults = {"alt": f"A photograph of {product.name}", "stem": f"products/{product.slug}", "widths": [480, 960]}
    return ProductImage.objects.create(product=product, width=960, height=1200, **{**defaults, **fields})
