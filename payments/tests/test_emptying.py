"""What an event told is let go of after 90 days; the event itself, and taking it up again, stay."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.factories import make_user
from core.errors import NotAllowedInState
from payments import emptying
from payments.emptying import empty_old_events
from payments.inbox import drain
from payments.models import Payment, WebhookEvent, WebhookFailure
from payments.replaying import replay_event
from payments.tests.factories import make_event, make_paid

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=90, seconds=1)


def test_events_of_ninety_days_ago_lose_content_and_errors_and_younger_ones_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(emptying, "BATCH", 2)
    old = [
        make_event(received_at=OLD, state=state)
        for state in ("processed", "ignored", "quarantined", "dead", "processed")
    ]
    young = make_event(received_at=OLD + timedelta(seconds=1), state="processed")
    waiting = make_event(received_at=OLD, state="received")
    for event in (old[3], young, waiting):
        WebhookFailure.objects.create(event=event, attempt=1, error="ValueError: somebody@example.com")

    assert [empty_old_events(NOW) for _ in range(2)] == [5, 0]

    kept = set(WebhookEvent.objects.exclude(payload="").values_list("pk", flat=True))
    assert kept == {young.pk, waiting.pk}
    assert set(WebhookFailure.objects.values_list("event", flat=True)) == {young.pk, waiting.pk}
    assert WebhookEvent.objects.count() == 7


def test_an_emptied_event_is_replayed_by_the_id_of_its_object() -> None:
    _, payment = make_paid()
    event = make_event(type="charge.refunded", object_id=payment.stripe_charge_id, state="processed", payload="")
    Payment.objects.filter(pk=payment.pk).update(synced_at=None)

    replay_event(event.pk, reason="asked for", actor=make_user("ops"))
    drain()

    event.refresh_from_db()
    assert (event.state, event.last_error) == ("processed", "")
    assert Payment.objects.get(pk=payment.pk).synced_at is not None


def test_an_emptied_event_that_names_no_object_says_why_it_is_not_taken_up() -> None:
    event = make_event(type="balance.available", object_id="", state="ignored", payload="")

    with pytest.raises(NotAllowedInState, match="emptied, and it names no object"):
        replay_event(event.pk, reason="asked for", actor=make_user("ops"))
