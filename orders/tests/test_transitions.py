"""The table of moves without a database: who may move an order where, on which condition, and what that changes."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from core.errors import NotAllowedInState
from orders.models import Order, OrderEvent, OrderLine
from orders.transitions import EXPIRED, REVIVED, TABLE, By, Status, moved

PLACED = datetime(2026, 6, 1, 9, tzinfo=UTC)
LATER = PLACED + timedelta(hours=1)
NONE_SHIPPED = [OrderLine(quantity=2)]
SOME_SHIPPED = [OrderLine(quantity=2, quantity_fulfilled=2), OrderLine(quantity=1)]
ALL_SHIPPED = [OrderLine(quantity=2, quantity_fulfilled=1, quantity_canceled=1), OrderLine(quantity=1)]
ALL_SHIPPED[1].quantity_canceled = 1
# From, to, by whom: what was decided, written out once more beside the table.
ALLOWED = {
    ("pending", "paid", "checkout"),
    ("pending", "paid", "payment"),
    ("pending", "paid", "import"),
    ("pending", "canceled", "shopper"),
    ("pending", "canceled", "staff"),
    ("pending", "canceled", "expiry"),
    ("pending", "canceled", "import"),
    ("pending", "canceled", "payment"),
    ("paid", "fulfilled", "staff"),
    ("paid", "fulfilled", "import"),
    ("paid", "canceled", "staff"),
    ("paid", "canceled", "import"),
    ("canceled", "paid", "late payment"),
}


def an_order(status: Status = Status.PENDING, **changes: object) -> Order:
    values = {"pk": 7, "placed_at": PLACED, "total_minor": 1000, "cancel_reason": ""} | changes
    return Order(status=status, **values)


def change(order: Order, target: Status, by: By, lines: list[OrderLine] | None = None, **values: object) -> OrderEvent:
    return moved(order, target, lambda: lines or [], by=by, at=values.pop("at", LATER), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("source", "target", "by"), list(product(Status, Status, By)))
def test_a_move_is_allowed_exactly_if_it_was_decided(source: Status, target: Status, by: By) -> None:
    order = an_order(source, cancel_reason=REVIVED, total_minor=0 if by == By.CHECKOUT else 1000)
    lines = ALL_SHIPPED if target == Status.FULFILLED else NONE_SHIPPED

    if (source, target, by) in ALLOWED:
        event = change(order, target, by, lines)
        assert (order.status, event.from_status, event.to_status, event.kind) == (target, source, target, target)
    else:
        with pytest.raises(NotAllowedInState) as refused:
            change(order, target, by, lines)
        assert refused.value.message == (
            f"Order {order.number} is {source.label.lower()}; it cannot become {target.label.lower()}."
        )
        assert order.status == source


def test_only_checkout_and_an_import_begin_an_order() -> None:
    assert [(row.target, row.by) for row in TABLE if row.source is None] == [(Status.PENDING, (By.CHECKOUT, By.IMPORT))]


@pytest.mark.parametrize(
    ("order", "target", "by", "lines", "sentence"),
    [
        (an_order(), Status.PAID, By.CHECKOUT, [], "There is something to pay for this order."),
        (an_order(total_minor=0), Status.PAID, By.PAYMENT, [], "There is nothing to pay for this order."),
        (
            an_order(Status.PAID),
            Status.FULFILLED,
            By.STAFF,
            NONE_SHIPPED,
            "Nothing of this order has been shipped.",
        ),
        (an_order(Status.PAID), Status.FULFILLED, By.STAFF, SOME_SHIPPED, "There is still something to ship."),
        (
            an_order(Status.PAID),
            Status.CANCELED,
            By.STAFF,
            SOME_SHIPPED,
            "Something of this order has been shipped, so it cannot be canceled.",
        ),
        (
            an_order(Status.CANCELED, cancel_reason=EXPIRED),
            Status.PAID,
            By.LATE_PAYMENT,
            [],
            "The order was canceled.",
        ),
    ],
)
def test_an_unmet_condition_is_told_and_changes_nothing(
    order: Order, target: Status, by: By, lines: list[OrderLine], sentence: str
) -> None:
    before = order.status

    with pytest.raises(NotAllowedInState) as refused:
        change(order, target, by, lines)

    assert refused.value.message == sentence
    assert order.status == before


def test_a_payment_clears_the_expiry_that_it_undoes_and_stands_after_it_in_the_timeline() -> None:
    expired_at = LATER + timedelta(minutes=5)
    order = an_order(Status.CANCELED, canceled_at=expired_at, cancel_reason=REVIVED)

    event = change(order, Status.PAID, By.LATE_PAYMENT)

    assert (order.paid_at, order.canceled_at, order.cancel_reason) == (LATER, None, "")
    assert event.at == expired_at


def test_an_event_never_stands_before_its_order_was_placed() -> None:
    order = an_order()

    event = change(order, Status.PAID, By.PAYMENT, at=PLACED - timedelta(seconds=1))

    assert (event.at, order.paid_at) == (PLACED, PLACED - timedelta(seconds=1))


def test_a_cancellation_keeps_its_reason_and_who_did_it() -> None:
    order = an_order()

    event = change(order, Status.CANCELED, By.STAFF, reason="asked by phone", actor_id=3)

    assert (order.canceled_at, order.cancel_reason, order.paid_at) == (LATER, "asked by phone", None)
    assert (event.order, event.at, event.actor_id) == (order, LATER, 3)
    assert event.detail == {"by": "staff", "reason": "asked by phone"}


def test_a_move_without_a_reason_tells_only_who_moved() -> None:
    order = an_order(Status.PAID)

    event = change(order, Status.FULFILLED, By.IMPORT, ALL_SHIPPED)

    assert (order.fulfilled_at, order.canceled_at) == (LATER, None)
    assert (event.detail, event.actor_id) == ({"by": "import"}, None)
