"""Money that an order did not need: it goes back once, or stands out; the order is never touched."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditRecord
from mail.models import OutgoingMail
from orders.lifecycle import cancel_unpaid, expire
from orders.models import Order, SalesEntry
from orders.tests.factories import make_discount, make_order
from orders.transitions import By
from payments.jobs import submit_committed_refunds
from payments.models import OutboundCall, Payment, Refund
from payments.starting import open_session
from payments.sync import sync_payment
from payments.tests.factories import make_paid, make_started, session_of
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


def second_session(order: Order) -> Payment:
    """A second session of the same order, as a race between two workers could leave it."""
    payment = Payment.objects.create(
        order=order,
        amount_minor=order.total_minor,
        currency=order.currency,
        expires_at=timezone.now() + timedelta(minutes=35),
    )
    return open_session(payment.pk)


def pay_twice() -> tuple[Order, Payment]:
    order, first = make_started()
    second = second_session(order)
    control.pay(session_of(first))
    sync_payment(first.pk)
    control.pay(session_of(second))
    return order, second


def refunded_at_stripe() -> int:
    return sum(refund.data["amount"] for refund in Resource.objects.filter(kind="refund"))


def test_second_success_is_refunded_and_the_order_untouched() -> None:
    order, second = pay_twice()

    second = sync_payment(second.pk)

    assert (second.disposition, second.refund_committed_minor) == ("auto_refunded", order.total_minor)
    refund = Refund.objects.get()
    assert (refund.status, refund.source, refund.reason) == ("succeeded", "automatic", "duplicate")
    assert refunded_at_stripe() == order.total_minor
    order.refresh_from_db()
    assert (order.status, order.paid_minor, order.refunded_minor) == ("paid", order.total_minor, 0)
    assert SalesEntry.objects.filter(kind="sale").count() == 1
    assert OutgoingMail.objects.filter(kind="payment_sent_back").count() == 1
    assert AuditRecord.objects.filter(action="payment.surplus").count() == 1


def test_surplus_is_refunded_once_however_often_it_is_synced() -> None:
    order, second = pay_twice()

    for _ in range(5):
        sync_payment(second.pk)

    assert refunded_at_stripe() == order.total_minor
    assert OutgoingMail.objects.filter(kind="payment_sent_back").count() == 1


@pytest.mark.parametrize("fault", ["lost_answer", "timeout", "error", "rate_limit"])
def test_unclear_answer_to_the_refund_is_taken_up_again_under_the_same_key(fault: str) -> None:
    order, second = pay_twice()
    control.fail_next("refunds.create", fault)

    sync_payment(second.pk)
    refund = Refund.objects.get()
    if refund.status == "submitting":
        Refund.objects.update(created_at=timezone.now() - timedelta(minutes=5))
        submit_committed_refunds()

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert refunded_at_stripe() == order.total_minor
    assert OutboundCall.objects.filter(operation="refund.create").count() == 1


def test_refused_refund_gives_its_promise_back() -> None:
    order, second = pay_twice()
    charge = Resource.objects.filter(kind="charge").order_by("-pk")[0]
    control.open_dispute(charge.stripe_id)

    sync_payment(second.pk)

    refund = Refund.objects.get()
    assert (refund.status, refund.failure_code) == ("failed", "charge_disputed")
    second.refresh_from_db()
    assert (second.refund_committed_minor, second.captured_minor) == (0, order.total_minor)
    assert order.events.filter(kind="refund_failed").count() == 1


def test_refund_that_is_pending_is_told_only_when_it_has_succeeded() -> None:
    _, second = pay_twice()
    control.refund_next_as("pending")
    sync_payment(second.pk)
    assert Refund.objects.get().status == "pending"
    assert OutgoingMail.objects.filter(kind="payment_sent_back").count() == 0

    control.settle_refund(Resource.objects.get(kind="refund").stripe_id)
    sync_payment(second.pk)

    assert Refund.objects.get().status == "succeeded"
    assert OutgoingMail.objects.filter(kind="payment_sent_back").count() == 1


def test_surplus_whose_refund_fails_afterwards_stands_out_again() -> None:
    _, second = pay_twice()
    sync_payment(second.pk)
    control.settle_refund(Resource.objects.get(kind="refund").stripe_id, succeeded=False)

    second = sync_payment(second.pk)

    assert (second.disposition, second.refund_committed_minor) == ("surplus", 0)
    assert Refund.objects.get().status == "failed"


def test_payment_of_an_expired_order_revives_it_while_there_is_stock() -> None:
    order, payment = make_started()
    expire_now(order)

    control.pay(session_of(payment))
    sync_payment(payment.pk)

    order.refresh_from_db()
    assert (order.status, order.paid_minor) == ("paid", order.total_minor)
    assert StockItem.objects.get().reserved == 0
    assert Refund.objects.count() == 0


def test_payment_of_an_expired_order_goes_back_when_the_stock_is_gone() -> None:
    variant = make_variant(stock=1)
    order, payment = make_started(lines={variant: 1})
    expire_now(order)
    other, _ = make_paid(lines={variant: 1})
    assert other.status == "paid"

    control.pay(session_of(payment))
    payment = sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.status == "canceled"
    assert payment.disposition == "auto_refunded"
    assert refunded_at_stripe() == order.total_minor
    assert StockItem.objects.get().on_hand == 0


def test_payment_of_an_expired_order_goes_back_when_its_discount_is_used_up() -> None:
    code = make_discount(limit=1)
    order, payment = make_started(discount_code=code.code)
    expire_now(order)
    make_order(discount_code=code.code)

    control.pay(session_of(payment))
    sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.status == "canceled"
    assert refunded_at_stripe() == order.total_minor


def test_payment_of_an_order_the_shopper_canceled_goes_back() -> None:
    order, payment = make_started()
    cancel_unpaid(order.pk, reason="shopper", by=By.SHOPPER)

    control.pay(session_of(payment))
    payment = sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.status == "canceled"
    assert payment.disposition == "auto_refunded"


def test_payment_of_another_amount_pays_for_nothing_and_is_kept_as_surplus() -> None:
    order, payment = make_started()
    charge_less(payment)

    payment = sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.status == "pending"
    assert payment.disposition == "surplus"
    assert AuditRecord.objects.get(action="payment.surplus").reason == "amount differs"
    assert refunded_at_stripe() == 0


def charge_less(payment: Payment) -> None:
    control.pay(session_of(payment))
    charge = Resource.objects.get(kind="charge")
    charge.data = {**charge.data, "amount": 100, "amount_captured": 100}
    charge.save()


def expire_now(order: Order) -> None:
    later = timezone.now() + timedelta(hours=2)
    assert expire(order.pk, now=later).status == "canceled"
