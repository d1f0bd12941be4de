"""Payment intents that no Checkout session made: what Stripe's command-line client asks for when it triggers events."""

import pytest
import stripe

from stripe_simulator.models import Resource
from stripe_simulator.tests.simulated import make_client
from stripe_simulator.tests.test_requests import ask

pytestmark = pytest.mark.django_db

ADDRESS = {"line1": "1 Green Lane", "city": "Leeds", "postal_code": "LS1 4AP", "country": "GB"}
SHIPPING = {"name": "Charlie Clay", "address": ADDRESS}
TRIGGERED = {
    "amount": 2000,
    "currency": "usd",
    "confirm": True,
    "description": "(created by Stripe CLI)",
    "payment_method": "pm_card_visa",
    "payment_method_types": ["card"],
    "shipping": SHIPPING,
}


def told() -> list[str]:
    """The types of the events so far."""
    return list(Resource.objects.filter(kind="event").order_by("pk").values_list("label", flat=True))


def test_an_intent_confirmed_at_once_succeeds_and_keeps_where_the_goods_go() -> None:
    intent = make_client().v1.payment_intents.create(params=TRIGGERED)

    assert intent.status == "succeeded"
    assert intent.shipping.to_dict() == {
        "name": "Charlie Clay",
        "carrier": None,
        "phone": None,
        "tracking_number": None,
        "address": {**ADDRESS, "line2": None, "state": None},
    }
    assert told() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert Resource.objects.get(kind="charge").data["shipping"] == intent.shipping.to_dict()


def test_a_declined_card_answers_402_and_tells_of_it() -> None:
    with pytest.raises(stripe.CardError):
        make_client().v1.payment_intents.create(params=TRIGGERED | {"payment_method": "pm_card_chargeDeclined"})

    assert told() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


def test_an_address_without_a_name_is_refused() -> None:
    status, _, answer = ask("POST", "/v1/payment_intents", "amount=2000&currency=usd&shipping[address][city]=Leeds")

    assert (status, answer["error"]["param"]) == (400, "shipping[name]")
    assert told() == []
