"""The end of unpaid orders: Stripe first, then stock and discount; a payment in the last second wins."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from core.errors import NotAllowedInState
from orders.models import Order
from orders.tests.factories import make_discount, make_order
from orders.transitions import By
from payments.closing import cancel_order_unpaid, expire_orders
from payments.errors import GatewayError
from payments.jobs import poll_unsettled_payments
from payments.starting import start_payment
from payments.tests.factories import make_started, session_of
from products.models import StockItem
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


def in_an_hour() -> datetime:
    return timezone.now() + timedelta(hours=1)


def test_unpaid_order_expires_with_its_session_and_gives_everything_back() -> None:
    code = make_discount(limit=1)
    order, payment = make_started(discount_code=code.code)

    with time_machine.travel(in_an_hour()):
        assert expire_orders() == 1
        assert expire_orders() == 0

    order.refresh_from_db()
    payment.refresh_from_db()
    code.refresh_from_db()
    assert (order.status, order.cancel_reason, payment.status) == ("canceled", "expired", "expired")
    assert (StockItem.objects.get().reserved, code.used) == (0, 0)
    assert Resource.objects.get(kind="checkout.session").data["status"] == "expired"


def test_order_within_its_time_stays() -> None:
    make_started()

    assert expire_orders() == 0


def test_order_never_taken_to_payment_expires_too() -> None:
    order = make_order()

    with time_machine.travel(in_an_hour()):
        assert expire_orders() == 1

    order.refresh_from_db()
    assert order.status == "canceled"


def test_payment_that_nobody_told_us_of_is_found_instead_of_expired() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))

    with time_machine.travel(in_an_hour()):
        assert expire_orders() == 0

    order.refresh_from_db()
    assert order.status == "paid"


def test_delayed_payment_keeps_the_order_past_its_time() -> None:
    order, payment = make_started()
    control.pay(session_of(payment), "bank_debit_succeeds")
    Order.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert expire_orders() == 0

    order.refresh_from_db()
    assert order.status == "pending"
    assert StockItem.objects.get().reserved == 1


def test_expiry_waits_while_stripe_does_not_answer() -> None:
    order, _ = make_started()
    control.fail_next("checkout.sessions.expire", "timeout")

    with time_machine.travel(in_an_hour()):
        assert expire_orders() == 0
        order.refresh_from_db()
        assert order.status == "pending"
        assert expire_orders() == 1


def test_session_whose_answer_was_lost_is_closed_as_well() -> None:
    order = make_order()
    control.fail_next("checkout.sessions.create", "lost_answer")
    with pytest.raises(Exception, match="try again"):
        start_payment(order.pk)

    with time_machine.travel(in_an_hour()):
        assert expire_orders() == 1

    assert Resource.objects.get(kind="checkout.session").data["status"] == "expired"


def test_shopper_cancels_and_nobody_can_pay_any_more() -> None:
    order, _ = make_started()

    order = cancel_order_unpaid(order.pk, reason="shopper", by=By.SHOPPER)

    assert (order.status, order.cancel_reason) == ("canceled", "shopper")
    assert Resource.objects.get(kind="checkout.session").data["status"] == "expired"
    assert cancel_order_unpaid(order.pk, reason="shopper", by=By.SHOPPER).status == "canceled"


def test_cancel_after_an_unseen_payment_finds_the_sale() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))

    with pytest.raises(NotAllowedInState):
        cancel_order_unpaid(order.pk, reason="shopper", by=By.SHOPPER)

    order.refresh_from_db()
    assert order.status == "paid"


def test_cancel_changes_nothing_while_stripe_does_not_answer() -> None:
    order, _ = make_started()
    control.fail_next("checkout.sessions.expire", "error")

    with pytest.raises(GatewayError):
        cancel_order_unpaid(order.pk, reason="shopper", by=By.SHOPPER)

    order.refresh_from_db()
    assert order.status == "pending"


def test_poller_finds_a_payment_whose_events_were_all_lost() -> None:
    order, payment = make_started()
    control.drop_events(times=20)
    control.pay(session_of(payment))

    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        poll_unsettled_payments()

    order.refresh_from_db()
    assert order.status == "paid"
