"""Asking about refunds whose events were lost."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.tests.factories import make_user
from orders.models import Order
from payments.models import Payment, Refund
from payments.refund_jobs import poll_refunds_on_their_way
from payments.refunding import RefundChoice, request_refund
from payments.tests.factories import make_paid
from stripe_simulator import control

pytestmark = pytest.mark.django_db


def make_pending() -> tuple[Order, Refund]:
    order, _ = make_paid()
    control.refund_next_as("pending")
    choice = RefundChoice(amount_minor=100, reason="Late")
    return order, request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key=f"k{order.pk}")


def poll_later() -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        poll_refunds_on_their_way()


def test_a_refund_whose_event_was_lost_is_found() -> None:
    order, refund = make_pending()
    control.drop_events(times=20)
    control.settle_refund(refund.stripe_refund_id or "")

    poll_refunds_on_their_way()
    refund.refresh_from_db()
    assert refund.status == "pending"  # its event may still come
    poll_later()

    refund.refresh_from_db()
    order.refresh_from_db()
    assert (refund.status, order.refunded_minor) == ("succeeded", 100)


def test_a_payment_that_stripe_does_not_know_does_not_stop_the_others() -> None:
    _, lost = make_pending()
    _, refund = make_pending()
    Payment.objects.filter(pk=lost.payment_id).update(stripe_session_id="cs_test_gone")
    control.settle_refund(refund.stripe_refund_id or "")

    poll_later()

    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_while_stripe_does_not_answer_nothing_changes() -> None:
    _, refund = make_pending()
    control.fail_next("*", "timeout", times=3)

    poll_later()

    refund.refresh_from_db()
    assert refund.status == "pending"
