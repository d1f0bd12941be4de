"""The bag: what a shopper may do to it, what it says when the world has changed, and whose it is."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import PASSWORD, make_user
from orders.bag import COOKIE
from orders.context_processors import bag
from orders.jobs import purge_old_bags
from orders.models import Cart, CartLine
from orders.tests.factories import make_cart, make_discount, make_order, make_shipping_method, make_tax_rate, pay
from products.models import Product, StockItem, Variant
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db
BAD_QUANTITIES = ["-1", "0", "1" + "0" * 23, "１", "", "two", "1.5", "100", "1e2", "9" * 100_000]
SENTENCE = "Write the quantity as a whole number from 1 to 99."


def add(client: Client, variant: Variant, quantity: object = 1, **extra: str) -> object:
    url = reverse("orders:bag_add")
    return client.post(url, {"variant": variant.pk, "quantity": quantity, **extra}, follow=True)


def quantities() -> dict[int, int]:
    return dict(CartLine.objects.values_list("variant", "quantity"))


def shown(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def test_the_first_product_makes_the_bag_and_a_signed_cookie(client: Client) -> None:
    variant = make_variant()

    assert COOKIE not in client.get(reverse("orders:bag")).cookies
    add(client, variant, 2)

    cookie = client.cookies[COOKIE]
    assert quantities() == {variant.pk: 2}
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
    assert Cart.objects.get().token in cookie.value


def test_the_cookie_is_secure_where_the_page_is(client: Client) -> None:
    client.post(reverse("orders:bag_add"), {"variant": make_variant().pk}, secure=True)

    assert client.cookies[COOKIE]["secure"] is True


def test_a_forged_cookie_finds_no_bag(client: Client) -> None:
    cart = make_cart()
    client.cookies[COOKIE] = f"{cart.token}:forged"

    assert "Your bag is empty" in shown(client.get(reverse("orders:bag")))


def test_adding_again_adds_up(client: Client) -> None:
    variant = make_variant()

    add(client, variant, 1)
    add(client, variant, 2)

    assert quantities() == {variant.pk: 3}


@pytest.mark.parametrize("quantity", BAD_QUANTITIES)
def test_a_quantity_that_is_none_is_refused_and_the_bag_survives(client: Client, quantity: str) -> None:
    kept, other = make_variant(), make_variant()
    add(client, kept, 2)

    responses = [
        add(client, other, quantity),
        client.post(reverse("orders:bag_update"), {"variant": kept.pk, "quantity": quantity}, follow=True),
    ]

    assert [response.status_code for response in responses] == [200, 200]  # type: ignore[attr-defined]
    assert all(SENTENCE in shown(response) for response in responses)
    assert quantities() == {kept.pk: 2}


def test_a_nul_and_a_megabyte_are_refused_with_a_page_and_the_bag_survives(client: Client) -> None:
    kept = make_variant()
    add(client, kept, 2)

    answers = [
        client.post(reverse("orders:bag_update"), {"variant": kept.pk, "quantity": quantity}).status_code
        for quantity in ("1\x00", "1" * 1_100_000)
    ]

    assert all(400 <= status < 500 for status in answers)
    assert quantities() == {kept.pk: 2}


@pytest.mark.parametrize("variant", ["", "x", "-1", "999999999", "9" * 30, "１"])
def test_a_product_that_does_not_exist_is_refused_with_a_sentence(client: Client, variant: str) -> None:
    response = client.post(reverse("orders:bag_add"), {"variant": variant, "quantity": 1}, follow=True)

    assert response.status_code == 200
    assert "no longer sold" in shown(response) or "Choose a product first" in shown(response)


def test_more_than_there_is_is_refused_with_how_many_are_left(client: Client) -> None:
    variant = make_variant(make_product("Night Cream", variants=()), stock=3)

    response = add(client, variant, 4)

    assert "Only 3 of Night Cream can be ordered just now." in shown(response)
    assert quantities() == {}


def test_what_is_not_tracked_can_be_ordered_up_to_99(client: Client) -> None:
    variant = make_variant(stock=None)

    add(client, variant, 99)
    response = add(client, variant, 1)

    assert "You can order at most 99" in shown(response)
    assert quantities() == {variant.pk: 99}


def test_a_refusal_goes_back_to_where_the_shopper_was_and_never_to_another_site(client: Client) -> None:
    variant = make_variant(stock=0)
    url = reverse("orders:bag_add")

    back = client.post(url, {"variant": variant.pk, "next": "/shop/"})
    evil = client.post(url, {"variant": variant.pk, "next": "//evil.example/"})

    assert (back["Location"], evil["Location"]) == ("/shop/", reverse("orders:bag"))


def test_a_line_is_updated_removed_and_put_back(client: Client) -> None:
    variant = make_variant(make_product("Night Cream", variants=()))
    add(client, variant, 2)

    client.post(reverse("orders:bag_update"), {"variant": variant.pk, "quantity": 4})
    removed = client.post(reverse("orders:bag_remove"), {"variant": variant.pk}, follow=True)

    assert quantities() == {}
    assert "Night Cream was removed." in shown(removed)
    client.post(reverse("orders:bag_undo"), {"variant": variant.pk, "quantity": 4})
    assert quantities() == {variant.pk: 4}


@pytest.mark.parametrize(
    "query", ["removed=x&quantity=1", "removed=1&quantity=x", "removed=99999&quantity=1", "country=XX"]
)
def test_a_made_up_address_of_the_bag_is_harmless(client: Client, query: str) -> None:
    add(client, make_variant())

    response = client.get(f"{reverse('orders:bag')}?{query}")

    assert response.status_code == 200
    assert "was removed" not in shown(response)


@pytest.mark.parametrize("name", ["bag_add", "bag_update", "bag_remove", "bag_undo", "code_apply", "code_remove"])
def test_the_bag_is_never_changed_by_a_get(client: Client, name: str) -> None:
    assert client.get(reverse(f"orders:{name}")).status_code == 405


@pytest.mark.parametrize("name", ["bag_add", "bag_update", "bag_remove", "bag_undo", "code_apply", "code_remove"])
def test_the_bag_is_never_changed_without_a_token(name: str) -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.post(reverse(f"orders:{name}"), {"variant": 1}).status_code == 403


@pytest.mark.parametrize("name", ["bag_update", "bag_remove", "bag_undo", "code_apply", "code_remove"])
def test_a_change_to_a_bag_that_is_gone_says_so(client: Client, name: str) -> None:
    response = client.post(reverse(f"orders:{name}"), {"variant": make_variant().pk, "quantity": 1}, follow=True)

    assert response.status_code == 200
    assert "Your bag is empty" in shown(response)


def test_two_tabs_change_one_bag_and_the_last_one_counts(client: Client) -> None:
    first, second = make_variant(), make_variant()
    add(client, first)
    tab = Client()
    tab.cookies[COOKIE] = client.cookies[COOKIE].value

    add(tab, second)
    tab.post(reverse("orders:bag_remove"), {"variant": first.pk})
    client.post(reverse("orders:bag_update"), {"variant": first.pk, "quantity": 3})

    assert quantities() == {second.pk: 1, first.pk: 3}


def test_a_changed_price_is_told_and_counted(client: Client) -> None:
    variant = make_variant(price_minor=1000)
    add(client, variant)
    Variant.objects.filter(pk=variant.pk).update(price_minor=1200)

    page = shown(client.get(reverse("orders:bag")))

    assert "The price has changed from £10.00 to £12.00 since you added this." in page
    assert page.count("£12.00") >= 3


def test_a_withdrawn_product_is_marked_and_left_out_of_the_total(client: Client) -> None:
    kept, gone = make_variant(price_minor=1000), make_variant(make_product("Old Soap", variants=()), price_minor=700)
    add(client, kept)
    add(client, gone)
    Product.objects.filter(pk=gone.product_id).update(status=Product.Status.ARCHIVED)

    page = shown(client.get(reverse("orders:bag")))

    assert "Old Soap is no longer sold, so it does not count towards your total." in page
    assert "£17.00" not in page
    assert "Some products cannot be bought as they are" in page
    client.post(reverse("orders:bag_remove"), {"variant": gone.pk})
    assert "Go to checkout" in shown(client.get(reverse("orders:bag")))


def test_stock_that_shrank_is_told_and_stops_the_way_to_checkout(client: Client) -> None:
    variant = make_variant(make_product("Night Cream", variants=()), stock=5)
    add(client, variant, 3)
    StockItem.objects.filter(variant=variant).update(on_hand=1)

    page = shown(client.get(reverse("orders:bag")))

    assert "Only 1 of Night Cream is left." in page
    assert "Go to checkout" not in page


def test_the_estimate_shows_delivery_vat_and_total(client: Client) -> None:
    make_tax_rate(), make_shipping_method(price_minor=350, free_over_minor=4000)
    add(client, make_variant(price_minor=1000))

    page = shown(client.get(reverse("orders:bag")))

    assert all(amount in page for amount in ("£10.00", "£3.50", "£13.50", "£2.25"))


def test_a_country_without_a_rate_of_tax_is_refused_with_a_sentence(client: Client) -> None:
    make_tax_rate("GB")
    make_shipping_method(countries=["GB", "FR"])
    add(client, make_variant())

    page = shown(client.get(reverse("orders:bag") + "?country=FR"))

    assert "We cannot sell to France yet: no standard tax rate is set for it." in page
    assert "Go to checkout" not in page


def test_a_total_below_the_smallest_charge_is_refused_with_a_sentence(client: Client) -> None:
    add(client, make_variant(price_minor=20))

    assert "The smallest card payment is £0.30, and this order comes to £0.20." in shown(
        client.get(reverse("orders:bag"))
    )


def test_a_code_is_applied_whatever_its_case_and_removed(client: Client) -> None:
    make_discount("SPRING", percent_bps=1000)
    add(client, make_variant(price_minor=1000))

    client.post(reverse("orders:code_apply"), {"code": " spring "})
    assert "-£1.00" in shown(client.get(reverse("orders:bag")))

    client.post(reverse("orders:code_remove"))
    assert "-£1.00" not in shown(client.get(reverse("orders:bag")))


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

    assert reason in shown(response)
    assert Cart.objects.get().discount_code == ""


@pytest.mark.parametrize("code", ["", "nope", "x" * 10_000, "'; drop table", "１"])
def test_a_code_that_nobody_made_is_unknown(client: Client, code: str) -> None:
    add(client, make_variant())

    response = client.post(reverse("orders:code_apply"), {"code": code}, follow=True)

    assert "We do not know that code." in shown(response)


def test_a_code_that_stops_applying_stays_with_its_reason(client: Client) -> None:
    make_discount("SPRING", minimum_items_minor=1500)
    variant = make_variant(price_minor=1000)
    add(client, variant, 2)
    client.post(reverse("orders:code_apply"), {"code": "SPRING"})

    client.post(reverse("orders:bag_update"), {"variant": variant.pk, "quantity": 1})

    assert "The code SPRING is for orders from £15.00." in shown(client.get(reverse("orders:bag")))


def sign_in(client: Client, user: object) -> None:
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})  # type: ignore[attr-defined]


def test_signing_in_makes_the_guests_bag_ones_own(client: Client) -> None:
    user, variant = make_user(), make_variant()
    add(client, variant, 2)

    sign_in(client, user)

    assert Cart.objects.open().get().user == user
    assert quantities() == {variant.pk: 2}


def test_signing_in_merges_two_bags_and_the_larger_quantity_stays(client: Client) -> None:
    user, both, old, new = make_user(), make_variant(), make_variant(), make_variant()
    make_cart({both: 1, old: 1}, user=user)
    add(client, both, 3)
    add(client, new, 1)

    sign_in(client, user)

    own = Cart.objects.open().get(user=user)
    assert dict(own.lines.values_list("variant", "quantity")) == {both.pk: 3, old.pk: 1, new.pk: 1}
    assert Cart.objects.open().count() == 1


def test_a_bag_that_belongs_to_somebody_is_hidden_once_they_sign_out(client: Client) -> None:
    add(client, make_variant())
    sign_in(client, make_user())

    client.post(reverse("account_logout"))

    assert "Your bag is empty" in shown(client.get(reverse("orders:bag")))


def test_a_paid_bag_closes_and_what_was_added_meanwhile_stays(client: Client) -> None:
    bought, later = make_variant(), make_variant()
    add(client, bought, 1)
    cart = Cart.objects.get()
    order = make_order()
    Cart.objects.filter(order=order).update(order=None)
    Cart.objects.filter(pk=cart.pk).update(order=order)
    add(client, later, 2)

    pay(order)

    left = Cart.objects.open().get(token=cart.token)
    assert sorted(left.lines.values_list("variant", "quantity")) == sorted([(bought.pk, 1), (later.pk, 2)])
    assert Cart.objects.get(pk=cart.pk).closed_at is not None


def test_a_bag_of_its_own_unpaid_order_still_shows_what_it_holds(client: Client) -> None:
    variant = make_variant(stock=1)
    add(client, variant)
    order = make_order({make_variant(): 1})
    Cart.objects.filter(order=order).update(order=None)
    Cart.objects.exclude(lines__variant=variant).delete()
    order.lines.update(variant=variant)
    Cart.objects.update(order=order)
    StockItem.objects.filter(variant=variant).update(reserved=1)

    page = shown(client.get(reverse("orders:bag")))

    assert f"Order {order.number} waits for its payment" in page
    assert "has sold out" not in page


def test_the_count_costs_no_query_without_a_bag_and_one_with(
    client: Client, rf: RequestFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    add(client, make_variant(), 2)
    visitor, shopper = rf.get("/"), rf.get("/")
    visitor.user = shopper.user = AnonymousUser()
    shopper.COOKIES[COOKIE] = client.cookies[COOKIE].value

    with django_assert_num_queries(0):
        assert bag(visitor)["bag_count"] == 0
    with django_assert_num_queries(1):
        assert bag(shopper)["bag_count"] == 2


def test_the_bag_page_costs_the_same_whatever_its_length(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_tax_rate(), make_shipping_method()
    for _ in range(12):
        add(client, make_variant())

    with django_assert_max_num_queries(12):
        client.get(reverse("orders:bag"))


def test_bags_that_nobody_touched_for_13_months_are_purged() -> None:
    old, young = make_cart(), make_cart()
    Cart.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(days=400))

    purge_old_bags()

    assert list(Cart.objects.all()) == [young]


def test_markup_in_a_products_name_is_shown_as_text(client: Client) -> None:
    variant = make_variant(make_product("<b>Bold</b>", slug="bold", variants=()))

    page = shown(add(client, variant))

    assert "<b>Bold</b>" not in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
