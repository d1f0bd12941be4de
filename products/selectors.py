"""What the shop's pages read: the menu, cards, a product with its offers."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Case, IntegerField, Q, Value, When
from django.urls import reverse

from products.images import Picture, picture
from products.models import Category, Product, ProductImage, Variant
from products.models.catalogue import ProductQuerySet
from products.search import any_of, holds

MENU_LENGTH = 7
MOST_AT_ONCE = 99
FEWEST_BEST = 4  # a row of the front page


class MenuItem(NamedTuple):
    """A place in the shop's menu."""

    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A product as a card shows it; prices in minor units of the shop's currency, `was_minor` None if not reduced."""

    product_id: int
    url: str
    name: str
    summary: str
    price_minor: int
    was_minor: int | None
    currency: str
    from_price: bool
    sold_out: bool
    badge: str
    image: Picture | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant as the product page offers it; `available` None means without limit."""

    variant: Variant
    available: int | None
    state: str
    stock_text: str

    @property
    def is_sold_out(self) -> bool:
        """Whether nobody can buy it now."""
        return self.state == "out"


@dataclass(frozen=True)
class ProductPage:
    """A product with everything its page shows; the offers in the order of the variants."""

    product: Product
    offers: list[Offer]
    pictures: list[Picture]
    related: list[Card]

    @property
    def first_choice(self) -> Offer:
        """The variant that is ticked at first: the first that can be bought."""
        return next((offer for offer in self.offers if not offer.is_sold_out), self.offers[0])

    @property
    def choice_name(self) -> str:
        """What the variants differ in: the names of their options, as in "Size"."""
        names = dict.fromkeys(name for offer in self.offers for name in offer.variant.option_values)
        return " and ".join(names) or "Choose one"

    @property
    def is_sold_out(self) -> bool:
        """Whether no variant can be bought now."""
        return all(offer.is_sold_out for offer in self.offers)

    @property
    def most_at_once(self) -> int:
        """How many units of one variant a shopper can put into the bag at once."""
        limits = [MOST_AT_ONCE if offer.available is None else offer.available for offer in self.offers]
        return max(1, min(MOST_AT_ONCE, max(limits)))


def all_categories() -> list[Category]:
    """Return the categories in the order of the menu, parents with their children known by `parent_id`."""
    return list(Category.objects.order_by("position", "name"))


def newest_cards(limit: int) -> list[Card]:
    """Return the latest products on sale, what is sold out last."""
    products = Product.objects.listed().with_offer()
    return cards_of(products.order_by("sold_out", "-publish_at", "-pk")[:limit])


def best_selling_cards(limit: int) -> list[Card]:
    """Return the products on sale that sold best lately, what is sold out last; none if nothing was sold."""
    products = Product.objects.listed().filter(units_30d__gt=0).with_offer()
    return cards_of(products.order_by("sold_out", "-units_30d", "-publish_at", "-pk")[:limit])


def front_cards(limit: int) -> tuple[str, list[Card]]:
    """Return what the front page shows, with its heading: the best sellers, or the newest until enough were sold."""
    best = best_selling_cards(limit)
    return ("Best sellers", best) if len(best) >= FEWEST_BEST else ("New in the shop", newest_cards(limit))


def menu(categories: Iterable[Category], path: str) -> list[MenuItem]:
    """Return the shop's menu: everything, then the first shelves; `path` is the page being looked at."""
    top = [category for category in categories if category.parent_id is None][:MENU_LENGTH]
    places = [("Shop all", reverse("products:listing")), *[(c.name, c.get_absolute_url()) for c in top]]
    return [MenuItem(name, url, url == path) for name, url in places]


def cards_of(products: Iterable[Product]) -> list[Card]:
    """Return the cards of products annotated by `with_offer()`."""
    return [_card(row) for row in products]


def _card(product: Any) -> Card:
    return Card(
        product_id=product.pk,
        url=product.get_absolute_url(),
        name=product.name,
        summary=product.summary,
        price_minor=product.price_minor,
        was_minor=product.was_minor,
        currency=settings.STORE_CURRENCY,
        from_price=product.top_minor > product.price_minor,
        sold_out=product.sold_out,
        badge="Reduced" if product.was_minor else "",
        image=picture(_photograph(product.photograph)) if product.photograph else None,
    )


def _photograph(shown: dict[str, Any]) -> ProductImage:
    return ProductImage(**{**shown, "widths": json.loads(shown["widths"])})


def _pictures(lines: str | None) -> list[Picture]:
    """Return the photographs of a variant annotated by `with_photographs()`, in their order."""
    images = [_photograph(json.loads(line)) for line in (lines or "").split("\n") if line]
    return [picture(image) for image in sorted(images, key=attrgetter("position"))]


def product_page(slug: str, *, low_stock: int) -> ProductPage | None:
    """Return what the page of a product shows, None unless it is on sale: two queries."""
    variants = (
        Variant.objects.on_sale()
        .filter(product__slug=slug)
        .select_related("product__category__parent", "stock")
        .with_photographs()
        .order_by("position", "pk")
    )
    first: Any = next(iter(variants), None)
    if first is None or not first.product.is_visible:
        return None
    return ProductPage(
        product=first.product,
        offers=[offer_of(variant, low_stock) for variant in variants],
        pictures=_pictures(first.photographs),
        related=cards_of(_related(first.product)),
    )


def offer_of(variant: Variant, low_stock: int) -> Offer:
    """Return a variant as it is offered; its stock should be at hand, for else it costs a query."""
    stock = getattr(variant, "stock", None)
    if stock is None or not stock.tracked:
        return Offer(variant, None, "in", "In stock")
    left = stock.available
    if left <= 0:
        return Offer(variant, 0, "out", "Sold out")
    if stock.on_hand - stock.reserved <= 0:
        return Offer(variant, left, "backorder", "On back order, sent when it arrives")
    if left <= low_stock:
        return Offer(variant, left, "low", f"Only {left} left")
    return Offer(variant, left, "in", "In stock")


def _related(product: Product, limit: int = 4) -> ProductQuerySet:
    """Return products of the same shelf first, then of the same concerns; in stock before sold out."""
    same_shelf = Q(category=product.category_id) if product.category_id else Q(pk__isnull=True)
    concern = any_of(holds(value) for value in product.concerns if value in Product.Concern.values)
    return (
        Product.objects.listed()
        .exclude(pk=product.pk)
        .with_concern_text()
        .filter(same_shelf | concern)
        .with_offer()
        .annotate(distance=Case(When(same_shelf, then=Value(0)), default=Value(1), output_field=IntegerField()))
        .order_by("sold_out", "distance", "-publish_at", "-pk")[:limit]
    )
