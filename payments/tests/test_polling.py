"""Asking about payments whose event did not come: all of them get their turn."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from payments import jobs
from payments.jobs import poll_unsettled_payments
from payments.models import Payment
from payments.sync import sync_payment
from payments.tests.factories import make_started, session_of
from stripe_simulator import control

pytestmark = pytest.mark.django_db


def test_payment_that_stripe_does_not_know_does_not_stop_the_poll() -> None:
    _, lost = make_started()
    order, payment = make_started()
    control.pay(session_of(payment))
    Payment.objects.filter(pk=lost.pk).update(stripe_session_id="cs_test_gone")

    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        poll_unsettled_payments()

    order.refresh_from_db()
    assert order.status == "paid"


def test_payments_never_asked_about_are_asked_about_first(monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = make_started()
    _, never = make_started()
    sync_payment(asked.pk)
    seen: list[int] = []
    monkeypatch.setattr(jobs, "sync_payment", seen.append)

    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        poll_unsettled_payments()

    assert seen == [never.pk, asked.pk]
