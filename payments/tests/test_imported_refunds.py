"""Orders that were not paid through Stripe, or not paid at all: given back by other means, or simply canceled."""

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.models import Order, SalesEntry
from orders.tests.factories import line_of, make_order, make_shipping_method, pay
from payments.approving import approve_refund
from payments.canceling import cancel_without_refund
from payments.models import OutboundCall, Payment, Refund
from payments.refunding import RefundChoice, request_refund
from payments.sync import sync_payment
from payments.tests.factories import make_paid
from payments.tests.test_refunding import at_stripe, ledger, total_of
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops() -> User:
    return make_user("ops")


def make_imported(price_minor: int = 1000) -> Order:
    """An order that was sold elsewhere and paid there."""
    lines = {make_variant(price_minor=price_minor, stock=9): 3}
    order = make_order(lines, method=make_shipping_method(price_minor=0), paid=True)
    Payment.objects.create(
        order=order,
        tender="imported",
        status="succeeded",
        disposition="applied",
        amount_minor=order.total_minor,
        captured_minor=order.total_minor,
        currency=order.currency,
        succeeded_at=order.paid_at,
    )
    return order


def give(order: Order, actor: User, note: str = "Bank transfer 17", key: str = "k", **choice: Any) -> Refund:
    choice = choice or {"units": {line_of(order).pk: 1}}
    asked = RefundChoice(reason="Broken", paid_elsewhere=note, **choice)
    return request_refund(order.pk, choice=asked, actor=actor, request_key=key)


def test_it_succeeds_at_once_is_booked_and_told_as_what_it_is(ops: User) -> None:
    order = make_imported()

    refund = give(order, ops)

    order.refresh_from_db()
    assert (refund.status, refund.settled_note, refund.settled_by_id) == ("succeeded", "Bank transfer 17", ops.pk)
    assert refund.refunded_at is not None
    given = refund.amount_minor
    assert (order.refunded_minor, Payment.objects.get().refund_committed_minor) == (given, given)
    assert (total_of(order), line_of(order).quantity_refunded) == (order.total_minor - given, 1)
    assert "outside our online payments" in OutgoingMail.objects.get(kind="order_refunded").text_body
    assert (at_stripe(), OutboundCall.objects.count()) == (0, 0)


def test_all_of_it_cancels_an_unsent_order(ops: User) -> None:
    order = make_imported()

    give(order, ops, everything=True, restock="canceled")

    order.refresh_from_db()
    assert (order.status, order.refunded_minor, StockItem.objects.get().on_hand) == ("canceled", 3000, 9)
    assert ledger(order)["returns"] == ledger(order)["gross"]


@pytest.mark.parametrize("note", ["", "   "])
def test_without_a_word_how_it_is_refused(ops: User, note: str) -> None:
    order = make_imported()

    with pytest.raises(DomainError, match="Say how"):
        give(order, ops, note=note)

    assert (Refund.objects.count(), Payment.objects.get().refund_committed_minor) == (0, 0)
    assert AuditRecord.objects.filter(action="refund.requested", outcome="refused").count() == 1


def test_what_was_paid_through_stripe_goes_back_through_stripe(ops: User) -> None:
    order, _ = make_paid()

    with pytest.raises(NotAllowedInState, match="goes back through Stripe"):
        give(order, ops)

    assert Refund.objects.count() == 0


def test_above_the_limit_it_waits_like_any_other(ops: User) -> None:
    order = make_imported(price_minor=10_000)
    refund = give(order, ops, everything=True, restock="canceled")
    assert (refund.status, Order.objects.get().held_at is not None, Order.objects.get().refunded_minor) == (
        "requested",
        True,
        0,
    )

    refund = approve_refund(refund.pk, actor=make_user("admin"))

    order.refresh_from_db()
    assert (refund.status, order.status, order.refunded_minor, order.held_at) == ("succeeded", "canceled", 30_000, None)
    assert OutboundCall.objects.count() == 0


def test_never_more_than_was_paid(ops: User) -> None:
    order = make_imported()
    give(order, ops, key="one", amount_minor=2000)

    with pytest.raises(DomainError, match=r"At most £10\.00"):
        give(order, ops, key="two", amount_minor=1001)


def test_a_free_order_is_canceled_with_its_units(ops: User) -> None:
    lines = {make_variant(price_minor=0, stock=5): 2}
    order = pay(make_order(lines, method=make_shipping_method(price_minor=0)))
    assert StockItem.objects.get().on_hand == 3

    for _ in range(2):
        order = cancel_without_refund(order.pk, is_restocked=True, reason="Asked for by telephone", actor=ops)

    line = line_of(order)
    assert (order.status, line.quantity_canceled, line.quantity_restocked) == ("canceled", 2, 2)
    assert StockItem.objects.get().on_hand == 5
    assert order.notes.get().text == "Canceled: Asked for by telephone"
    assert AuditRecord.objects.filter(action="order.cancel", outcome="done").count() == 1


def test_what_all_came_back_at_stripe_is_canceled_without_a_refund(ops: User) -> None:
    order, payment = make_paid(lines={make_variant(stock=5): 2})
    control.refund_in_dashboard(Resource.objects.get(kind="charge").stripe_id)
    sync_payment(payment.pk)

    order = cancel_without_refund(order.pk, is_restocked=True, reason="Refunded at Stripe", actor=ops)

    assert (order.status, StockItem.objects.get().on_hand, at_stripe()) == ("canceled", 5, order.total_minor)
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("case", ["keeps money", "waits", "shipped", "no reason", "pending"])
def test_what_keeps_money_or_was_sent_is_not_canceled_this_way(ops: User, case: str) -> None:
    order = make_order() if case == "pending" else make_imported(price_minor=10_000)
    if case == "waits":
        give(order, ops, everything=True)
    if case == "shipped":
        ship(order.pk, lines={line_of(order).pk: 1})

    with pytest.raises(DomainError):
        cancel_without_refund(order.pk, is_restocked=True, reason=" " if case == "no reason" else "x", actor=ops)

    assert Order.objects.get().status in ("paid", "pending")
    assert not SalesEntry.objects.filter(kind="refund").exists()
