"""The bag: what a shopper may do to it, and every kind of bad input that leaves the rest of it alone."""

import pytest
from django.test import Client
from django.urls import reverse

from orders.bag import COOKIE
from orders.models import Cart, CartLine
from orders.tests.factories import make_cart
from products.models import Variant
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


def test_markup_in_a_products_name_is_shown_as_text(client: Client) -> None:
    variant = make_variant(make_product("<b>Bold</b>", slug="bold", variants=()))

    page = shown(add(client, variant))

    assert "<b>Bold</b>" not in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
