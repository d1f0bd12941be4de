"""Two at once on a real server: a return is made once, decided on once, refunded once, and restocked once."""

import pytest

from accounts.tests.factories import make_user
from core.tests.races import at_once
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.models import Order, Return, ReturnLine
from orders.returns import decide_return, receive_return, request_return, withdraw_return
from orders.tests.factories import line_of, make_received, make_return
from payments.failed_refunds import retry_refund
from payments.models import Refund
from payments.refunding import RefundChoice, request_refund
from payments.return_refunds import refund_return
from payments.sync import sync_payment
from payments.tests.factories import make_paid
from payments.tests.test_refunding import at_stripe
from products.models import StockItem, StockMovement
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def sent(quantity: int = 3) -> Order:
    order, _ = make_paid(lines={make_variant(price_minor=1200, stock=9): quantity})
    return ship(order.pk)


def ask(order: Order, quantity: int, key: str) -> Return:
    units = {line_of(order).pk: quantity}
    return request_return(order.pk, units=units, reason="unwanted", request_key=key)


def give_back(row: Return, key: str) -> Refund:
    actor = make_user("ops")
    return refund_return(row.pk, with_shipping=False, reason="Back", actor=actor, request_key=key)


def test_ten_presses_at_once_ask_for_one_return() -> None:
    order = sent()

    assert at_once([lambda: ask(order, 3, "k" * 20)] * 10) == ["done"] * 10

    assert (Return.objects.count(), OutgoingMail.objects.filter(kind="return_requested").count()) == (1, 1)


def test_several_tabs_never_ask_for_more_than_was_sent() -> None:
    order = sent(3)

    outcomes = at_once([lambda key=key: ask(order, 2, f"tab-{key:016}") for key in range(8)])

    assert sorted(outcomes) == ["DomainError"] * 7 + ["done"]
    assert sum(ReturnLine.objects.values_list("quantity", flat=True)) == 2


def test_a_withdrawal_and_a_decision_at_once_end_in_one_of_them() -> None:
    for _ in range(6):
        row = make_return()
        actor = make_user("ops")

        outcomes = at_once(
            [
                lambda row=row: withdraw_return(row.pk, order=row.order),
                lambda row=row, actor=actor: decide_return(row.pk, decision="approved", answer="", actor=actor),
            ]
        )

        assert sorted(outcomes) == ["NotAllowedInState", "done"]
        row.refresh_from_db()
        told = OutgoingMail.objects.filter(key=f"return-approved:{row.pk}").count()
        assert (row.status, told) in {("withdrawn", 0), ("approved", 1)}


def test_two_who_open_the_parcel_count_it_once() -> None:
    row = make_return(quantity=3, actor=make_user("ops"))
    line_id = row.lines.get().line_id
    people = [make_user("ops") for _ in range(2)]

    outcomes = at_once(
        [
            lambda units=units, actor=actor: receive_return(
                row.pk, came={line_id: units}, shelved={line_id: units}, actor=actor
            )
            for units, actor in zip((2, 3), people, strict=True)
        ]
    )

    assert sorted(outcomes) == ["NotAllowedInState", "done"]
    assert OutgoingMail.objects.filter(kind="return_received").count() == 1


def test_two_staff_refund_a_return_at_once_and_it_goes_back_and_on_the_shelf_once() -> None:
    row = make_received(sent(), quantity=2, came=2, shelved=1, actor=make_user("ops"))

    outcomes = at_once([lambda key=key: give_back(row, f"staff-{key:014}") for key in range(6)])

    assert sorted(outcomes) == ["NotAllowedInState"] * 5 + ["done"]
    assert (Refund.objects.count(), at_stripe()) == (1, 2400)
    assert (StockItem.objects.get().on_hand, StockMovement.objects.filter(kind="returned").count()) == (7, 1)
    assert Return.objects.get().status == "refunded"


def test_a_return_and_a_refund_by_hand_at_once_never_give_back_the_same_units() -> None:
    row = make_received(sent(), quantity=3, came=3, shelved=3, actor=make_user("ops"))
    choice = RefundChoice(units={line_of(row.order).pk: 3}, reason="By hand")
    actor = make_user("ops")

    outcomes = at_once(
        [
            lambda: give_back(row, "k" * 20),
            lambda: request_refund(row.order_id, choice=choice, actor=actor, request_key="by-hand-00000001"),
        ]
    )

    assert sorted(outcomes) == ["DomainError", "done"]
    assert at_stripe() == 3600
    assert line_of(row.order).quantity_refunded == 3


def test_a_failed_refund_tried_again_by_many_at_once_is_one_refund() -> None:
    row = make_received(sent(), quantity=2, came=2, shelved=1, actor=make_user("ops"))
    first = give_back(row, "k" * 20)
    control.settle_refund(first.stripe_refund_id or "", succeeded=False)
    sync_payment(first.payment_id)
    people = [make_user("ops") for _ in range(6)]

    outcomes = at_once([lambda actor=actor: retry_refund(first.pk, actor=actor) for actor in people])

    assert outcomes == ["done"] * 6
    assert Refund.objects.filter(status="succeeded").count() == 1
    line = line_of(row.order)
    assert (line.quantity_refunded, line.quantity_restocked, StockItem.objects.get().on_hand) == (2, 1, 7)
    assert Return.objects.get().status == "refunded"
