"""Several processes, one Stripe: races on PostgreSQL."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe
from django.db import connections

from stripe_simulator import control, delivery
from stripe_simulator.models import Delivery, Resource
from stripe_simulator.sessions import Result
from stripe_simulator.tests.simulated import SHOP, make_client, make_line, make_session

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 8


def at_once[Answer](act: Callable[[], Answer]) -> list[Answer]:
    """What `act` returns in each of eight threads that start together."""
    gate = threading.Barrier(THREADS)

    def enter() -> Answer:
        gate.wait()
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(enter) for _ in range(THREADS)]]


def test_many_clicks_on_pay_charge_once() -> None:
    session = make_session()

    results = [attempt.result for attempt in at_once(lambda: control.pay(session.id))]

    assert sorted(results) == [Result.COMPLETE] * (THREADS - 1) + [Result.PAID]
    assert Resource.objects.filter(kind="charge").count() == 1


def test_one_idempotency_key_makes_one_session() -> None:
    params = {"mode": "payment", "line_items": [make_line()], "success_url": SHOP}
    client = make_client()

    made = at_once(lambda: client.v1.checkout.sessions.create(params=params, options={"idempotency_key": "one"}).id)

    assert len(set(made)) == 1
    assert Resource.objects.filter(kind="checkout.session").count() == 1


def test_refunds_at_once_never_exceed_the_charge() -> None:
    session = make_session(amount=1000)
    control.pay(session.id)
    charge = Resource.objects.get(kind="charge").stripe_id
    client = make_client()

    def refund() -> bool:
        try:
            client.v1.refunds.create(params={"charge": charge, "amount": 400})
        except stripe.InvalidRequestError:
            return False
        return True

    assert sum(at_once(refund)) == 2
    assert Resource.objects.get(stripe_id=charge).data["amount_refunded"] == 800


def test_paying_and_expiring_at_once_does_one_of_them() -> None:
    client = make_client()
    for _ in range(5):
        session = make_session(client)
        turns = iter(range(THREADS))

        def act(session_id: str = session.id, turns: object = turns) -> object:
            if next(turns) % 2:
                return control.pay(session_id)
            return control.expire(session_id)

        at_once(act)
        data = Resource.objects.get(stripe_id=session.id).data
        assert (data["status"], data["payment_status"]) in {("complete", "paid"), ("expired", "unpaid")}


def test_several_workers_deliver_each_event_once(settings) -> None:
    received: list[bytes] = []

    def webhook(url: str, headers: dict[str, str], body: bytes) -> int:
        received.append(body)
        return 200

    settings.STRIPE_SIMULATOR_DELIVER = webhook
    control.pay(make_session().id)

    assert sum(at_once(delivery.deliver_due)) == 4
    assert len(received) == 4
    assert not Delivery.objects.exclude(state=Delivery.State.DELIVERED).exists()
