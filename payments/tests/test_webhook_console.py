"""The inbox in the console: taking up many at once, one event's history, and looking for missed ones."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from payments import replaying, webhook_page
from payments.inbox import drain
from payments.models import WebhookEvent, WebhookFailure
from payments.tests.factories import make_event, make_paid, make_started, session_of
from stripe_simulator import control

pytestmark = pytest.mark.django_db
LIST, REPLAY, IMPORT = "/console/webhooks/", "/console/webhooks/replay/", "/console/webhooks/import/"


@pytest.fixture
def ops(client: Client) -> Client:
    user = make_user("ops", name="Priya Raman")
    client.force_login(user)
    client.user = user
    return client


def states() -> dict[int, str]:
    return dict(WebhookEvent.objects.order_by("pk").values_list("pk", "state"))


def fields_of(html: str) -> dict[str, Any]:
    """What the form that confirms would send back."""
    form = html.partition('action="/console/webhooks/replay/"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', form)
    sent: dict[str, Any] = {name: value for name, value in found if name not in ("event", "csrfmiddlewaretoken")}
    return sent | {"event": [value for name, value in found if name == "event"], "confirm": "1"}


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_ticked_events_are_taken_up_after_they_were_shown_and_a_reason_given(ops: Client) -> None:
    dead, done, foreign, other = (make_event(state=state) for state in ("dead", "processed", "quarantined", "dead"))

    asked = ops.post(REPLAY, {"which": "selected", "event": [dead.pk, done.pk, foreign.pk]})
    html = text_of(asked)
    assert "Take up 2 events again?" in html
    assert "1 of 3 are left as they are" in html
    assert states() == {dead.pk: "dead", done.pk: "processed", foreign.pk: "quarantined", other.pk: "dead"}

    fields = fields_of(asked.content.decode())
    refused = ops.post(REPLAY, fields)
    assert (refused.status_code, states()[dead.pk]) == (422, "dead")
    answer = text_of(ops.post(REPLAY, fields | {"reason": "Stripe was down"}, follow=True))

    assert "Events taken up again: 2." in answer
    assert states() == {dead.pk: "received", done.pk: "received", foreign.pk: "quarantined", other.pk: "dead"}
    audited = AuditRecord.objects.filter(action="webhook.replayed").order_by("pk")
    assert list(audited.values_list("subject_id", "actor_id", "reason", "outcome")) == [
        (str(event.pk), ops.user.pk, "Stripe was down", "done") for event in (dead, done)
    ]
    assert DBTaskResult.objects.ready().count() == 1


def test_all_that_were_given_up_and_match_the_search_are_taken_up(ops: Client) -> None:
    ours = [make_event(state="dead", type="refund.updated") for _ in range(30)]
    others = [make_event(state="dead"), make_event(state="processed", type="refund.updated")]

    listed = ops.get(LIST, {"q": "refund."}).content.decode()
    assert "Take up every match given up (30)" in listed
    asked = ops.post(REPLAY, {"which": "dead", "q": "refund."})
    assert "Take up 30 events again?" in text_of(asked)
    ops.post(REPLAY, fields_of(asked.content.decode()) | {"reason": "mended"})

    assert {pk for pk, state in states().items() if state == "received"} == {event.pk for event in ours}
    assert [states()[event.pk] for event in others] == ["dead", "processed"]


def test_when_the_number_has_changed_it_is_shown_again(ops: Client) -> None:
    make_event(state="dead")
    fields = fields_of(ops.post(REPLAY, {"which": "dead"}).content.decode()) | {"reason": "mended"}
    make_event(state="dead")

    again = ops.post(REPLAY, fields)

    assert again.status_code == 422
    assert "Meanwhile it is another number" in text_of(again)
    assert set(states().values()) == {"dead"}
    ops.post(REPLAY, fields_of(again.content.decode()) | {"reason": "mended"})
    assert set(states().values()) == {"received"}


def test_no_more_than_the_bound_are_taken_up_at_once(ops: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (replaying, webhook_page):
        monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    for _ in range(3):
        make_event(state="dead")

    asked = ops.post(REPLAY, {"which": "dead"})
    assert "1 of 3 are left as they are" in text_of(asked)
    ops.post(REPLAY, fields_of(asked.content.decode()) | {"reason": "mended"})

    assert list(states().values()) == ["received", "received", "dead"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"which": "selected"},
        {"which": "selected", "event": ["x"]},
        {"which": "selected", "event": ["999999"]},
        {"which": "selected", "event": ["99999999999999999999999"]},
        {"which": "all"},
        {"which": "dead", "q": "x" * 300},
        {"which": "dead", "confirm": "1", "reason": "x", "expected": "1"},
    ],
)
def test_a_choice_of_nothing_changes_nothing(ops: Client, fields: dict[str, Any]) -> None:
    make_event(state="quarantined")

    answer = text_of(ops.post(REPLAY, fields, follow=True))

    assert "Tick at least one event" in answer
    assert list(states().values()) == ["quarantined"]


@pytest.mark.parametrize("expected", ["", "0", "-1", "x", "501"])
def test_a_confirmation_without_a_usable_number_confirms_nothing(ops: Client, expected: str) -> None:
    event = make_event(state="dead")
    fields = {"which": "selected", "event": [event.pk], "confirm": "1", "reason": "x", "expected": expected}

    assert ops.post(REPLAY, fields).status_code == 422
    assert states() == {event.pk: "dead"}


def test_an_event_shows_its_order_and_every_attempt(ops: Client) -> None:
    order, payment = make_paid()
    now = timezone.now()
    event = make_event(
        type="charge.refunded", object_id=payment.stripe_charge_id, payload="", state="dead", attempts=2, last_error="b"
    )
    for attempt, said in ((1, "GatewayUnclear: <no answer>"), (2, "ValueError: b")):
        WebhookFailure.objects.create(event=event, attempt=attempt, error=said, at=now - timedelta(minutes=9 - attempt))

    html = text_of(ops.get(f"{LIST}{event.pk}/"))

    assert order.number in html
    assert "Given up after 2 attempts" in html
    assert html.index("ValueError: b") < html.index("GatewayUnclear: &lt;no answer&gt;")
    assert "<details" in html
    assert "emptied, as it is after 90 days" in html


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": "received"}, "Waits to be taken up for the first time."),
        ({"state": "received", "attempts": 3}, "Tried 3 times."),
        ({"state": "processed", "attempts": 1, "processed_at": timezone.now()}, "Done at attempt 1,"),
        ({"state": "quarantined"}, "of the other mode"),
        ({"state": "ignored"}, "nothing in the shop depends on events of this type"),
        ({"delivered_at": None}, "Never delivered; found in Stripe’s list"),
    ],
)
def test_an_event_says_where_it_stands(ops: Client, fields: dict[str, Any], sentence: str) -> None:
    assert sentence in text_of(ops.get(f"{LIST}{make_event(**fields).pk}/"))


def test_missed_events_are_looked_for_on_request(ops: Client) -> None:
    order, payment = make_started()
    control.drop_events("*", times=20)
    control.pay(session_of(payment))
    control.deliver_all()

    answer = text_of(ops.post(IMPORT, {"days": "7"}, follow=True))
    count = WebhookEvent.objects.count()
    drain()

    order.refresh_from_db()
    assert f"Stripe lists {count} events; {count} of them were missing" in answer
    assert (order.status, AuditRecord.objects.get(action="webhook.backfilled").actor_id) == ("paid", ops.user.pk)


def test_looking_for_missed_events_says_when_stripe_is_away_or_the_days_make_no_sense(ops: Client) -> None:
    control.fail_next("events.list", "timeout")

    assert "Stripe cannot be reached just now" in text_of(ops.post(IMPORT, {"days": "1"}, follow=True))
    assert "Choose how far to look back." in text_of(ops.post(IMPORT, {"days": "365"}, follow=True))
    assert ops.get(IMPORT).status_code == 405


def test_the_pages_of_the_inbox_cost_the_same_however_much_there_is(
    ops: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    events = [make_event(state="dead") for _ in range(40)]
    for number in range(30):
        WebhookFailure.objects.create(event=events[0], attempt=number, error="x")

    with django_assert_max_num_queries(14):
        ops.get(LIST, {"page": 2})
    with django_assert_max_num_queries(14):
        ops.get(f"{LIST}{events[0].pk}/")
    with django_assert_max_num_queries(16):
        ops.post(REPLAY, {"which": "dead"})
