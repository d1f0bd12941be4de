"""The demo catalogue: 24 products in 6 categories, read from `catalogue/*.toml`, with their photographs."""

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CATALOGUE = HERE / "catalogue"
PHOTOS = HERE / "photos"

CONCERNS = ("sensitive", "dry", "barrier")
CURRENCY = "GBP"


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph: `name` is its stem, `lqip` a tiny WebP as a data URI, the size that of the master."""

    name: str
    alt: str
    width: int
    height: int
    colour: str
    lqip: str
    widths: tuple[int, ...]

    def file(self, width: int, extension: str) -> Path:
        """Return the committed file of one width, `extension` being `avif` or `webp`."""
        return PHOTOS / f"{self.name}-{width}.{extension}"


@dataclass(frozen=True, slots=True)
class Variant:
    """What is sold; money in pence. The only variant of a product that has no choice may be without a name.

    `popularity` is a weight among all variants, not a share. `ends_at`, where it is set, is the stock left
    over when the demo's trade stops: none for what is sold out.
    """

    sku: str
    name: str
    options: dict[str, str]
    price_minor: int
    cost_minor: int
    weight_g: int
    opening_stock: int
    popularity: int
    compare_at_minor: int | None = None
    tax_class: str = "standard"
    ends_at: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    slug: str
    name: str
    summary: str
    concerns: tuple[str, ...]
    what_it_is: str
    for_whom: str
    ingredients: str
    how_to_use: str
    seo_title: str
    seo_description: str
    images: tuple[Photo, ...]
    variants: tuple[Variant, ...]

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """The description as (heading, text) in reading order."""
        return (
            ("What it is", self.what_it_is),
            ("Who it is for", self.for_whom),
            ("Ingredients", self.ingredients),
            ("How to use", self.how_to_use),
        )


@dataclass(frozen=True, slots=True)
class Category:
    """A category; `position` counts from 1 in the order of the shop's menu."""

    slug: str
    name: str
    description: str
    position: int
    products: tuple[Product, ...]


@cache
def load_categories() -> tuple[Category, ...]:
    """Return the categories in menu order, each with its products and their variants and photographs."""
    known = json.loads((PHOTOS / "photos.json").read_text(encoding="utf-8"))
    files = sorted(CATALOGUE.glob("*.toml"))
    return tuple(_category(path, position, known) for position, path in enumerate(files, start=1))


def load_products() -> tuple[Product, ...]:
    """Return the products of all categories in the order of the shop's menu."""
    return tuple(product for category in load_categories() for product in category.products)


def _category(path: Path, position: int, known: dict[str, Any]) -> Category:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Category(
        slug=table["slug"],
        name=table["name"],
        description=table["description"],
        position=position,
        products=tuple(_product(row, known) for row in table["products"]),
    )


def _product(row: dict[str, Any], known: dict[str, Any]) -> Product:
    front, close = row.pop("front_alt"), row.pop("close_alt")
    slug = row["slug"]
    return Product(
        **{
            **row,
            "concerns": tuple(row["concerns"]),
            "images": (_photo(slug, front, known), _photo(f"{slug}-2", close, known)),
            "variants": tuple(Variant(**variant) for variant in row["variants"]),
        }
    )


def _photo(name: str, alt: str, known: dict[str, Any]) -> Photo:
    facts = known[name]
    return Photo(
        name=name,
        alt=alt,
        width=facts["width"],
        height=facts["height"],
        colour=facts["colour"],
        lqip=facts["lqip"],
        widths=tuple(facts["widths"]),
    )
