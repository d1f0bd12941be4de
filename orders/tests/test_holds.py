"""Counting that begins, or ends, while unpaid orders hold units: what each holds stays its own."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import NotAllowedInState, OutOfStock
from orders.holds import units_held
from orders.lifecycle import cancel_unpaid
from orders.models import Order
from orders.placing import set_expiry
from orders.tests.factories import make_order, pay
from products import stock, tracking
from products.models import StockItem, StockMovement, Variant
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db


def uncounted() -> Variant:
    return make_variant(stock=None)


def counts(variant: Variant) -> tuple[int, int]:
    item = StockItem.objects.get(variant=variant)
    return item.on_hand, item.reserved


def deliver(variant: Variant, quantity: int, number: str = "D-1") -> None:
    stock.receive(variant.pk, quantity=quantity, source_type="delivery", source_id=number)


def test_the_first_delivery_reserves_what_unpaid_orders_hold() -> None:
    variant = uncounted()
    make_order({variant: 2})
    make_order({variant: 3})
    make_order({variant: 4}, paid=True)

    deliver(variant, 9)

    assert counts(variant) == (9, 5)


def test_an_order_placed_before_counting_gives_back_its_own_units_only() -> None:
    variant = uncounted()
    before = make_order({variant: 2})
    deliver(variant, 9)
    make_order({variant: 3})

    cancel_unpaid(before.pk, reason="shopper")

    assert counts(variant) == (9, 3)


def test_an_order_placed_before_counting_sells_its_own_units_only() -> None:
    variant = uncounted()
    before = make_order({variant: 2})
    deliver(variant, 5)
    after = make_order({variant: 3})

    pay(before)

    assert counts(variant) == (3, 3)
    pay(after)
    assert counts(variant) == (0, 0)


def test_counting_is_refused_where_unpaid_orders_hold_more_than_there_is() -> None:
    variant = uncounted()
    make_order({variant: 5})

    with pytest.raises(NotAllowedInState, match=r"^Unpaid orders hold 5 of this variant, and there are only 4\."):
        deliver(variant, 4)

    assert not StockItem.objects.filter(variant=variant).exists()
    assert StockMovement.objects.count() == 0


def test_a_test_order_and_an_order_without_a_time_hold_nothing() -> None:
    variant = uncounted()
    for change in ({"is_test": True}, {"expires_at": None}):
        Order.objects.filter(pk=make_order({variant: 2}).pk).update(**change)

    deliver(variant, 1)

    assert counts(variant) == (1, 0)


@pytest.mark.parametrize("change", [{"is_test": True}, {"expires_at": None}])
def test_an_order_that_holds_nothing_gives_nothing_back(change: dict[str, Any]) -> None:
    variant = make_variant(stock=9)
    other, idle = make_order({variant: 3}), make_order({variant: 2})
    Order.objects.filter(pk=idle.pk).update(**change)
    StockItem.objects.filter(variant=variant).update(reserved=3)

    cancel_unpaid(idle.pk, reason="shopper")

    assert counts(variant) == (9, 3)
    pay(other)
    assert counts(variant) == (6, 0)


def test_an_order_that_holds_nothing_is_sold_from_what_is_free() -> None:
    variant = make_variant(stock=4)
    make_order({variant: 3})
    late = make_order({variant: 1})
    Order.objects.filter(pk=late.pk).update(expires_at=None)
    StockItem.objects.filter(variant=variant).update(reserved=3)
    late.refresh_from_db()

    pay(late)

    assert counts(variant) == (3, 3)
    with pytest.raises(OutOfStock):
        stock.consume([(variant.pk, 1, 999)], at=timezone.now(), are_held=False)


def test_an_order_without_a_time_is_given_none_by_a_session() -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(expires_at=None)

    set_expiry(order.pk, timezone.now())

    assert Order.objects.get(pk=order.pk).expires_at is None


def test_counting_can_be_switched_off_and_on_again() -> None:
    variant, actor = make_variant(stock=9), make_user("ops")
    order = make_order({variant: 2})

    tracking.stop_tracking(variant.pk, actor=actor)
    assert counts(variant) == (9, 0)
    make_order({variant: 3})
    tracking.start_tracking(variant.pk, actor=actor)
    assert counts(variant) == (9, 5)

    pay(order)
    assert counts(variant) == (7, 3)
    acts = AuditRecord.objects.filter(action__startswith="stock.tracking").values_list("action", "actor_id")
    assert set(acts) == {("stock.tracking_stopped", actor.pk), ("stock.tracking_started", actor.pk)}


def test_switching_twice_is_one_act() -> None:
    variant, actor = make_variant(stock=9), make_user("ops")

    tracking.start_tracking(variant.pk, actor=actor)
    assert AuditRecord.objects.filter(action__startswith="stock.tracking").count() == 0
    for _ in range(2):
        tracking.stop_tracking(variant.pk, actor=actor)
    assert AuditRecord.objects.filter(action="stock.tracking_stopped").count() == 1


def test_switching_on_is_refused_where_orders_hold_more_and_says_what_to_do() -> None:
    variant, actor = make_variant(stock=2), make_user("ops")
    tracking.stop_tracking(variant.pk, actor=actor)
    make_order({variant: 5})

    with pytest.raises(NotAllowedInState, match=r"hold 5 .* only 2\. Record all that has come in"):
        tracking.start_tracking(variant.pk, actor=actor)
    deliver(variant, 3)
    tracking.start_tracking(variant.pk, actor=actor)

    assert counts(variant) == (5, 5)


def test_what_unpaid_orders_hold_is_counted_by_variant() -> None:
    one, two = uncounted(), uncounted()
    make_order({one: 2, two: 1})
    make_order({one: 3})

    assert (units_held(one.pk), units_held(two.pk), units_held(uncounted().pk)) == (5, 1, 0)
