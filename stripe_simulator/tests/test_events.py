"""Events reach the shop signed, in order, at least once; and go astray exactly as ordered."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
import stripe
import time_machine
from django.conf import settings
from django.test import Client

from stripe_simulator import control, delivery, schedule
from stripe_simulator.models import Delivery, ScheduledStep
from stripe_simulator.tests.simulated import make_client, make_session

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Webhook:
    """A shop's webhook that keeps what it got and answers as it is told."""

    def __init__(self, *answers: int | OSError) -> None:
        self.answers = list(answers)
        self.received: list[stripe.Event] = []

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> int:
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, OSError):
            raise answer
        event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], settings.STRIPE_WEBHOOK_SECRETS[0])
        if answer == 200:
            self.received.append(event)
        return answer

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.received]


@pytest.fixture
def webhook(settings) -> Webhook:
    settings.STRIPE_SIMULATOR_DELIVER = Webhook()
    return settings.STRIPE_SIMULATOR_DELIVER


LIFE = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


def test_events_arrive_signed_and_in_order(webhook: Webhook) -> None:
    session = make_session(metadata={"order": "1"})
    control.pay(session.id)

    assert control.deliver_all() == 4

    assert webhook.types == LIFE
    told = webhook.received[-1]
    assert (told.data.object["id"], told.data.object["metadata"]["order"]) == (session.id, "1")
    assert (told.api_version, told.livemode) == ("2026-05-27.dahlia", False)
    assert control.deliver_all() == 0


def test_event_by_request_names_the_request(webhook: Webhook) -> None:
    session = make_session()
    make_client().v1.checkout.sessions.expire(session.id, options={"idempotency_key": "k-9"})

    control.deliver_all()

    cause = webhook.received[0]["request"]
    assert cause.idempotency_key == "k-9"
    assert cause.id.startswith("req_")


def test_signature_is_the_one_stripe_documents() -> None:
    header = delivery.sign(b'{"a": 1}', "whsec_test", 1_700_000_000)

    assert header == "t=1700000000,v1=f9086839ba44ac933ad5d79a65f74e64811e534328d3bf3c278acf3329bf7ce5"


def test_wrong_secret_is_noticed_by_the_real_library() -> None:
    header = delivery.sign(b"{}", "whsec_other", int(datetime.now(UTC).timestamp()))

    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(b"{}", header, settings.STRIPE_WEBHOOK_SECRETS[0])


@pytest.mark.parametrize("answer", [500, 302, 404, ConnectionRefusedError("nobody there")])
def test_refused_delivery_is_tried_again_later(webhook: Webhook, answer: int | OSError) -> None:
    webhook.answers = [answer]
    with time_machine.travel(NOON, tick=False) as clock:
        make_client().v1.checkout.sessions.expire(make_session().id)
        assert delivery.deliver_due() == 0
        assert delivery.deliver_due() == 0
        clock.shift(timedelta(seconds=6))
        assert delivery.deliver_due() == 1

    assert webhook.types == ["checkout.session.expired"]
    assert Delivery.objects.get().attempts == 2


def test_delivery_is_given_up_after_three_days(webhook: Webhook) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        make_client().v1.checkout.sessions.expire(make_session().id)
        webhook.answers = [500, 500]
        delivery.deliver_due()
        clock.shift(timedelta(days=3, seconds=1))
        delivery.deliver_due()

    assert Delivery.objects.get().state == Delivery.State.GIVEN_UP


def test_dropped_event_is_listed_but_never_sent(webhook: Webhook) -> None:
    control.drop_events("checkout.session.completed")
    control.pay(make_session().id)

    control.deliver_all()

    assert webhook.types == LIFE[:3]
    api = make_client().v1.events
    assert [event.type for event in api.list(params={"type": "checkout.session.*"}).data] == [LIFE[3]]
    assert [event.type for event in api.list(params={"delivery_success": False}).data] == [LIFE[3]]


def test_duplicated_event_is_sent_twice_with_one_id(webhook: Webhook) -> None:
    control.duplicate_events("charge.succeeded")
    control.pay(make_session().id)

    control.deliver_all()

    assert [event.id for event in webhook.received].count(webhook.received[1].id) == 2
    assert webhook.types == [LIFE[0], LIFE[1], *LIFE[1:]]


def test_delayed_event_waits(webhook: Webhook) -> None:
    control.delay_events("payment_intent.created", seconds=60)
    with time_machine.travel(NOON, tick=False) as clock:
        control.pay(make_session().id)
        control.tick()
        assert webhook.types == LIFE[1:]
        clock.shift(timedelta(seconds=61))
        control.tick()

    assert webhook.types == [*LIFE[1:], LIFE[0]]


def test_reordered_event_overtakes(webhook: Webhook) -> None:
    control.reorder_events("checkout.session.completed")
    control.pay(make_session().id)

    control.deliver_all()

    assert webhook.types == [LIFE[3], *LIFE[:3]]


def test_pending_events_can_be_reversed(webhook: Webhook) -> None:
    control.pay(make_session().id)

    control.reverse_pending()
    control.deliver_all()

    assert webhook.types == LIFE[::-1]


def test_without_a_secret_nothing_is_sent(webhook: Webhook, settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    control.pay(make_session().id)

    assert control.deliver_all() == 0
    assert not Delivery.objects.exclude(attempts=0).exists()


def test_step_whose_object_is_gone_holds_nothing_up(webhook: Webhook) -> None:
    schedule.plan("book_charge", "ch_gone", NOON)
    control.pay(make_session().id)

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=1)):
        control.tick()

    assert webhook.types == LIFE
    assert not ScheduledStep.objects.filter(target_id="ch_gone").exists()


@pytest.mark.django_db(transaction=True)
def test_paying_on_the_page_delivers_soon_from_a_thread(webhook: Webhook, settings, client: Client) -> None:
    settings.STRIPE_SIMULATOR_DELIVER_IN_THREAD = True

    client.post(f"/stripe-simulator/pay/{make_session().id}/", {"card": "4242424242424242"})
    for thread in threading.enumerate():
        if thread.name == delivery.THREAD:
            thread.join(20)

    assert webhook.types == LIFE


def test_event_payload_does_not_change_with_its_object(webhook: Webhook) -> None:
    session = make_session()
    control.pay(session.id)
    charge = make_client().v1.charges.list().data[0]
    make_client().v1.refunds.create(params={"charge": charge.id})

    control.deliver_all()

    succeeded = next(event for event in webhook.received if event.type == "charge.succeeded")
    refunded = next(event for event in webhook.received if event.type == "charge.refunded")
    assert (succeeded.data.object["amount_refunded"], refunded.data.object["amount_refunded"]) == (0, 2800)
    assert refunded.data.previous_attributes["amount_refunded"] == 0
    assert json.dumps(succeeded.to_dict()).count('"_') == 0
