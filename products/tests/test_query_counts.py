"""A page of the shop asks the database at most eight times, whoever looks and however much there is."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from products.models import Variant
from products.tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    "/shop/",
    "/shop/?sort=price-up&concern=dry&price_from=1",
    "/shop/shelf-1/",
    "/search/?q=cream",
    "/shop/?price_to=1",
    "/products/cream-1/",
]


@pytest.fixture
def many_products():
    shelves = [make_category(f"Shelf {number}") for number in range(1, 7)]
    for number in range(60):
        make_product(
            f"Cream {number}",
            category=shelves[number % 6],
            concerns=["dry"],
            images=2,
            variants=[{"stock": number % 7}, {"price_minor": 1500}],
            publish_at=timezone.now() - timedelta(days=number),
        )


def check_every_page(client, at_most) -> None:
    """Fill a bag, then look at every page; each shows that it has counted the bag."""
    added = client.post(reverse("orders:bag_add"), {"variant": Variant.objects.last().pk, "quantity": 2})
    assert added.status_code == 302
    client.get("/shop/")
    for address in PAGES:
        with at_most(8):
            content = client.get(address).content.decode()
        assert '2<span class="visually-hidden"> items</span>' in content


def test_a_visitor_with_a_bag_costs_at_most_eight_queries(client, many_products, django_assert_max_num_queries):
    check_every_page(client, django_assert_max_num_queries)


def test_somebody_signed_in_with_a_bag_costs_at_most_eight_queries(
    client, many_products, django_assert_max_num_queries
):
    client.force_login(User.objects.create_user("alice@example.com"))

    check_every_page(client, django_assert_max_num_queries)
