"""Placing an order: what it keeps, what it holds, and every reason to refuse it."""

import pytest

from accounts.tests.factories import make_customer, make_user
from core.errors import AmountMismatch, DomainError, NotAllowedInState, OutOfStock
from core.models import StoreSetting
from orders.models import Cart, CartLine, DiscountCode, Order
from orders.placing import TotalChanged, set_expiry
from orders.tests.factories import (
    line_of,
    make_cart,
    make_discount,
    make_order,
    make_shipping_method,
    make_tax_rate,
    place,
)
from products.models import Product, StockItem, Variant
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db


def reserved(variant: Variant) -> int:
    return StockItem.objects.get(variant=variant).reserved


def test_an_order_keeps_a_full_snapshot_and_holds_its_stock() -> None:
    make_discount("SPRING", percent_bps=1000)
    cream = make_variant(
        make_product("Night Cream", variants=()), price_minor=1500, cost_minor=600, name="50 ml", stock=5
    )
    cart = make_cart({cream: 3}, discount_code="SPRING")

    order = place(cart, email="Alice@Example.com")

    line = line_of(order)
    assert (order.status, order.total_minor, order.items_minor) == ("pending", 4050 + 350, 4500)
    assert (order.discount_minor, order.tax_minor, order.shipping_tax_minor) == (450, 675 + 58, 58)
    assert (line.sku, line.name, line.variant_name, line.quantity) == (cream.sku, "Night Cream", "50 ml", 3)
    assert (line.unit_price_minor, line.discount_minor, line.total_minor) == (1500, 450, 4050)
    assert (line.tax_minor, line.tax_rate_bps, line.unit_cost_minor) == (675, 2000, 600)
    assert (order.address.city, order.address.country.code, order.country.code) == ("Leeds", "GB", "GB")
    assert order.customer.email_canonical == "alice@example.com"
    assert [(event.kind, event.to_status) for event in order.events.all()] == [("placed", "pending")]
    assert reserved(cream) == 3
    assert DiscountCode.objects.get().used == 1


def test_tax_on_top_comes_to_the_total() -> None:
    StoreSetting.objects.create(prices_include_tax=False)

    order = make_order({make_variant(price_minor=1000): 1})

    assert (order.tax_minor, order.shipping_tax_minor, order.total_minor) == (270, 70, 1000 + 350 + 270)


def test_the_order_expires_when_the_settings_say_and_later_if_told() -> None:
    StoreSetting.objects.create(order_expiry_minutes=60)
    order = make_order()

    assert (order.expires_at - order.placed_at).total_seconds() == 3600
    later = order.expires_at.replace(year=2099)
    set_expiry(order.pk, later)
    assert Order.objects.get().expires_at == later


def test_the_order_of_somebody_signed_in_is_their_customers_whatever_address_they_type() -> None:
    user = make_user()

    order = place(make_cart(), email="office@example.com", user=user)

    assert (order.customer, order.email) == (user.customer, "office@example.com")


def test_the_order_of_a_guest_is_that_of_the_one_buyer_with_this_address() -> None:
    customer = make_customer("alice@example.com")

    assert place(make_cart(), email=" ALICE@example.com ").customer == customer


def test_the_same_key_again_returns_the_same_order_and_holds_nothing_twice() -> None:
    variant = make_variant(stock=5)
    cart = make_cart({variant: 2})

    first, second = place(cart, checkout_key="once"), place(cart, checkout_key="once")

    assert first == second
    assert reserved(variant) == 2


def test_the_same_key_with_another_bag_never_meets_anothers_order() -> None:
    one, other = place(make_cart(), checkout_key="same"), place(make_cart(), checkout_key="same")

    assert one != other


def test_a_total_that_is_not_the_one_shown_is_refused_with_the_new_one() -> None:
    variant = make_variant(price_minor=1000)
    cart = make_cart({variant: 1})
    make_shipping_method()
    Variant.objects.filter(pk=variant.pk).update(price_minor=1200)

    with pytest.raises(TotalChanged, match=r"from £13\.50 to £15\.50") as refusal:
        place(cart, expected_total_minor=1350)

    assert isinstance(refusal.value, AmountMismatch)
    assert refusal.value.total_minor == 1550
    assert (Order.objects.count(), reserved(variant)) == (0, 0)


def test_an_accepted_price_is_no_longer_told_as_changed() -> None:
    variant = make_variant(price_minor=1000)
    cart = make_cart({variant: 1})
    Variant.objects.filter(pk=variant.pk).update(price_minor=1200)

    place(cart)

    assert CartLine.objects.get().seen_price_minor == 1200


def test_more_than_is_left_is_refused_politely_and_nothing_is_kept() -> None:
    variant = make_variant(make_product("Night Cream", variants=()), stock=5)
    cart = make_cart({make_variant(): 1, variant: 3})
    StockItem.objects.filter(variant=variant).update(on_hand=2)

    with pytest.raises(OutOfStock, match="only 2 left of Night Cream") as refusal:
        place(cart)

    assert (refusal.value.variant_id, refusal.value.available) == (variant.pk, 2)
    assert Order.objects.count() == 0
    assert set(StockItem.objects.values_list("reserved", flat=True)) == {0}


def test_a_withdrawn_product_is_refused_by_name() -> None:
    variant = make_variant(make_product("Old Soap", variants=()))
    cart = make_cart({variant: 1})
    Product.objects.update(status=Product.Status.ARCHIVED)

    with pytest.raises(DomainError, match="Old Soap is no longer sold"):
        place(cart)


def test_an_empty_bag_is_refused() -> None:
    with pytest.raises(DomainError, match="Your bag is empty"):
        place(make_cart({}))


def test_a_bag_that_was_paid_for_is_refused() -> None:
    order = make_order(paid=True)

    with pytest.raises(DomainError, match="already been paid"):
        place(Cart.objects.get(order=order))


def test_a_bag_whose_order_waits_for_its_payment_is_not_ordered_again() -> None:
    order = make_order()

    with pytest.raises(NotAllowedInState, match=f"Order {order.number} already holds these products"):
        place(Cart.objects.get(order=order))


def test_a_country_without_a_rate_of_tax_is_refused() -> None:
    method = make_shipping_method(countries=["FR"])

    with pytest.raises(DomainError, match="no standard tax rate is set for it"):
        place(make_cart(), country="FR", method=method)


def test_a_zero_rate_is_a_rate() -> None:
    make_tax_rate("FR", 0)

    order = place(make_cart(), country="FR", method=make_shipping_method(countries=["FR"]))

    assert (order.tax_minor, line_of(order).tax_rate_bps) == (0, 0)


def test_a_way_of_delivery_that_does_not_go_there_is_refused() -> None:
    make_tax_rate("FR")

    with pytest.raises(DomainError, match="not offered to France"):
        place(make_cart(), country="FR", expected_total_minor=0, method=make_shipping_method(countries=["GB"]))


def test_a_bag_too_heavy_for_the_way_of_delivery_is_refused() -> None:
    method = make_shipping_method("Letter", max_weight_g=100)

    with pytest.raises(DomainError, match="too heavy for Letter"):
        place(make_cart({make_variant(weight_g=60): 2}), method=method)


@pytest.mark.parametrize("minor", [1, 29])
def test_a_total_below_the_smallest_charge_is_refused(minor: int) -> None:
    method = make_shipping_method(price_minor=0)

    with pytest.raises(DomainError, match=r"The smallest card payment is £0\.30"):
        place(make_cart({make_variant(price_minor=minor): 1}), method=method)


def test_a_free_order_waits_for_its_confirmation_like_any_other() -> None:
    make_discount("GIFT", percent_bps=10_000)

    order = place(make_cart(discount_code="GIFT"), method=make_shipping_method(price_minor=0))

    assert (order.total_minor, order.status) == (0, "pending")


def test_a_code_that_was_used_up_meanwhile_is_refused_and_nothing_is_kept() -> None:
    code = make_discount("LAST", limit=1, used=1)
    cart = make_cart(discount_code="LAST")

    with pytest.raises(DomainError, match=r"The code LAST has been used up\. Remove it to go on"):
        place(cart)

    code.refresh_from_db()
    assert (code.used, Order.objects.count()) == (1, 0)


def test_a_bag_of_two_products_splits_its_discount_without_losing_a_penny() -> None:
    make_discount("TEN", kind="amount", percent_bps=0, amount_minor=1000, currency="GBP")

    order = make_order({make_variant(price_minor=1999): 1, make_variant(price_minor=1001): 2}, discount_code="TEN")

    assert [line.discount_minor for line in order.lines.all()] == [500, 500]
    assert sum(line.total_minor for line in order.lines.all()) == order.items_minor - order.discount_minor
