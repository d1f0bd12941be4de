"""Races on a real server: the last unit, opposite orders, a limit, one key, one sale, numbers without gaps."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.errors import DomainError, OutOfStock
from mail.models import OutgoingMail
from orders.lifecycle import cancel_unpaid, lock_order, mark_paid
from orders.models import DiscountCode, Invoice, Order, SalesEntry
from orders.refunding import ReturnedUnits, take_units
from orders.tests.factories import make_cart, make_discount, make_order, make_shipping_method, make_tax_rate, place
from products.models import StockItem, StockMovement, Variant
from products.tests.factories import make_variant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run the acts in threads that start together; return what each answered, or the refusal that it met."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            return act()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def terms() -> None:
    make_tax_rate()
    make_shipping_method()


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=pytest.mark.drill)])
def test_fifty_shoppers_want_the_last_unit_and_one_gets_it(rounds: int) -> None:
    terms()
    for _ in range(rounds):
        variant = make_variant(stock=1)
        carts = [make_cart({variant: 1}) for _ in range(50)]

        outcomes = at_once([lambda cart=cart: place(cart, expected_total_minor=1350) for cart in carts])

        assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, OutOfStock) for outcome in outcomes) == 49
        assert StockItem.objects.get(variant=variant).reserved == 1


def test_two_bags_with_the_same_products_in_opposite_order_never_wait_for_each_other() -> None:
    terms()
    one, two = make_variant(stock=1000), make_variant(stock=1000)

    def often(first: object, second: object) -> Callable[[], int]:
        carts = [make_cart({first: 1, second: 1}) for _ in range(100)]  # type: ignore[dict-item]
        return lambda: len([place(cart, expected_total_minor=2350) for cart in carts])

    assert at_once([often(one, two), often(two, one)]) == [100, 100]
    assert list(StockItem.objects.values_list("reserved", flat=True)) == [200, 200]


def test_a_limited_code_is_never_redeemed_more_often() -> None:
    terms()
    make_discount("FEW", limit=5)
    carts = [make_cart({make_variant(): 1}, discount_code="FEW") for _ in range(20)]

    outcomes = at_once([lambda cart=cart: place(cart, expected_total_minor=1250) for cart in carts])

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 5
    assert DiscountCode.objects.get().used == 5


def test_pressing_ten_times_at_once_makes_one_order() -> None:
    terms()
    variant = make_variant(stock=100)
    cart = make_cart({variant: 1})

    outcomes = at_once([lambda: place(cart, checkout_key="once", expected_total_minor=1350)] * 10)

    assert len({outcome.pk for outcome in outcomes if isinstance(outcome, Order)}) == 1
    assert [type(outcome) for outcome in outcomes] == [Order] * 10
    assert StockItem.objects.get().reserved == 1


def test_twenty_confirmations_at_once_are_one_sale() -> None:
    order = make_order({make_variant(stock=3): 2})
    at = timezone.now()

    outcomes = at_once([lambda: mark_paid(order.pk, at=at, amount_minor=order.total_minor, currency="GBP").status] * 20)

    assert outcomes == ["paid"] * 20
    assert SalesEntry.objects.filter(kind="sale").count() == 1
    assert StockMovement.objects.filter(kind="sold").count() == 1
    assert Invoice.objects.count() == 1
    assert OutgoingMail.objects.filter(kind="order_receipt").count() == 1


def test_a_payment_and_a_cancellation_at_once_end_in_one_of_them() -> None:
    for _ in range(10):
        variant = make_variant(stock=1)
        order = make_order({variant: 1})

        at_once(
            [
                lambda order=order: mark_paid(
                    order.pk, at=timezone.now(), amount_minor=order.total_minor, currency="GBP"
                ),
                lambda order=order: cancel_unpaid(order.pk, reason="shopper"),
            ]
        )

        status, stock = Order.objects.get(pk=order.pk).status, StockItem.objects.get(variant=variant)
        assert (status, stock.on_hand, stock.reserved) in {("paid", 0, 0), ("canceled", 1, 0)}


def test_thirty_sales_at_once_get_thirty_numbers_without_a_gap() -> None:
    orders = [make_order() for _ in range(30)]

    at_once(
        [
            lambda order=order: mark_paid(order.pk, at=timezone.now(), amount_minor=order.total_minor, currency="GBP")
            for order in orders
        ]
    )

    assert sorted(Invoice.objects.values_list("number", flat=True)) == list(range(1, 31))


def test_two_refunds_that_restock_the_same_products_in_opposite_order_never_wait_for_each_other() -> None:
    terms()
    one, two = make_variant(stock=1000), make_variant(stock=1000)

    def often(first: Variant, second: Variant) -> Callable[[], int]:
        orders = [make_order({first: 1, second: 1}, paid=True) for _ in range(60)]
        return lambda: len([restock_all(order) for order in orders])

    assert at_once([often(one, two), often(two, one)]) == [60, 60]
    assert list(StockItem.objects.values_list("on_hand", flat=True)) == [1000, 1000]


@transaction.atomic
def restock_all(order: Order) -> Order:
    locked = lock_order(order.pk)
    units = [ReturnedUnits(line, line.quantity, line.pk, restocked=line.quantity) for line in locked.lines.all()]
    take_units(locked, units, at=timezone.now())
    return locked
