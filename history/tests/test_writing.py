"""The set-based writer writes what bulk_create would."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.forms.models import model_to_dict

from accounts.tests.factories import make_customer
from core.models import DirtyDay
from history.writing import draw_keys, insert_objects, insert_values, update_objects
from orders.models import Order, OrderEvent, OrderLine
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db
AT = datetime(2026, 6, 1, 9, 0, 0, 123456, tzinfo=UTC)


def make(key, variant, customer):
    order = Order(
        customer=customer, email="ä@example.com", checkout_key=key, country="GB", currency="GBP", items_minor=10,
        total_minor=10, prices_include_tax=True, placed_at=AT, cancel_reason='a "quote", a\ttab, a \\ and a %s',
    )  # fmt: skip
    line = OrderLine(
        order=order, position=1, variant=variant, sku="S", name="N", quantity=1, unit_price_minor=10, total_minor=10
    )
    event = OrderEvent(order=order, at=AT, kind="placed", detail={"reason": "€", "n": 1, "none": None})
    return order, line, event


def stored(row):
    fresh = type(row).objects.get(pk=row.pk)
    left_out = {"id", "public_id", "checkout_key", "order"}
    return {name: value for name, value in model_to_dict(fresh).items() if name not in left_out}


def test_rows_are_those_of_bulk_create():
    variant, customer = make_variant(), make_customer()
    ours, theirs = make("a", variant, customer), make("b", variant, customer)
    for mine, other in zip(ours, theirs, strict=True):
        insert_objects(type(mine), [mine])
        type(other).objects.bulk_create([other])
        assert stored(mine) == stored(other)
    assert ours[1].order_id == ours[0].pk
    assert Order.objects.get(pk=ours[0].pk).placed_at == AT


def test_keys_are_never_given_twice():
    variant, customer = make_variant(), make_customer()
    first = make("a", variant, customer)[0]
    insert_objects(Order, [first])
    second = make("b", variant, customer)[0]
    second.save()
    third = make("c", variant, customer)[0]
    insert_objects(Order, [third])
    assert first.pk < second.pk < third.pk


def test_several_keys_are_drawn_at_once():
    keys = draw_keys(Order, 3)
    assert len(set(keys)) == 3


def test_values_need_every_field():
    insert_values(DirtyDay, ("source_type", "source_id", "day"), [("x", 1, date(2026, 6, 1))])
    assert DirtyDay.objects.values_list("source_type", "source_id", "day").get() == ("x", 1, date(2026, 6, 1))
    with pytest.raises(TypeError, match="DirtyDay has the fields"):
        insert_values(DirtyDay, ("source_type", "day"), [("x", date(2026, 6, 1))])


def test_nothing_is_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_objects(Order, [])
        insert_values(DirtyDay, ("source_type", "source_id", "day"), [])
        update_objects(Order, [], ("status",))


def test_updates_change_these_fields_of_these_rows():
    variant, customer = make_variant(), make_customer()
    orders = [make(key, variant, customer)[0] for key in "abc"]
    insert_objects(Order, orders)
    for order in orders[:2]:
        order.status, order.canceled_at, order.email = "canceled", AT, "other@example.com"
    update_objects(Order, orders[:2], ("status", "canceled_at"))
    rows = Order.objects.order_by("pk").values_list("status", "canceled_at", "email")
    assert list(rows) == [("canceled", AT, "ä@example.com")] * 2 + [("pending", None, "ä@example.com")]


def test_the_rules_of_the_table_hold():
    order = make("a", make_variant(), make_customer())[0]
    order.total_minor = 11
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_objects(Order, [order])
    assert connection.in_atomic_block
