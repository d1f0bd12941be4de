"""Sending goods: in parts, all of it, never more than is left, and not while the order is held."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from core.models import DirtyDay
from orders.fulfilment import ship
from orders.models import Order
from orders.tests.factories import line_of, make_order
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db


def test_part_of_an_order_leaves_it_paid_and_the_rest_fulfils_it() -> None:
    order = make_order({make_variant(): 2, make_variant(): 1}, paid=True)
    first = line_of(order, 1)

    part = ship(order.pk, lines={first.pk: 1}, carrier="Royal Mail", tracking="RM1")
    assert part.status == "paid"
    whole = ship(order.pk)

    assert (whole.status, [line.quantity_to_ship for line in whole.lines.all()]) == ("fulfilled", [0, 0])
    assert [event.kind for event in order.events.all()] == ["placed", "paid", "shipped", "shipped", "fulfilled"]
    assert DirtyDay.objects.filter(source_type="fulfilment").count() == 2


def test_an_order_is_fulfilled_by_its_last_parcel_whichever_was_recorded_last() -> None:
    order = make_order({make_variant(): 2}, paid=True)
    now = timezone.now()

    ship(order.pk, lines={line_of(order).pk: 1}, at=now)
    whole = ship(order.pk, at=now - timedelta(days=1))

    assert (whole.status, whole.fulfilled_at) == ("fulfilled", now)


@pytest.mark.parametrize("quantity", [-1, 3, 10**9])
def test_more_units_than_are_left_cannot_be_sent(quantity: int) -> None:
    order = make_order({make_variant(): 2}, paid=True)

    with pytest.raises(DomainError, match="2 left to send"):
        ship(order.pk, lines={line_of(order).pk: quantity})


def test_a_line_of_another_order_cannot_be_sent() -> None:
    order, other = make_order(paid=True), make_order(paid=True)

    with pytest.raises(DomainError, match="This order has no line"):
        ship(order.pk, lines={line_of(other).pk: 1})


def test_nothing_cannot_be_sent() -> None:
    order = make_order(paid=True)

    with pytest.raises(DomainError, match="nothing to send"):
        ship(order.pk, lines={})


def test_an_unpaid_order_is_not_sent_and_the_refusal_is_recorded() -> None:
    order = make_order()

    with pytest.raises(NotAllowedInState, match="it cannot be sent"):
        ship(order.pk)

    assert AuditRecord.objects.get(action="order.ship").outcome == "refused"


def test_an_order_on_hold_is_only_sent_with_a_reason() -> None:
    order = make_order(paid=True)
    Order.objects.update(held_at=timezone.now(), hold_reason="open dispute")

    with pytest.raises(NotAllowedInState, match="on hold: open dispute"):
        ship(order.pk)

    assert ship(order.pk, override_reason="Mrs Clay rang").status == "fulfilled"
    assert "Mrs Clay" in order.notes.get().text  # which can be erased; a timeline cannot
    assert order.events.get(kind="shipped").detail["override"] is True
