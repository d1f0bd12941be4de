"""What Stripe answers about a refund late, twice, or not at all never turns anything back."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_user
from core.days import business_day
from orders.models import Order, SalesEntry
from payments import client
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, request_refund
from payments.refunds import adopt_states, submit_refund
from payments.sync import sync_payment
from payments.tests.factories import make_paid, session_of
from stripe_simulator import control

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops() -> User:
    return make_user(role="ops")


def give(order: Order, actor: User, **choice: Any) -> Refund:
    return request_refund(order.pk, choice=RefundChoice(reason="broken", **choice), actor=actor, request_key="key")


def test_old_answer_about_a_refund_never_takes_back_that_it_succeeded(ops: User) -> None:
    order, payment = make_paid()
    control.refund_next_as("pending")
    refund = give(order, ops, amount_minor=300)
    old = client.fetch_session(session_of(payment)).refunds
    control.settle_refund(refund.stripe_refund_id or "")
    sync_payment(payment.pk)

    adopt_states(Payment.objects.get(pk=payment.pk), old)
    assert Refund.objects.get().status == "succeeded"
    sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.refunded_minor == 300
    assert SalesEntry.objects.filter(kind="refund").values_list("refund_id", flat=True).distinct().count() == 1
    assert (
        sum(
            -entry.tax_minor - entry.shipping_minor + entry.returns_minor
            for entry in SalesEntry.objects.filter(kind="refund")
        )
        == 300
    )


def test_refund_that_stripe_made_before_it_refused_the_same_again_is_not_given_up(
    ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, payment = make_paid()
    control.fail_next("refunds.create", "lost_answer")
    refund = give(order, ops, everything=True)
    assert refund.status == "submitting"

    def refuse(*_: object, **__: object) -> None:
        raise client.GatewayRefused("already refunded", code="charge_already_refunded")

    monkeypatch.setattr(client, "create_refund", refuse)  # the key is forgotten after a day
    refund = submit_refund(refund.pk)

    payment.refresh_from_db()
    assert (refund.status, payment.refund_committed_minor) == ("succeeded", order.total_minor)


def test_refund_whose_answer_was_lost_is_known_by_its_mark(ops: User) -> None:
    order, payment = make_paid()
    control.fail_next("refunds.create", "lost_answer")
    refund = give(order, ops, amount_minor=300)

    sync_payment(payment.pk)

    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_failure_is_booked_on_its_own_day_however_late_we_hear_of_it(ops: User) -> None:
    order, payment = make_paid()
    refund = give(order, ops, amount_minor=500)
    failed_at = timezone.now() + timedelta(days=3)
    with time_machine.travel(failed_at, tick=False):
        control.settle_refund(refund.stripe_refund_id or "", succeeded=False)

    with time_machine.travel(failed_at + timedelta(days=2)):
        sync_payment(payment.pk)

    refund.refresh_from_db()
    assert refund.failed_at == failed_at.replace(microsecond=0)
    days = SalesEntry.objects.filter(kind="refund_reversal").values_list("day", flat=True)
    assert set(days) == {business_day(failed_at)}
