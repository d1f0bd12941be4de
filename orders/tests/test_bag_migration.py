"""Bags of before take the currency of their order, and those that were merged let go of it."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from orders.models import Cart
from orders.tests.factories import make_cart, make_order, pay, place

migration = import_module("orders.migrations.0006_bags_know_their_currency")


@pytest.mark.django_db
def test_bags_of_before_take_the_currency_of_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "BATCH", 1)
    sold, waiting, merged, empty = pay(make_order()), place(make_cart()), place(make_cart()), make_cart()
    Cart.objects.update(currency="")
    Cart.objects.filter(order=merged).update(closed_at=timezone.now())

    for _ in range(2):
        migration.take_the_currency_of_the_order(apps, None)

    assert list(Cart.objects.order_by("pk").values_list("order", "currency")) == [
        (sold.pk, "GBP"), (waiting.pk, "GBP"), (None, ""), (None, ""),
    ]  # fmt: skip
    assert empty.order is None
