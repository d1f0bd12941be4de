from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import OutOfStock
from products import stock
from products.models import StockItem, StockMovement
from products.tests.factories import make_variant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(acts: list[Callable[[], None]]) -> list[str]:
    """Run the acts in threads that start together; return the name of what each raised, or "done"."""
    start = Barrier(len(acts))

    def run(act: Callable[[], None]) -> str:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            act()
        except OutOfStock as refusal:
            return type(refusal).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_fifty_threads_reserve_the_last_unit_and_one_gets_it():
    variant = make_variant(stock=1)

    outcomes = at_once([lambda: stock.reserve({variant.pk: 1})] * 50)

    assert sorted(outcomes) == ["OutOfStock"] * 49 + ["done"]
    item = StockItem.objects.get(variant=variant)
    assert (item.on_hand, item.reserved) == (1, 1)


def test_the_same_variants_in_opposite_order_never_wait_for_each_other():
    one, two = make_variant(stock=1000), make_variant(stock=1000)

    def often(wanted: dict[int, int]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(25):
                stock.reserve(wanted)

        return run

    outcomes = at_once([often({one.pk: 1, two.pk: 1}), often({two.pk: 1, one.pk: 1})] * 4)

    assert outcomes == ["done"] * 8
    assert list(StockItem.objects.values_list("reserved", flat=True)) == [200, 200]


def test_twenty_threads_consume_the_same_order_line_and_it_is_sold_once():
    variant = make_variant(stock=9)
    stock.reserve({variant.pk: 9})

    outcomes = at_once([lambda: stock.consume([(variant.pk, 3, 71)], at=timezone.now())] * 20)

    assert outcomes == ["done"] * 20
    assert StockMovement.objects.filter(kind="sold").count() == 1
    item = StockItem.objects.get(variant=variant)
    assert (item.on_hand, item.reserved) == (6, 6)


def test_twenty_threads_receive_the_same_delivery_and_it_is_counted_once():
    variant = make_variant(stock=None)

    def receive() -> None:
        stock.receive(variant.pk, quantity=7, source_type="delivery", source_id="D-1")

    assert at_once([receive] * 20) == ["done"] * 20
    assert StockItem.objects.get(variant=variant).on_hand == 7
