"""A shelf of the shop: what a shopper narrows it by, one page of it, and the counts beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Min, Q
from django.utils.functional import cached_property

from products.models import Category, Product
from products.models.catalogue import ProductQuerySet
from products.search import any_of, holds, matching
from products.selectors import Card, cards_of

PER_PAGE = 24
SORTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "featured": ("Featured", ("sold_out", "-units_30d", "-publish_at", "-pk")),
    "newest": ("Newest", ("-publish_at", "-pk")),
    "price-up": ("Price: low to high", ("price_minor", "search_name", "pk")),
    "price-down": ("Price: high to low", ("-price_minor", "search_name", "pk")),
    "name": ("Name: A to Z", ("search_name", "pk")),
}
RELEVANT = ("relevance", "sold_out", "-publish_at", "-pk")


@dataclass(frozen=True)
class Filters:
    """What a shopper narrows a shelf by; prices in minor units, an empty `sort` is the shelf's own order.

    A search without a word to look for finds nothing.
    """

    is_search: bool = False
    words: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()
    price_from: int | None = None
    price_to: int | None = None
    in_stock: bool = False
    sort: str = ""

    def cleared(self) -> "Filters":
        """The same words and order with nothing narrowed."""
        return Filters(is_search=self.is_search, words=self.words, sort=self.sort)


@dataclass(frozen=True)
class Counts:
    """How many products a shelf holds, and would hold with another choice of category, concern or stock."""

    total: int
    categories: dict[str, int]
    concerns: dict[str, int]
    in_stock: int
    lowest_minor: int | None
    highest_minor: int | None


@dataclass(frozen=True)
class Shelf:
    """One page of products, and the counts beside it."""

    page: Page
    cards: list[Card]
    counts: Counts


class CountedPaginator(Paginator):
    """A paginator that was told how many rows there are."""

    def __init__(self, rows: Any, per_page: int, *, count: int) -> None:
        super().__init__(rows, per_page)
        self._count = count

    @cached_property
    def count(self) -> int:
        """The number it was told."""
        return self._count


def shelf(filters: Filters, categories: Sequence[Category], *, number: int) -> Shelf:
    """Return one page of what the filters leave, and the counts for each other choice: three queries.

    A category stands for its children as well. A number beyond the last page gives the last page.
    """
    products = matching(Product.objects.listed(), filters.words).with_price().with_sold_out().with_concern_text()
    if filters.is_search and not filters.words:
        products = products.none()
    conditions = _conditions(filters, categories)
    counts = _counts(products, conditions, categories)
    order = SORTS[filters.sort][1] if filters.sort else RELEVANT if filters.words else SORTS["featured"][1]
    rows = products.filter(_all(conditions)).with_offer().order_by(*order)
    page = CountedPaginator(rows, PER_PAGE, count=counts.total).get_page(number)
    return Shelf(page=page, cards=cards_of(page.object_list) if counts.total else [], counts=counts)


def _conditions(filters: Filters, categories: Sequence[Category]) -> dict[str, Q]:
    """Return one condition for each facet, so that a facet can be counted without its own."""
    conditions = {}
    if filters.categories:
        conditions["category"] = Q(category__in=_with_children(filters.categories, categories))
    if filters.concerns:
        conditions["concern"] = any_of(holds(concern) for concern in filters.concerns)
    if filters.price_from is not None:
        conditions["price_from"] = Q(price_minor__gte=filters.price_from)
    if filters.price_to is not None:
        conditions["price_to"] = Q(price_minor__lte=filters.price_to)
    if filters.in_stock:
        conditions["stock"] = Q(sold_out=False)
    return conditions


def _all(conditions: dict[str, Q], *, but: str = "") -> Q:
    return Q(*[condition for name, condition in conditions.items() if name != but], pk__isnull=False)


def _with_children(slugs: Sequence[str], categories: Sequence[Category]) -> list[int]:
    chosen = {category.pk for category in categories if category.slug in slugs}
    return [category.pk for category in categories if category.pk in chosen or category.parent_id in chosen]


def _counts(products: ProductQuerySet, conditions: dict[str, Q], categories: Sequence[Category]) -> Counts:
    without_category, without_concern = _all(conditions, but="category"), _all(conditions, but="concern")
    without_price = _all({name: q for name, q in conditions.items() if not name.startswith("price")})
    wanted: dict[str, Any] = {
        "total": Count("pk", filter=_all(conditions)),
        "stock": Count("pk", filter=_all(conditions, but="stock") & Q(sold_out=False)),
        "lowest": Min("price_minor", filter=without_price),
        "highest": Max("price_minor", filter=without_price),
    }
    for category in categories:
        within = Q(category__in=_with_children([category.slug], categories))
        wanted[f"category_{category.pk}"] = Count("pk", filter=without_category & within)
    for concern in Product.Concern.values:
        wanted[f"concern_{concern}"] = Count("pk", filter=without_concern & holds(concern))
    found = products.order_by().aggregate(**wanted)
    return Counts(
        total=found["total"],
        categories={category.slug: found[f"category_{category.pk}"] for category in categories},
        concerns={concern: found[f"concern_{concern}"] for concern in Product.Concern.values},
        in_stock=found["stock"],
        lowest_minor=found["lowest"],
        highest_minor=found["highest"],
    )
