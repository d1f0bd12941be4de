"""A page of the shop asks the database at most eight times, whoever looks and however much there is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
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


@pytest.mark.parametrize("address", PAGES)
def test_a_visitor_costs_at_most_eight_queries(client, many_products, django_assert_max_num_queries, address):
    with django_assert_max_num_queries(8):
        client.get(address)


@pytest.mark.parametrize("address", PAGES)
def test_somebody_signed_in_costs_at_most_eight_queries(client, many_products, django_assert_max_num_queries, address):
    client.force_login(User.objects.create_user("alice@example.com"))

    with django_assert_max_num_queries(8):
        client.get(address)
