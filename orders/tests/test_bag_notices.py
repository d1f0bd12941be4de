"""What the bag says: changed prices and stock, the estimate, and codes with the reason why one does not apply."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import Cart
from orders.tests.factories import make_discount, make_shipping_method, make_tax_rate
from products.models import Product, StockItem, Variant
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db


def add(client: Client, variant: Variant, quantity: int = 1) -> None:
    client.post(reverse("orders:bag_add"), {"variant": variant.pk, "quantity": quantity})


def shown(client: Client, query: str = "") -> str:
    return client.get(reverse("orders:bag") + query).content.decode()


def test_a_changed_price_is_told_and_counted(client: Client) -> None:
    variant = make_variant(price_minor=1000)
    add(client, variant)
    Variant.objects.filter(pk=variant.pk).update(price_minor=1200)

    page = shown(client)

    assert "The price has changed from £10.00 to £12.00 since you added this." in page
    assert page.count("£12.00") >= 3


def test_a_withdrawn_product_is_marked_and_left_out_of_the_total(client: Client) -> None:
    kept, gone = make_variant(price_minor=1000), make_variant(make_product("Old Soap", variants=()), price_minor=700)
    add(client, kept)
    add(client, gone)
    Product.objects.filter(pk=gone.product_id).update(status=Product.Status.ARCHIVED)

    page = shown(client)

    assert "Old Soap is no longer sold, so it does not count towards your total." in page
    assert "£17.00" not in page
    assert "Some products cannot be bought as they are" in page
    client.post(reverse("orders:bag_remove"), {"variant": gone.pk})
    assert "Go to checkout" in shown(client)


def test_stock_that_shrank_is_told_and_stops_the_way_to_checkout(client: Client) -> None:
    variant = make_variant(make_product("Night Cream", variants=()), stock=5)
    add(client, variant, 3)
    StockItem.objects.filter(variant=variant).update(on_hand=1)

    page = shown(client)

    assert "Only 1 of Night Cream is left." in page
    assert "Go to checkout" not in page


def test_the_estimate_shows_delivery_vat_and_total(client: Client) -> None:
    make_tax_rate(), make_shipping_method(price_minor=350, free_over_minor=4000)
    add(client, make_variant(price_minor=1000))

    page = shown(client)

    assert all(amount in page for amount in ("£10.00", "£3.50", "£13.50", "£2.25"))


def test_a_country_without_a_rate_of_tax_is_refused_with_a_sentence(client: Client) -> None:
    make_tax_rate("GB")
    make_shipping_method(countries=["GB", "FR"])
    add(client, make_variant())

    page = shown(client, "?country=FR")

    assert "We cannot sell to France yet: no standard tax rate is set for it." in page
    assert "Go to checkout" not in page


def test_a_total_below_the_smallest_charge_is_refused_with_a_sentence(client: Client) -> None:
    add(client, make_variant(price_minor=20))

    assert "The smallest card payment is £0.30, and this order comes to £0.20." in shown(client)


def test_a_code_is_applied_whatever_its_case_and_removed(client: Client) -> None:
    make_discount("SPRING", percent_bps=1000)
    add(client, make_variant(price_minor=1000))

    client.post(reverse("orders:code_apply"), {"code": " spring "})
    assert "-£1.00" in shown(client)

    client.post(reverse("orders:code_remove"))
    assert "-£1.00" not in shown(client)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_active": False}, "We do not know that code."),
        ({"ends_at": timezone.now() - timedelta(days=1)}, "The code SPRING has ended."),
        ({"starts_at": timezone.now() + timedelta(days=1)}, "The code SPRING is not valid yet."),
        ({"limit": 2, "used": 2}, "The code SPRING has been used up."),
        ({"minimum_items_minor": 2500}, "The code SPRING is for orders from £25.00."),
        ({"kind": "amount", "amount_minor": 500, "currency": "EUR"}, "The code SPRING is for orders in EUR."),
    ],
)
def test_a_code_that_does_not_apply_is_refused_with_its_reason(
    client: Client, fields: dict[str, object], reason: str
) -> None:
    make_discount("SPRING", **fields)
    add(client, make_variant(price_minor=1000))

    response = client.post(reverse("orders:code_apply"), {"code": "SPRING"}, follow=True)

    assert reason in response.content.decode()
    assert Cart.objects.get().discount_code == ""


@pytest.mark.parametrize("code", ["", "nope", "x" * 10_000, "'; drop table", "１"])
def test_a_code_that_nobody_made_is_unknown(client: Client, code: str) -> None:
    add(client, make_variant())

    response = client.post(reverse("orders:code_apply"), {"code": code}, follow=True)

    assert "We do not know that code." in response.content.decode()


def test_a_code_that_stops_applying_stays_with_its_reason(client: Client) -> None:
    make_discount("SPRING", minimum_items_minor=1500)
    variant = make_variant(price_minor=1000)
    add(client, variant, 2)
    client.post(reverse("orders:code_apply"), {"code": "SPRING"})

    client.post(reverse("orders:bag_update"), {"variant": variant.pk, "quantity": 1})

    assert "The code SPRING is for orders from £15.00." in shown(client)
