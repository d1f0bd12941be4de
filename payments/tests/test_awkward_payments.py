"""Payments that are not what was asked for: nothing is sold, nobody pays twice, and the money has a way back."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import NotAllowedInState
from core.tests.races import at_once
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.links import guest_path, guest_signature
from orders.models import Order, SalesEntry
from orders.tests.factories import make_order
from payments.closing import expire_orders
from payments.failed_refunds import give_surplus_back
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, request_refund
from payments.starting import start_payment
from payments.sync import sync_payment
from payments.tests.factories import make_started, session_of
from payments.tests.test_refunding import at_stripe
from payments.tests.test_surplus import charge_less, second_session
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


def change(kind: str, **values: Any) -> None:
    """Let Stripe say something else of the newest object of a kind."""
    row = Resource.objects.filter(kind=kind).order_by("-pk")[0]
    row.data = {**row.data, **values}
    row.save()


def make_surplus(**session: Any) -> tuple[Order, Payment]:
    order, payment = make_started()
    control.pay(session_of(payment))
    if session:
        change("checkout.session", **session)
    else:
        charge = Resource.objects.get(kind="charge").data
        change("charge", amount=charge["amount"] - 1, amount_captured=charge["amount"] - 1)
    return order, sync_payment(payment.pk)


@pytest.mark.parametrize(
    ("session", "reason", "currency"),
    [
        ({}, "amount differs", "GBP"),
        ({"currency": "eur"}, "amount differs", "EUR"),
        ({"livemode": True}, "other mode", "GBP"),
    ],
    ids=["amount", "currency", "mode"],
)
def test_what_was_not_asked_for_pays_for_nothing(session: dict[str, Any], reason: str, currency: str) -> None:
    order, payment = make_surplus(**session)

    order.refresh_from_db()
    assert (order.status, order.paid_minor) == ("pending", 0)
    assert (payment.status, payment.disposition, payment.currency) == ("succeeded", "surplus", currency)
    assert not SalesEntry.objects.exists()
    assert StockItem.objects.get().reserved == 1
    assert AuditRecord.objects.get(action="payment.surplus").reason == reason
    assert (Refund.objects.count(), at_stripe()) == (0, 0)
    assert not OutgoingMail.objects.filter(kind="order_receipt").exists()


def test_while_money_is_here_nobody_is_asked_to_pay_again(client: Client) -> None:
    order, payment = make_surplus()

    with pytest.raises(NotAllowedInState, match="do not pay again"):
        start_payment(order.pk)
    html = client.get(guest_path(order)).content.decode()
    assert "We are looking into your payment" in html
    assert "/pay/" not in html
    pressed = client.post(f"/orders/{order.public_id}/{guest_signature(order)}/pay/", follow=True).content.decode()
    assert "please do not pay again" in pressed
    assert Resource.objects.filter(kind="checkout.session").count() == 1

    give_surplus_back(payment.pk, actor=make_user("ops"))

    assert "/pay/" in client.get(guest_path(order)).content.decode()
    second = start_payment(order.pk)
    control.pay(session_of(second))
    sync_payment(second.pk)
    order.refresh_from_db()
    assert (order.status, order.paid_minor, at_stripe()) == ("paid", order.total_minor, payment.captured_minor)


def test_an_order_whose_money_does_not_match_expires_like_any_other() -> None:
    order, payment = make_surplus()

    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert expire_orders() == 1

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, StockItem.objects.get().reserved, payment.disposition) == ("canceled", 0, "surplus")


def test_a_surplus_that_is_looked_at_again_is_noted_once() -> None:
    order, payment = make_surplus()

    for _ in range(4):
        sync_payment(payment.pk)

    assert AuditRecord.objects.filter(action="payment.surplus").count() == 1
    assert order.events.filter(kind="payment_surplus").count() == 1


@pytest.mark.parametrize("stage", ["paid", "part refunded", "fulfilled", "canceled"])
def test_a_second_success_goes_back_and_the_order_stays_as_it_is(stage: str) -> None:
    ops = make_user("ops")
    order, first = make_started(lines={make_variant(stock=9): 2})
    second = second_session(order)
    control.pay(session_of(first))
    sync_payment(first.pk)
    given = 0
    if stage == "part refunded":
        given = request_refund(
            order.pk, choice=RefundChoice(amount_minor=500, reason="x"), actor=ops, request_key="k"
        ).amount_minor
    elif stage == "fulfilled":
        ship(order.pk)
    elif stage == "canceled":
        given = request_refund(
            order.pk, choice=RefundChoice(everything=True, reason="x"), actor=ops, request_key="k"
        ).amount_minor
    before = Order.objects.values().get(pk=order.pk)
    control.pay(session_of(second))

    for _ in range(3):
        second = sync_payment(second.pk)

    assert Order.objects.values().get(pk=order.pk) == before
    assert (second.disposition, second.refundable_minor) == ("auto_refunded", 0)
    assert at_stripe() == given + order.total_minor
    assert OutgoingMail.objects.filter(kind="payment_sent_back").count() == 1
    assert SalesEntry.objects.filter(kind="sale").count() == 1


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_delayed_payment_keeps_what_it_reserved_until_it_is_decided(succeeded: bool) -> None:
    order, payment = make_started()
    control.pay(session_of(payment), "bank_debit_succeeds" if succeeded else "bank_debit_fails")
    Order.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    assert expire_orders() == 0
    assert sync_payment(payment.pk).status == "processing"
    assert StockItem.objects.get().reserved == 1
    with pytest.raises(NotAllowedInState, match="on its way"):
        start_payment(order.pk)
    control.finish_async(session_of(payment), succeeded=succeeded)
    sync_payment(payment.pk)

    order.refresh_from_db()
    if succeeded:
        assert (order.status, StockItem.objects.get().reserved) == ("paid", 0)
    else:
        assert (order.status, Payment.objects.get().status) == ("pending", "failed")
        assert expire_orders() == 1
        assert StockItem.objects.get().reserved == 0


@pytest.mark.parametrize("fault", ["lost_answer", "timeout", "error", "rate_limit"])
def test_a_lost_answer_to_the_session_never_makes_two_payable_pages(fault: str) -> None:
    order = make_order()
    control.fail_next("checkout.sessions.create", fault, times=2)

    for _ in range(2):
        with pytest.raises(Exception, match="try again"):
            start_payment(order.pk)
    payment = start_payment(order.pk)

    sessions = Resource.objects.filter(kind="checkout.session")
    assert [row.stripe_id for row in sessions if row.data["status"] == "open"] == [payment.stripe_session_id]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(8))
def test_expiry_and_payment_at_once_never_both(attempt: int) -> None:
    order, payment = make_started()
    Order.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    def pay() -> None:
        control.pay(session_of(payment))
        sync_payment(payment.pk)

    at_once([pay, expire_orders, expire_orders])
    payment = sync_payment(payment.pk)

    order.refresh_from_db()
    item = StockItem.objects.get()
    if order.status == "paid":
        assert (payment.disposition, item.on_hand, item.reserved, at_stripe()) == ("applied", 4, 0, 0)
    else:
        assert (order.status, item.on_hand, item.reserved) == ("canceled", 5, 0)
        assert payment.captured_minor == payment.refund_committed_minor == at_stripe()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_a_surplus_given_back_by_five_people_at_once_goes_back_once(attempt: int) -> None:
    order, payment = make_started()
    charge_less(payment)
    sync_payment(payment.pk)
    people = [make_user("ops") for _ in range(5)]

    outcomes = at_once([lambda p=p: give_surplus_back(payment.pk, actor=p) for p in people])

    assert outcomes.count("done") == 1
    assert (at_stripe(), Refund.objects.count()) == (100, 1)
    assert Order.objects.get(pk=order.pk).status == "pending"
