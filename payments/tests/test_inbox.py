"""Working events off: leases that hold while it takes long, pauses that grow, and events that are given up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from core.leases import claim
from core.tests.races import at_once
from payments import client, handling, inbox
from payments.handling import handles
from payments.inbox import CLAIMED_AT_ONCE, MOST_ATTEMPTS, drain, drain_all, take_up, work_off_inbox
from payments.models import WebhookEvent, WebhookFailure
from payments.tests.factories import make_event, make_paid, make_started, session_of
from stripe_simulator import control

pytestmark = pytest.mark.django_db
KIND = "payout.paid"


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[WebhookEvent], bool]], None]:
    """Let one function of the test's work off payouts, and nothing else anything."""
    monkeypatch.setattr(handling, "HANDLERS", {})

    def declare(function: Callable[[WebhookEvent], bool]) -> None:
        handling.HANDLERS.clear()
        handles("payout.*")(function)

    return declare


def make_payouts(count: int) -> list[WebhookEvent]:
    return [make_event(type=KIND, object_id=f"po_{number}", payload="") for number in range(count)]


def rewind(**moments: timedelta) -> None:
    """Let time have passed for every event."""
    WebhookEvent.objects.update(**{name: timezone.now() - ago for name, ago in moments.items()})


def fail(_event: WebhookEvent) -> bool:
    raise ValueError("no")


def test_leases_hold_however_long_a_claim_takes(handler: Any) -> None:
    events = make_payouts(5)
    seen: list[int] = []

    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False) as clock:

        def slow(event: WebhookEvent) -> bool:
            seen.append(event.pk)
            clock.shift(timedelta(seconds=90))
            assert claim(WebhookEvent.objects.due(), limit=10, seconds=60) == []  # what another worker finds
            return True

        handler(slow)
        assert drain() == 5

    assert seen == [event.pk for event in events]
    assert set(WebhookEvent.objects.values_list("state", "attempts")) == {("processed", 1)}


def test_events_that_another_worker_took_meanwhile_are_left_to_it(
    handler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = make_payouts(3)
    seen: list[int] = []

    def work(event: WebhookEvent) -> bool:
        seen.append(event.pk)
        if event.pk == first.pk:  # its lease ran out, and the next worker took the second
            rewind(lease_until=timedelta(seconds=1))
            assert [row.pk for row in claim(WebhookEvent.objects.due().filter(pk=second.pk), limit=9, seconds=60)]
        return True

    handler(work)
    monkeypatch.setattr(inbox, "LONGEST_EVENT", timedelta(hours=1))  # look before each event

    drain()

    assert seen == [first.pk]
    rows = dict(WebhookEvent.objects.values_list("pk", "state"))
    assert rows == {first.pk: "received", second.pk: "received", third.pk: "received"}
    assert WebhookEvent.objects.get(pk=second.pk).attempts == 2


def test_a_failure_is_kept_and_tried_again_later_and_later_until_it_is_given_up(handler: Any) -> None:
    handler(fail)
    [event] = make_payouts(1)
    pauses = []

    for _ in range(MOST_ATTEMPTS):
        began = timezone.now()
        assert drain() == 1
        event.refresh_from_db()
        pauses.append(round((event.next_attempt_at - began).total_seconds()))
        rewind(next_attempt_at=timedelta(0))

    assert pauses == [10, 40, 160, 640, 2560, 10240] + [21600] * (MOST_ATTEMPTS - 6)
    assert (event.state, event.attempts, event.lease_until) == ("dead", MOST_ATTEMPTS, None)
    assert event.last_error == "ValueError: no"
    failures = list(event.failures.order_by("pk").values_list("attempt", "error"))
    assert failures == [(number, "ValueError: no") for number in range(1, MOST_ATTEMPTS + 1)]
    assert drain() == 0


def test_a_success_after_failures_clears_the_error_and_keeps_their_history(handler: Any) -> None:
    [event] = make_payouts(1)
    handler(fail)
    drain()
    rewind(next_attempt_at=timedelta(0))
    handler(lambda _event: True)

    drain()

    event.refresh_from_db()
    assert (event.state, event.attempts, event.last_error) == ("processed", 2, "")
    assert WebhookFailure.objects.count() == 1


def test_one_bad_event_does_not_hold_up_the_others(handler: Any) -> None:
    bad, *good = make_payouts(4)
    handler(lambda event: fail(event) if event.pk == bad.pk else True)

    drain()

    states = dict(WebhookEvent.objects.values_list("pk", "state"))
    assert states == {bad.pk: "received"} | {event.pk: "processed" for event in good}


def test_a_worker_that_was_overtaken_writes_neither_outcome_nor_failure(handler: Any) -> None:
    [event] = make_payouts(1)

    def overtaken(_event: WebhookEvent) -> bool:
        rewind(lease_until=timedelta(seconds=1))
        claim(WebhookEvent.objects.due(), limit=1, seconds=60)
        raise ValueError("late")

    handler(overtaken)
    drain()

    event.refresh_from_db()
    assert (event.state, event.attempts, event.last_error) == ("received", 2, "")
    assert WebhookFailure.objects.count() == 0


def test_one_call_works_off_more_than_one_claim(handler: Any) -> None:
    handler(lambda _event: True)
    make_payouts(2 * CLAIMED_AT_ONCE + 1)

    drain_all()

    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"processed"}


def test_a_full_claim_wakes_another_worker_and_a_turn_ends(handler: Any) -> None:
    handler(lambda _event: True)
    make_payouts(2 * CLAIMED_AT_ONCE)

    drain_all(seconds=-1)

    assert WebhookEvent.objects.filter(state="processed").count() == CLAIMED_AT_ONCE
    waiting = DBTaskResult.objects.ready()
    assert [row.task_path for row in waiting] == [work_off_inbox.module_path]


def test_an_event_is_taken_up_before_its_time_but_never_from_a_worker(handler: Any) -> None:
    later, in_hand, done = make_payouts(3)
    handler(lambda _event: True)
    hour = timezone.now() + timedelta(hours=1)
    WebhookEvent.objects.filter(pk=later.pk).update(next_attempt_at=hour, attempts=4)
    WebhookEvent.objects.filter(pk=in_hand.pk).update(lease_until=hour)
    WebhookEvent.objects.filter(pk=done.pk).update(state="ignored")

    states = [take_up(event.pk).state for event in (later, in_hand, done)]

    assert states == ["processed", "received", "ignored"]
    assert WebhookEvent.objects.get(pk=later.pk).attempts == 5


def test_an_event_that_nobody_handles_any_more_is_ignored(handler: Any) -> None:
    make_event(type="issuing_card.created")

    drain()

    assert WebhookEvent.objects.get().state == "ignored"


def test_the_events_of_one_purchase_ask_stripe_once(monkeypatch: pytest.MonkeyPatch) -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    control.deliver_all()
    waiting = WebhookEvent.objects.filter(state="received").count()
    asked: list[str] = []
    fetch = client.fetch_session
    monkeypatch.setattr(client, "fetch_session", lambda session_id: asked.append(session_id) or fetch(session_id))

    drain()

    order.refresh_from_db()
    assert waiting > 2
    assert WebhookEvent.objects.filter(state="processed", attempts=1).count() == waiting
    assert (order.status, asked) == ("paid", [payment.stripe_session_id])


def test_an_event_whose_content_cannot_be_read_fails_alone() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    for payload in ("not json", "[]", "{}", '{"data": {"object": {"metadata": [], "object": []}}}'):
        make_event(payload=payload)
    make_event(type="checkout.session.completed", object_id=payment.stripe_session_id, payload="")

    drain()

    order.refresh_from_db()
    assert order.status == "paid"
    states = list(WebhookEvent.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["received"] * 3 + ["processed"] * 2
    assert WebhookFailure.objects.count() == 3


def test_an_emptied_event_still_leads_to_its_payment() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    make_event(type="checkout.session.completed", object_id=payment.stripe_session_id, payload="")
    make_event(type="charge.refunded", object_id="ch_of_another_shop", payload="")

    drain()

    order.refresh_from_db()
    assert order.status == "paid"
    assert list(WebhookEvent.objects.order_by("pk").values_list("state", "last_error")) == [
        ("processed", ""),
        ("processed", "about nothing of this shop"),
    ]


def test_a_failed_sync_is_tried_again_for_the_next_event_of_its_round() -> None:
    _, payment = make_paid()
    for _ in range(2):
        make_event(type="checkout.session.completed", object_id=payment.stripe_session_id, payload="")
    control.fail_next("checkout.sessions.retrieve", "timeout")

    drain()

    assert list(WebhookEvent.objects.order_by("pk").values_list("state", flat=True)) == ["received", "processed"]
    assert WebhookFailure.objects.get().error.startswith("GatewayUnclear")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_work_off_each_event_once(handler: Any) -> None:
    seen: list[int] = []

    def work(event: WebhookEvent) -> bool:
        seen.append(event.pk)
        return True

    handler(work)
    events = make_payouts(90)

    assert at_once([lambda: [drain(limit=7) for _ in range(5)]] * 4) == ["done"] * 4
    assert sorted(seen) == [event.pk for event in events]
    assert set(WebhookEvent.objects.values_list("state", "attempts")) == {("processed", 1)}
