"""Counting begins and ends in the midst of trade, on a real server: reserved is what unpaid orders hold, every time."""

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.tests.factories import make_user
from core.tests.races import at_once
from orders.holds import lines_held, units_held
from orders.lifecycle import cancel_unpaid, expire, mark_paid, revive_expired
from orders.models import Order
from orders.tests.factories import make_cart, make_order, make_shipping_method, make_tax_rate, pay, place
from products import stock, tracking
from products.models import StockItem, Variant
from products.tests.factories import make_variant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TOTAL = 1350


def deliver(variant: Variant) -> None:
    stock.receive(variant.pk, quantity=100, source_type="delivery", source_id=variant.pk)


def assert_reserved_is_held(variant: Variant) -> None:
    item = StockItem.objects.get(variant=variant, tracked=True)
    assert item.reserved == sum(lines_held(variant.pk).values_list("quantity", flat=True))


@transaction.atomic
def revive(order: Order) -> None:
    revive_expired(order.pk)
    mark_paid(order.pk, at=timezone.now(), amount_minor=TOTAL, currency="GBP")


def expired(variant: Variant) -> Order:
    order = make_order({variant: 1})
    Order.objects.filter(pk=order.pk).update(expires_at=order.placed_at)
    return expire(order.pk, now=timezone.now())


@pytest.mark.parametrize("attempt", range(8))
def test_counting_begins_while_orders_are_placed_paid_given_up_and_revived(attempt: int) -> None:
    make_tax_rate()
    make_shipping_method()
    variant = make_variant(stock=None)
    carts = [make_cart({variant: 1}) for _ in range(6)]
    given_up, paid = [make_order({variant: 1}) for _ in range(4)], [make_order({variant: 1}) for _ in range(4)]
    late = [expired(variant) for _ in range(3)]

    acts = [
        *(lambda cart=cart: place(cart, expected_total_minor=TOTAL) for cart in carts),
        *(lambda order=order: cancel_unpaid(order.pk, reason="shopper") for order in given_up),
        *(lambda order=order: pay(order) for order in paid),
        *(lambda order=order: revive(order) for order in late),
        lambda: deliver(variant),
    ]
    assert at_once(acts[attempt:] + acts[:attempt]) == ["done"] * len(acts)

    assert_reserved_is_held(variant)
    for order in Order.objects.filter(status="pending", lines__variant=variant)[:3]:
        pay(order)
    assert_reserved_is_held(variant)


@pytest.mark.parametrize("attempt", range(4))
def test_counting_is_switched_off_and_on_while_orders_are_placed_and_given_up(attempt: int) -> None:
    make_tax_rate()
    make_shipping_method()
    variant, actor = make_variant(stock=500), make_user("ops")
    carts = [make_cart({variant: 1}) for _ in range(8)]
    orders = [make_order({variant: 1}) for _ in range(6)]

    def switch() -> None:
        for _ in range(3):
            tracking.stop_tracking(variant.pk, actor=actor)
            tracking.start_tracking(variant.pk, actor=actor)

    acts = [
        *(lambda cart=cart: place(cart, expected_total_minor=TOTAL) for cart in carts),
        *(lambda order=order: cancel_unpaid(order.pk, reason="shopper") for order in orders),
        switch,
        switch,
    ]
    assert at_once(acts[attempt * 3 :] + acts[: attempt * 3]) == ["done"] * len(acts)

    assert_reserved_is_held(variant)


def test_an_order_of_which_the_units_are_counted_waits_with_its_payment() -> None:
    variant = make_variant(stock=None)
    order = make_order({variant: 2})
    outcomes = []

    with transaction.atomic():
        assert units_held(variant.pk) == 2
        with pytest.raises(Exception, match="could not obtain lock"):
            at_once([lambda: outcomes.append(locked_at_once(order))])
    assert outcomes == []


def locked_at_once(order: Order) -> Order:
    with transaction.atomic():
        return Order.objects.select_for_update(nowait=True, no_key=True).get(pk=order.pk)
