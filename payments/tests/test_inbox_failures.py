"""An event that cannot be worked off: the others are, and it is tried again, later each time, until it is given up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from payments.inbox import MOST_ATTEMPTS, drain
from payments.models import WebhookEvent
from payments.tests.factories import make_started, session_of
from stripe_simulator import control

pytestmark = pytest.mark.django_db


def test_one_event_that_fails_does_not_stop_the_others() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    control.deliver_all()
    waiting = WebhookEvent.objects.count()
    control.fail_next("checkout.sessions.retrieve")

    assert drain() == waiting

    failed = WebhookEvent.objects.get(state=WebhookEvent.State.RECEIVED)
    assert (failed.attempts, failed.lease_until, failed.last_error[:14]) == (1, None, "GatewayUnclear")
    assert timezone.now() < failed.next_attempt_at < timezone.now() + timedelta(minutes=1)
    order.refresh_from_db()
    assert order.status == "paid"


def test_an_event_that_fails_every_time_is_given_up_with_its_reason() -> None:
    _, payment = make_started()
    control.pay(session_of(payment))
    control.deliver_all()
    event = WebhookEvent.objects.order_by("pk")[0]
    WebhookEvent.objects.exclude(pk=event.pk).delete()
    control.fail_next("*", times=MOST_ATTEMPTS)

    for _ in range(MOST_ATTEMPTS):
        WebhookEvent.objects.update(next_attempt_at=timezone.now())
        drain()

    event.refresh_from_db()
    assert (event.state, event.attempts) == (WebhookEvent.State.DEAD, MOST_ATTEMPTS)
    assert event.last_error.startswith("GatewayUnclear")
    assert drain() == 0
