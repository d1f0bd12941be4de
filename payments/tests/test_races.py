"""Everything at once, on PostgreSQL: one payment, one receipt, one movement; money back once."""

import pytest

from core.tests.races import at_once
from orders.models import Order, SalesEntry
from orders.tests.factories import make_order
from orders.transitions import By
from payments.closing import cancel_order_unpaid
from payments.inbox import drain
from payments.models import OutboundCall, Payment, Refund, WebhookEvent
from payments.starting import start_payment
from payments.sync import sync_payment
from payments.tests.factories import make_started, session_of
from payments.tests.test_paying import assert_sold_once
from payments.tests.test_surplus import pay_twice, refunded_at_stripe
from products.models import StockItem
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_twenty_webhooks_and_returns_at_once_make_one_sale() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))

    outcomes = at_once([lambda: sync_payment(payment.pk)] * 20)

    assert outcomes == ["done"] * 20
    assert_sold_once(order)


def test_inbox_drained_by_four_workers_processes_each_event_once() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    control.deliver_all()

    at_once([drain] * 4)

    assert set(WebhookEvent.objects.values_list("state", "attempts")) <= {("processed", 1), ("ignored", 1)}
    assert_sold_once(order)


def test_ten_clicks_at_once_open_one_session() -> None:
    order = make_order()

    at_once([lambda: start_payment(order.pk)] * 10)

    assert start_payment(order.pk).status == "open"
    assert Payment.objects.count() == 1
    assert OutboundCall.objects.count() == 1
    assert Resource.objects.filter(kind="checkout.session").count() == 1


def test_duplicate_payment_synced_at_once_goes_back_once() -> None:
    order, second = pay_twice()

    at_once([lambda: sync_payment(second.pk)] * 10)

    assert refunded_at_stripe() == order.total_minor
    assert Refund.objects.get().status == "succeeded"
    assert SalesEntry.objects.filter(kind="sale").count() == 1


@pytest.mark.parametrize("attempt", range(10))
def test_cancel_and_payment_at_once_never_both(attempt: int) -> None:
    order, payment = make_started()

    def pay() -> None:
        control.pay(session_of(payment))
        sync_payment(payment.pk)

    def cancel() -> Order:
        return cancel_order_unpaid(order.pk, reason="shopper", by=By.SHOPPER)

    at_once([pay, cancel])
    payment = sync_payment(payment.pk)

    order.refresh_from_db()
    item = StockItem.objects.get()
    if order.status == "paid":
        assert (payment.disposition, item.on_hand, item.reserved) == ("applied", 4, 0)
    else:
        assert (order.status, item.on_hand, item.reserved) == ("canceled", 5, 0)
        assert payment.captured_minor == payment.refund_committed_minor == refunded_at_stripe()
