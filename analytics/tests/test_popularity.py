"""What shoppers see of the figures: best sellers on the front page, and first on the shelf."""

import pytest

from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale
from core.days import today
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db


def names(cards) -> list[str]:
    return [card.name for card in cards]


def test_the_front_page_shows_what_sold_best_once_there_is_a_row_of_it(client):
    variants = [make_variant(price_minor=900, stock=9) for _ in range(5)]
    for quantity, variant in enumerate(variants[:3], start=1):
        make_sale(today(), variant=variant, quantity=quantity)
    build_snapshots(CHANGES)
    assert client.get("/").context["heading"] == "New in the shop"

    make_sale(today(), variant=variants[3], quantity=5)
    build_snapshots(CHANGES)

    page = client.get("/")
    assert page.context["heading"] == "Best sellers"
    assert names(page.context["cards"]) == [variants[place].product.name for place in (3, 2, 1, 0)]
    assert '<h2 id="picks">Best sellers</h2>' in page.content.decode()


def test_the_featured_order_is_by_units_sold_and_ends_with_what_is_gone(client):
    gone, slow, fast = make_variant(stock=3), make_variant(stock=9), make_variant(stock=9)
    make_sale(today(), variant=gone, quantity=3)
    make_sale(today(), variant=fast, quantity=2)
    build_snapshots(CHANGES)

    shown = names(client.get("/shop/").context["shelf"].cards)

    assert shown == [fast.product.name, slow.product.name, gone.product.name]
