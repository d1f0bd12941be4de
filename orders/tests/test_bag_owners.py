"""Whose a bag is: merged at sign-in, hidden at sign-out, closed by its sale, counted, and emptied at last."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import PASSWORD, make_user
from orders.bag import COOKIE, merge_bags
from orders.context_processors import bag
from orders.jobs import empty_old_bags
from orders.lifecycle import cancel_unpaid
from orders.models import Cart, CartLine
from orders.tests.factories import make_cart, make_order, make_shipping_method, make_tax_rate, pay, place
from products.models import StockItem, Variant
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db


def add(client: Client, variant: Variant, quantity: int = 1) -> None:
    client.post(reverse("orders:bag_add"), {"variant": variant.pk, "quantity": quantity})


def shown(client: Client, query: str = "") -> str:
    return client.get(reverse("orders:bag") + query).content.decode()


def quantities() -> dict[int, int]:
    return dict(CartLine.objects.values_list("variant", "quantity"))


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

    assert "Your bag is empty" in shown(client)


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

    page = shown(client)

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


def test_bags_that_nobody_touched_for_13_months_are_emptied_and_belong_to_nobody_then() -> None:
    user = make_user()
    old, young = make_cart(user=user, discount_code="TEN"), make_cart()
    begun = timezone.now() - timedelta(days=400)
    Cart.objects.filter(pk=old.pk).update(created_at=begun, updated_at=begun)

    empty_old_bags()
    first = Cart.objects.get(pk=old.pk).emptied_at
    empty_old_bags()

    old.refresh_from_db()
    assert (old.created_at, old.user, old.discount_code, old.lines.count()) == (begun, None, "", 0)
    assert old.emptied_at == first is not None
    assert (young.lines.count(), Cart.objects.get(pk=young.pk).emptied_at) == (1, None)
    assert list(Cart.objects.open()) == [young]


def test_what_a_guest_is_about_to_pay_for_leaves_the_bag_of_who_signs_in_meanwhile() -> None:
    user, bought, other = make_user(), make_variant(), make_variant()
    guest, own = make_cart({bought: 1}), make_cart({other: 1}, user=user)
    order = place(guest)

    merge_bags(guest.token, user)
    pay(order)

    left = CartLine.objects.filter(cart__user=user, cart__closed_at=None)
    assert list(left.values_list("variant", "quantity")) == [(other.pk, 1)]
    own.refresh_from_db()
    assert own.order == order


def test_a_bag_that_was_poured_into_another_hands_on_an_order_that_may_still_be_paid_late() -> None:
    user, bought = make_user(), make_variant()
    guest, own = make_cart({bought: 1}), make_cart(user=user)
    order = cancel_unpaid(place(guest).pk, reason="expired")

    merge_bags(guest.token, user)

    guest.refresh_from_db()
    own.refresh_from_db()
    assert (guest.order, guest.currency, guest.closed_at is None) == (None, "", False)
    assert (own.order, own.currency, own.checkout_at is None) == (order, "GBP", False)


def test_a_bag_is_closed_by_its_sale_at_its_time_and_knows_the_currency() -> None:
    order = make_order()
    sold_at = timezone.now() - timedelta(hours=1)

    pay(order, at=sold_at)

    cart = Cart.objects.get(order=order)
    assert (cart.closed_at, cart.currency) == (sold_at, order.currency)
    assert set(order.entries.values_list("at", flat=True)) == {sold_at}
