"""Events that never came are found in Stripe's list and worked off; what the list tells in passing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.models import JobRun
from core.testing import run_tasks
from payments import backfill, event_list
from payments.backfill import JOB, import_event, import_missed, import_missed_for
from payments.errors import GatewayRefused, GatewayUnclear
from payments.event_list import list_events, succeeded_at
from payments.events import SUBSCRIBED
from payments.inbox import drain
from payments.jobs import import_missed_events
from payments.models import WebhookEvent
from payments.sync import sync_payment
from payments.tests.factories import make_started, session_of
from stripe_simulator import control
from stripe_simulator.models import Delivery, Resource

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def events_at_stripe() -> dict[str, str]:
    """The subscribed events that Stripe would list: their ids, and their types."""
    return dict(Resource.objects.filter(kind="event", label__in=SUBSCRIBED).values_list("stripe_id", "label"))


def make_sale_that_nobody_told_of() -> Any:
    control.drop_events("*", times=20)
    order, payment = make_started()
    control.pay(session_of(payment))
    control.deliver_all()
    control.clear_faults()
    assert not WebhookEvent.objects.exists()
    return order


def test_events_that_never_came_are_imported_once_and_make_the_sale() -> None:
    order = make_sale_that_nobody_told_of()
    since = timezone.now() - HOUR

    first, second = import_missed(since=since), import_missed(since=since)

    expected = events_at_stripe()
    assert (first.listed, first.imported, first.is_complete) == (len(expected), len(expected), True)
    assert (second.listed, second.imported) == (len(expected), 0)
    assert dict(WebhookEvent.objects.values_list("stripe_event_id", "type")) == expected
    assert DBTaskResult.objects.ready().count() == 1
    drain()
    order.refresh_from_db()
    assert order.status == "paid"


def test_a_listed_event_is_stored_as_its_delivery_would_have_been(client: Client) -> None:
    make_sale_that_nobody_told_of()
    import_missed(since=timezone.now() - HOUR)
    names = ("type", "object_id", "livemode", "api_version", "created_at", "state")
    listed = {row["stripe_event_id"]: row for row in WebhookEvent.objects.values("stripe_event_id", *names)}
    subjects = {event.stripe_event_id: event.subject for event in WebhookEvent.objects.all()}
    assert set(WebhookEvent.objects.values_list("delivered_at", flat=True)) == {None}

    WebhookEvent.objects.all().delete()
    Delivery.objects.update(state=Delivery.State.PENDING)
    control.deliver_all()

    delivered = WebhookEvent.objects.filter(stripe_event_id__in=listed)
    assert {row["stripe_event_id"]: row for row in delivered.values("stripe_event_id", *names)} == listed
    assert {event.stripe_event_id: event.subject for event in delivered} == subjects
    assert not delivered.filter(delivered_at=None).exists()


def test_a_late_delivery_of_an_imported_event_is_noted_and_nothing_else() -> None:
    make_sale_that_nobody_told_of()
    import_missed(since=timezone.now() - HOUR)
    drain()
    Delivery.objects.update(state=Delivery.State.PENDING)

    control.deliver_all()

    events = WebhookEvent.objects.filter(stripe_event_id__in=events_at_stripe())
    assert set(events.values_list("state", "attempts")) == {("processed", 1)}
    assert not events.filter(delivered_at=None).exists()


def test_the_span_is_half_open_and_every_type_is_listed_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_sale_that_nobody_told_of()
    at = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    Resource.objects.filter(kind="event").update(created=int(at.timestamp()))
    monkeypatch.setattr(event_list, "TYPES_AT_ONCE", 3)
    monkeypatch.setattr(event_list, "A_PAGE", 1)

    def ids(since: datetime, until: datetime) -> set[str]:
        return {event.id for page in list_events(since=since, until=until) for event in page}

    assert ids(at, at + HOUR) == set(events_at_stripe())
    assert ids(at - HOUR, at) == set()


def test_what_was_read_before_stripe_fell_silent_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    make_sale_that_nobody_told_of()
    monkeypatch.setattr(event_list, "A_PAGE", 1)
    pages = list_events(since=timezone.now() - HOUR)

    def breaking_off(**_span: Any) -> Any:
        yield next(pages)
        raise GatewayUnclear("gone")

    monkeypatch.setattr(backfill, "list_events", breaking_off)
    with pytest.raises(GatewayUnclear):
        import_missed(since=timezone.now() - HOUR)

    assert WebhookEvent.objects.count() == DBTaskResult.objects.ready().count() == 1


def test_somebody_who_waits_gets_an_answer_in_time_and_it_is_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    make_sale_that_nobody_told_of()
    monkeypatch.setattr(event_list, "A_PAGE", 1)
    monkeypatch.setattr(backfill, "LONGEST_LOOK", -1.0)
    actor = make_user("ops")

    done = import_missed_for(30, actor=actor)

    assert (done.imported, done.is_complete) == (1, False)
    audited = AuditRecord.objects.get(action="webhook.backfilled")
    assert (audited.actor_id, audited.changes) == (actor.pk, {"days": 30, "imported": 1})
    run_tasks()  # the worker reads the rest
    assert dict(WebhookEvent.objects.values_list("stripe_event_id", "type")) == events_at_stripe()


@pytest.mark.parametrize(
    ("last", "since"),
    [
        (None, timedelta(days=30)),
        (timedelta(minutes=10), timedelta(minutes=25)),
        (timedelta(days=3), timedelta(days=3, minutes=15)),
        (timedelta(days=99), timedelta(days=30)),
    ],
)
def test_the_job_reads_on_from_before_its_last_success(
    monkeypatch: pytest.MonkeyPatch, last: timedelta | None, since: timedelta
) -> None:
    now = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
    spans: list[tuple[datetime, datetime]] = []
    monkeypatch.setattr(backfill, "import_missed", lambda *, since, until: spans.append((since, until)))
    for state, ago in ((JobRun.State.SUCCEEDED, last), (JobRun.State.FAILED, timedelta(0))):
        if ago is not None:
            JobRun.objects.create(job=JOB, slot_at=now - ago, started_at=now - ago, state=state)

    with time_machine.travel(now, tick=False):
        import_missed_events()

    assert spans == [(now - since, now - timedelta(minutes=1))]


def test_one_event_is_imported_by_its_id_and_worked_off() -> None:
    order = make_sale_that_nobody_told_of()
    event_id = Resource.objects.get(kind="event", label="checkout.session.completed").stripe_id

    assert [import_event(event_id).state for _ in range(2)] == ["processed", "processed"]

    order.refresh_from_db()
    assert (order.status, WebhookEvent.objects.count()) == ("paid", 1)


def test_an_event_that_stripe_does_not_list_cannot_be_imported() -> None:
    with pytest.raises(GatewayRefused):
        import_event("evt_of_another_shop")


def test_a_delayed_payment_takes_its_time_from_the_list_bounded_by_its_charge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order, payment = make_started()
    control.pay(session_of(payment), "bank_debit_succeeds")
    control.finish_async(session_of(payment))
    charge = Resource.objects.get(kind="charge")
    told = Resource.objects.get(kind="event", label="payment_intent.succeeded")
    later = int((timezone.now() + timedelta(days=4)).timestamp())
    Resource.objects.filter(pk=told.pk).update(created=later, data=told.data | {"created": later})
    asked: list[Any] = []
    listing = event_list.list_events
    monkeypatch.setattr(event_list, "list_events", lambda **span: asked.append(span) or listing(**span))

    sync_payment(payment.pk)

    order.refresh_from_db()
    assert (order.status, int(order.paid_at.timestamp())) == ("paid", later)
    assert [int(span["since"].timestamp()) for span in asked] == [charge.data["created"]]
    assert succeeded_at("pi_other", since=timezone.now() - HOUR) is None


def test_a_delayed_payment_takes_its_time_from_the_inbox_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    order, payment = make_started()
    control.pay(session_of(payment), "bank_debit_succeeds")
    control.finish_async(session_of(payment))
    control.deliver_all()
    monkeypatch.setattr(event_list, "list_events", lambda **_span: pytest.fail("Stripe was asked for its list"))

    sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.paid_at == WebhookEvent.objects.get(type="payment_intent.succeeded").created_at
