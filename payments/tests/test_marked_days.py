"""Which days a payment changes the figures of, beside its own: they are marked with it."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from core.models import DirtyDay
from payments.models import Payment, PaymentAttempt
from payments.payouts import keep_payout
from payments.sync import sync_payment
from payments.tests.factories import make_started, make_state, session_of
from payments.tests.test_surplus import charge_less
from stripe_simulator import control

pytestmark = pytest.mark.django_db

EVENING = datetime(2026, 6, 1, 22, 50, tzinfo=UTC)  # ten to midnight in London
MONDAY, TUESDAY = date(2026, 6, 1), date(2026, 6, 2)
DECLINED = "4000000000000002"


def marked(source: str) -> list[tuple[int, date]]:
    return list(DirtyDay.objects.filter(source_type=source).order_by("pk").values_list("source_id", "day"))


def test_a_success_after_midnight_marks_the_day_of_the_first_try_too() -> None:
    with time_machine.travel(EVENING, tick=False) as clock:
        _, payment = make_started()
        control.pay(session_of(payment), DECLINED)
        sync_payment(payment.pk)
        failed = PaymentAttempt.objects.get()
        assert marked("payment_attempt") == [(failed.pk, MONDAY)]

        clock.shift(timedelta(minutes=20))
        control.pay(session_of(payment))
        sync_payment(payment.pk)

    succeeded = PaymentAttempt.objects.get(outcome="succeeded")
    assert marked("payment_attempt")[1:] == [(succeeded.pk, MONDAY), (succeeded.pk, TUESDAY)]


def test_a_charge_that_pays_for_nothing_marks_its_day() -> None:
    with time_machine.travel(EVENING, tick=False):
        _, payment = make_started()
        charge_less(payment)
        sync_payment(payment.pk)

    payment.refresh_from_db()
    assert payment.disposition == Payment.Disposition.SURPLUS
    assert marked("payment") == [(payment.pk, MONDAY)]


def test_a_payout_that_is_paid_marks_the_day_of_its_arrival_even_if_that_lies_ahead() -> None:
    with time_machine.travel(EVENING, tick=False):
        asked_at = datetime.now(UTC)
        arrives_at = datetime(2026, 6, 4, tzinfo=UTC)
        keep_payout(make_state(id="po_1", arrives_at=arrives_at), asked_at=asked_at)
        assert [day for _, day in marked("payout")] == [MONDAY]

        keep_payout(make_state(id="po_1", arrives_at=arrives_at, status="paid"), asked_at=asked_at)
        assert [day for _, day in marked("payout")] == [MONDAY, MONDAY, date(2026, 6, 4)]
