"""Refunds by staff: exact to the penny, never more than was taken, once however often it is asked."""

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_user
from core.errors import DomainError
from core.tests.races import at_once
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.models import Order, SalesEntry
from orders.tests.factories import make_order, make_shipping_method
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, plan_refund, refundable, request_refund
from payments.refunds import submit_refund
from payments.sync import sync_payment
from payments.tests.factories import make_paid
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


def give(order: Order, actor: User, key: str = "key", **choice: Any) -> Refund:
    return request_refund(order.pk, choice=RefundChoice(reason="broken", **choice), actor=actor, request_key=key)


def ledger(order: Order) -> dict[str, int]:
    names = ("gross", "discount", "returns", "shipping", "tax")
    rows = SalesEntry.objects.filter(order=order).values_list(*(f"{name}_minor" for name in names))
    return dict(zip(names, (sum(column) for column in zip(*rows, strict=True)), strict=True))


def at_stripe() -> int:
    live = [r.data for r in Resource.objects.filter(kind="refund") if r.data["status"] in {"succeeded", "pending"}]
    return sum(refund["amount"] for refund in live)


def total_of(order: Order) -> int:
    sums = ledger(order)
    return sums["gross"] - sums["discount"] - sums["returns"] + sums["shipping"] + sums["tax"]


@pytest.fixture
def ops() -> User:
    return make_user(role="ops")


def test_thirty_and_thirty_and_the_rest_come_to_the_whole(ops: User) -> None:
    order, payment = make_paid(lines={make_variant(price_minor=3333): 3}, method=make_shipping_method(price_minor=0))
    assert order.total_minor == 9999

    give(order, ops, "one", amount_minor=3000)
    give(order, ops, "two", amount_minor=3000)
    rest = refundable(Order.objects.get(pk=order.pk)).total
    give(order, ops, "three", everything=True)

    order.refresh_from_db()
    payment.refresh_from_db()
    assert rest == 3999
    assert (order.refunded_minor, payment.refund_committed_minor, at_stripe()) == (9999, 9999, 9999)
    sums = ledger(order)
    assert sums["gross"] - sums["discount"] == sums["returns"]
    assert (sums["tax"], total_of(order)) == (0, 0)
    assert OutgoingMail.objects.filter(kind="order_refunded").count() == 3


def test_units_come_back_with_their_tax_and_go_on_the_shelf(ops: User) -> None:
    order, _ = make_paid(lines={make_variant(price_minor=1000, stock=5): 3})
    line = order.lines.get()

    refund = give(order, ops, units={line.pk: 2}, restock="returned")

    line.refresh_from_db()
    assert (refund.status, refund.amount_minor) == ("succeeded", 1666 + 333)
    assert (line.quantity_refunded, line.quantity_restocked, StockItem.objects.get().on_hand) == (2, 2, 4)
    assert ledger(order)["returns"] == 1666


def test_full_refund_of_an_unshipped_order_cancels_it(ops: User) -> None:
    order, _ = make_paid(lines={make_variant(stock=5): 2})

    give(order, ops, everything=True, restock="canceled")

    order.refresh_from_db()
    line = order.lines.get()
    assert (order.status, order.refunded_minor) == ("canceled", order.total_minor)
    assert (line.quantity_canceled, line.quantity_restocked, StockItem.objects.get().on_hand) == (2, 2, 5)


def test_full_refund_of_a_shipped_order_leaves_it_fulfilled(ops: User) -> None:
    order, _ = make_paid()
    ship(order.pk, at=order.paid_at, actor=ops)

    give(order, ops, everything=True)

    order.refresh_from_db()
    assert (order.status, order.refund_status) == ("fulfilled", "full")


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"amount_minor": 0}, "more than nothing"),
        ({"amount_minor": -5}, "more than nothing"),
        ({"amount_minor": 10**20}, "can still be given back"),
        ({}, "Choose what to give back"),
        ({"units": {0: 1}}, "not part of this order"),
    ],
)
def test_unusable_refund_is_refused_with_a_sentence(ops: User, choice: dict[str, Any], sentence: str) -> None:
    order, payment = make_paid()

    with pytest.raises(DomainError, match=sentence):
        give(order, ops, **choice)

    payment.refresh_from_db()
    assert (payment.refund_committed_minor, Refund.objects.count(), at_stripe()) == (0, 0, 0)


def test_more_units_than_are_left_are_refused(ops: User) -> None:
    order, _ = make_paid(lines={make_variant(): 2})
    line = order.lines.get()
    give(order, ops, "one", units={line.pk: 1})

    for quantity in (2, -1):
        with pytest.raises(DomainError, match="1 can still be refunded"):
            give(order, ops, "two", units={line.pk: quantity})


def test_refund_without_a_reason_is_refused(ops: User) -> None:
    order, _ = make_paid()

    with pytest.raises(DomainError, match="Say why"):
        request_refund(order.pk, choice=RefundChoice(everything=True, reason=" "), actor=ops, request_key="k")


def test_unpaid_order_has_nothing_to_refund(ops: User) -> None:
    with pytest.raises(DomainError, match="has not been paid"):
        give(make_order(), ops, everything=True)


def test_same_key_gives_back_once(ops: User) -> None:
    order, _ = make_paid(lines={make_variant(): 2})

    refunds = {give(order, ops, amount_minor=100).pk for _ in range(3)}

    assert (len(refunds), at_stripe()) == (1, 100)


@pytest.mark.parametrize("fault", ["timeout", "lost_answer", "error"])
def test_unclear_answer_gives_back_once_when_taken_up_again(ops: User, fault: str) -> None:
    order, payment = make_paid()
    control.fail_next("refunds.create", fault)

    refund = give(order, ops, amount_minor=100)
    assert refund.status == "submitting"
    assert submit_refund(refund.pk).status == "succeeded"

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.refunded_minor, payment.refund_committed_minor, at_stripe()) == (100, 100, 100)


def test_pending_refund_counts_as_taken_and_is_booked_when_it_succeeds(ops: User) -> None:
    order, payment = make_paid()
    control.refund_next_as("pending")

    refund = give(order, ops, amount_minor=300)
    order.refresh_from_db()
    assert (refund.status, order.refunded_minor) == ("pending", 0)
    assert plan_refund(order.pk, RefundChoice(everything=True)).amount_minor == order.total_minor - 300
    assert OutgoingMail.objects.filter(kind="order_refunded").count() == 0
    control.settle_refund(refund.stripe_refund_id or "")
    sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.refunded_minor == 300
    assert SalesEntry.objects.filter(order=order, kind="refund").exists()


def test_refund_that_fails_gives_its_money_and_units_back(ops: User) -> None:
    order, payment = make_paid(lines={make_variant(): 2})
    line = order.lines.get()
    control.refund_next_as("pending")
    refund = give(order, ops, units={line.pk: 1})
    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)

    sync_payment(payment.pk)

    line.refresh_from_db()
    payment.refresh_from_db()
    assert Refund.objects.get().status == "failed"
    assert (line.quantity_refunded, payment.refund_committed_minor) == (0, 0)
    assert not SalesEntry.objects.filter(kind__in=["refund", "refund_reversal"]).exists()


def test_units_on_the_shelf_stay_returned_when_their_refund_fails(ops: User) -> None:
    order, payment = make_paid(lines={make_variant(stock=5): 2})
    line = order.lines.get()
    control.refund_next_as("pending")
    refund = give(order, ops, units={line.pk: 1}, restock="returned")
    on_the_shelf = StockItem.objects.get().on_hand
    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)

    sync_payment(payment.pk)

    line.refresh_from_db()
    payment.refresh_from_db()
    assert Refund.objects.get().status == "failed"
    assert (line.quantity_refunded, line.quantity_restocked, payment.refund_committed_minor) == (1, 1, 0)
    assert StockItem.objects.get().on_hand == on_the_shelf == 4


def test_refund_that_fails_after_success_is_booked_back(ops: User) -> None:
    order, payment = make_paid()
    refund = give(order, ops, amount_minor=500)
    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)

    for _ in range(2):
        sync_payment(payment.pk)

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (Refund.objects.get().status, order.refunded_minor, payment.refund_committed_minor) == ("failed", 0, 0)
    assert (ledger(order)["returns"], total_of(order)) == (0, order.total_minor)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_two_people_at_once_never_give_back_more_than_was_taken(attempt: int) -> None:
    ops = make_user(role="ops")
    order, payment = make_paid(lines={make_variant(price_minor=1000): 1}, method=make_shipping_method(price_minor=0))

    outcomes = at_once([lambda key=str(n): give(order, ops, key, amount_minor=600) for n in range(2)])

    order.refresh_from_db()
    assert sorted(outcomes) == ["DomainError", "done"]
    assert (order.refunded_minor, at_stripe(), Payment.objects.get(pk=payment.pk).refund_committed_minor) == (
        600,
        600,
        600,
    )
