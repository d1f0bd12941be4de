"""What pages read of wishes: the hearts, and the wishlist with what each product costs and whether it can be had."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from products.models import Product, Variant
from products.selectors import Card, Offer, cards_of, offer_of
from wishlist.models import Wish


@dataclass(frozen=True, slots=True)
class Wished:
    """A product on the wishlist; `card` is None once it is no longer sold.

    `offer` is what "add to bag" adds: the version that was wished for, or the only one; None where one must be chosen.
    """

    wish: Wish
    card: Card | None
    offers: list[Offer]

    @property
    def name(self) -> str:
        """The name of the product."""
        return self.wish.product.name

    @property
    def offer(self) -> Offer | None:
        """The version to add to the bag, if that is clear."""
        wanted = [offer for offer in self.offers if offer.variant.pk == self.wish.variant_id]
        return (wanted or self.offers)[0] if len(wanted or self.offers) == 1 else None

    @property
    def is_sold_out(self) -> bool:
        """Whether the version that is wished for, or every one, is gone for now."""
        return self.offer.is_sold_out if self.offer else all(offer.is_sold_out for offer in self.offers)

    @property
    def stock_text(self) -> str:
        """Whether it can be had, in words."""
        if self.offer is not None:
            label = self.offer.variant.label
            return f"{label} · {self.offer.stock_text}" if label else self.offer.stock_text
        return "Sold out" if self.is_sold_out else f"{len(self.offers)} versions to choose from"


def wished_products(request: HttpRequest) -> frozenset[int]:
    """Return the keys of the products that the visitor wishes for; no query for who is not signed in."""
    if not request.user.is_authenticated:
        return frozenset()
    return frozenset(Wish.objects.filter(customer__user=request.user).values_list("product_id", flat=True))


def shown(wishes: Sequence[Wish], *, low_stock: int) -> list[Wished]:
    """Return what the wishlist shows of these wishes, in their order: three queries, however many there are."""
    wanted = [wish.product_id for wish in wishes]
    cards = {card.product_id: card for card in cards_of(Product.objects.listed().filter(pk__in=wanted).with_offer())}
    offers = _offers(cards, low_stock)
    return [Wished(wish, cards.get(wish.product_id), offers[wish.product_id]) for wish in wishes]


def _offers(product_ids: Iterable[int], low_stock: int) -> dict[int, list[Offer]]:
    found: dict[int, list[Offer]] = defaultdict(list)
    variants = Variant.objects.on_sale().filter(product__in=list(product_ids)).select_related("stock")
    for variant in variants.order_by("position", "pk"):
        found[variant.product_id].append(offer_of(variant, low_stock))
    return found
