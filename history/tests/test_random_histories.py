"""Invented trade of several seeds, imported whole, in small pieces, and checked against a reader of its own."""

import json
from datetime import UTC, date, datetime

import pytest
from django.db.models import Sum

from demo.tests.replay import Replay
from demo.trade import ALL_TYPES, generate_history
from history.importing import import_history
from history.tests.checks import assert_consistent
from orders.models import Order, OrderLine
from payments.models import Refund
from products.models import StockItem, StockMovement

pytestmark = pytest.mark.django_db
TYPES = ALL_TYPES - {"cart"}
NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


def make_lines(seed, orders):
    days = {"start": date(2026, 2, 1), "end": date(2026, 11, 24)}
    return list(generate_history(seed=seed, orders=orders, **days, now=NOW, time_zone="Europe/London", types=TYPES))


def raw(lines):
    return [json.dumps(line).encode() for line in lines]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [25, 800])
def test_an_invented_history_is_imported_to_the_penny(seed, size, monkeypatch):
    monkeypatch.setattr("history.importing.batch_size", lambda: size)
    lines = make_lines(seed, orders=150)
    reader = Replay(now=NOW)
    for line in lines:
        reader.read(line)
    outcome = import_history(raw(lines))
    assert outcome.bad == []
    assert_consistent()
    assert dict(StockItem.objects.values_list("variant__sku", "on_hand")) == reader.on_hand
    assert not StockMovement.objects.filter(reason="opening correction").exists()
    totals = {order.total for order in reader.orders.values()}
    assert set(Order.objects.values_list("total_minor", flat=True)) == totals
    paid = sum(order.total for order in reader.orders.values() if order.paid_at)
    left = sum(order.refundable for order in reader.orders.values() if order.paid_at)
    standing = Refund.objects.filter(status__in=["succeeded", "pending"]).aggregate(total=Sum("amount_minor"))["total"]
    assert paid - left == standing
    assert import_history(raw(lines)).new == {}


def test_the_same_history_gives_the_same_rows_whatever_the_size_of_batches(monkeypatch):
    lines = make_lines(5, orders=120)
    found = []
    for size, source in ((7, "small"), (10_000, "large")):
        monkeypatch.setattr("history.importing.batch_size", lambda size=size: size)
        assert import_history(raw(lines), source=source).bad == []
        start = Order.objects.order_by("pk").first().pk + (120 if found else 0)
        orders = Order.objects.filter(pk__gte=start).order_by("pk")
        fields = (
            "status",
            "cancel_reason",
            "total_minor",
            "paid_minor",
            "refunded_minor",
            "fulfilled_at",
            "expires_at",
        )
        units = ("quantity_fulfilled", "quantity_canceled", "quantity_refunded", "quantity_restocked", "discount_minor")
        rows = OrderLine.objects.filter(order__pk__gte=start).order_by("order", "position").values_list(*units)
        found.append((list(orders.values_list(*fields)), list(rows)))
    assert len(found[0][0]) == 120
    assert found[0] == found[1]
