"""What Stripe tells arrives and is worked off: the parts of a long list, an endpoint that is silent, and repairs."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from monitoring import checks_hooks
from monitoring.checks_hooks import spans
from monitoring.models import Issue
from monitoring.repairs import repair
from monitoring.tests.factories import make_event, make_told_an_hour_ago, run
from payments import event_list
from payments.models import Payment, WebhookEvent, WebhookFailure
from payments.tests.factories import make_paid
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("held", [0, 1, 999, 1_000, 1_001, 12_345, 100_000])
def test_thirty_days_are_cut_into_spans_without_gap_or_overlap(held):
    found = spans(NOW, held)
    newest = found[0]
    assert newest[1] > NOW
    ordered = sorted(found, reverse=True)
    assert ordered[0] == newest
    assert all(later[0] == earlier[1] for later, earlier in pairwise(ordered))
    assert abs(ordered[-1][0] - (NOW - timedelta(days=30))) < timedelta(seconds=1)
    assert len(found) == max(1, -(-held // 1_000))


def test_the_older_spans_take_turns():
    firsts = {spans(NOW + timedelta(minutes=15 * quarter), 5_000)[1][0] for quarter in range(4)}
    assert len(firsts) == 4


def test_what_time_did_not_reach_keeps_its_issue_and_is_looked_at_in_its_turn(monkeypatch):
    make_paid()
    make_paid()
    events = list(Resource.objects.filter(kind="event", label="payment_intent.succeeded").order_by("pk"))
    now = int(timezone.now().timestamp())
    for days, event in zip((1, 20), events, strict=True):
        event.created = now - days * 86_400
        event.data |= {"created": event.created}
        event.save()
    assert run("hook.gap").open == 2

    newest_only = spans
    monkeypatch.setattr(checks_hooks, "spans", lambda at, _held: newest_only(at, 2_000))
    monkeypatch.setattr(checks_hooks, "LONGEST_LOOK", -1.0)
    WebhookEvent.objects.create(
        stripe_event_id=events[0].stripe_id, type="x", livemode=False, created_at=timezone.now(), state="processed"
    )
    done = run("hook.gap")
    assert (done.open, done.resolved) == (1, 1)
    assert Issue.objects.get(check_id="hook.gap", state=Issue.State.OPEN).entity_pk == events[1].stripe_id


def test_an_event_that_is_just_under_way_is_no_gap():
    make_paid()
    done = run("hook.gap")
    assert (done.open, done.found[0].examined > 0) == (0, True)


def test_without_an_answer_the_check_is_skipped_and_its_issues_stay():
    make_paid()
    make_told_an_hour_ago()
    assert run("hook.gap").open == 1
    control.fail_next("events.list", "timeout")

    done = run("hook.gap")

    assert (done.found[0].status, done.is_broken, done.open) == ("skipped", True, 1)
    assert "could not be asked" in done.found[0].error


def test_an_event_that_stripe_does_not_list_any_more_cannot_be_imported_and_is_no_gap():
    make_paid()
    told = make_told_an_hour_ago()
    run("hook.gap")
    Resource.objects.filter(pk=told.pk).delete()

    with pytest.raises(DomainError, match="does not list this event any more"):
        repair(Issue.objects.get().pk)
    assert run("hook.gap").open == 0


def test_a_gap_is_repaired_by_importing_the_event_and_working_it_off():
    _, payment = make_paid()
    told = make_told_an_hour_ago()
    Payment.objects.update(synced_at=None)

    done = run("hook.gap", with_repairs=True)

    event = WebhookEvent.objects.get(stripe_event_id=told.stripe_id)
    assert (done.open, done.resolved, event.state) == (0, 1, "processed")
    assert Payment.objects.get(pk=payment.pk).synced_at is not None


def test_the_list_is_read_within_its_limit_of_types(monkeypatch):
    make_paid()
    make_told_an_hour_ago()
    monkeypatch.setattr(event_list, "TYPES_AT_ONCE", 2)
    monkeypatch.setattr(event_list, "A_PAGE", 1)
    assert run("hook.gap").open == 1


def test_a_dead_event_is_taken_up_by_the_repair_with_an_audit_record():
    _, payment = make_paid()
    event = make_event(state="dead", attempts=12, object_id=payment.stripe_intent_id)

    assert run("hook.failed", with_repairs=True).open == 0

    event.refresh_from_db()
    assert (event.state, event.attempts) == ("processed", 1)
    assert AuditRecord.objects.filter(action="webhook.replayed", subject_id=str(event.pk), outcome="done").count() == 1


def test_a_repair_that_fails_again_says_so_and_leaves_the_event_to_the_worker():
    _, payment = make_paid()
    event = make_event(state="dead", attempts=12, object_id=payment.stripe_intent_id)
    control.fail_next("checkout.sessions.retrieve", "timeout")

    done = run("hook.failed", with_repairs=True)

    event.refresh_from_db()
    assert (event.state, WebhookFailure.objects.count()) == ("received", 1)
    assert done.found[0].open == 1


def test_an_event_in_a_workers_hand_is_not_taken_from_it():
    hour = timezone.now() + timedelta(hours=1)
    long_ago = timezone.now() - timedelta(hours=1)
    make_event(state="received", received_at=long_ago, next_attempt_at=long_ago, lease_until=hour, attempts=1)
    run("hook.unprocessed")

    with pytest.raises(NotAllowedInState, match="A worker has this event in hand"):
        repair(Issue.objects.get(check_id="hook.unprocessed").pk)


def test_an_event_that_was_just_taken_up_again_has_its_time():
    make_event(state="received", received_at=timezone.now() - timedelta(days=3))
    assert run("hook.unprocessed").open == 0


@pytest.mark.parametrize(
    ("paid_ago", "delivered_ago", "is_silent"),
    [
        (5, None, False),  # has its time still
        (11, None, True),
        (11, 600, True),
        (11, 12, False),  # clocks differ a little
        (11, 1, False),
        (60 * 23, None, True),
        (60 * 25, None, False),
    ],
)
def test_silence_is_a_payment_after_which_nothing_was_delivered(paid_ago, delivered_ago, is_silent):
    _, payment = make_paid()
    now = timezone.now()
    Payment.objects.filter(pk=payment.pk).update(succeeded_at=now - timedelta(minutes=paid_ago))
    if delivered_ago is not None:
        make_event(delivered_at=now - timedelta(minutes=delivered_ago))
    make_event(delivered_at=None, received_at=now)  # found in a list: no sign of the endpoint

    assert run("hook.silence").open == is_silent


def test_payments_that_were_imported_or_free_expect_no_delivery():
    _, payment = make_paid()
    Payment.objects.filter(pk=payment.pk).update(
        succeeded_at=timezone.now() - timedelta(hours=1), tender=Payment.Tender.IMPORTED
    )
    assert run("hook.silence").open == 0
