"""What the simulator says is what Stripe documents: every exchange here is judged by Stripe's OpenAPI file."""

import pytest
import stripe
from django.conf import settings
from stripe._api_version import _ApiVersion

from stripe_simulator import control, events
from stripe_simulator.models import Resource
from stripe_simulator.tests import openapi
from stripe_simulator.tests.simulated import make_client, make_session

pytestmark = pytest.mark.django_db


def test_client_simulator_settings_and_openapi_speak_one_version() -> None:
    versions = {
        _ApiVersion.CURRENT,
        events.API_VERSION,
        settings.STRIPE_API_VERSION,
        openapi.stripe_openapi()["info"]["version"],
    }

    assert versions == {"2026-05-27.dahlia"}


def test_an_unknown_property_in_a_response_is_noticed() -> None:
    balance = {"object": "balance", "available": [], "pending": [], "livemode": False}
    openapi.assert_response_matches("GET", "/v1/balance", 200, balance)

    with pytest.raises(AssertionError, match="misspelt"):
        openapi.assert_response_matches("GET", "/v1/balance", 200, balance | {"misspelt": 1})


def test_an_unknown_parameter_in_a_request_is_noticed() -> None:
    with pytest.raises(AssertionError, match="unit_price"):
        openapi.assert_request_matches("POST", "/v1/checkout/sessions", "line_items[0][unit_price]=1")


def test_a_wrong_type_in_a_request_is_noticed() -> None:
    with pytest.raises(AssertionError, match="lots"):
        openapi.assert_request_matches("POST", "/v1/refunds", "amount=lots")


def test_a_request_stripe_does_not_have_is_noticed() -> None:
    with pytest.raises(AssertionError, match="Stripe has no"):
        openapi.assert_request_matches("POST", "/v1/teapots", "")


@pytest.mark.parametrize("currency", ["gbp", "jpy", "kwd"])
def test_every_object_and_event_of_a_full_life_is_as_stripe_documents(currency: str) -> None:
    client = make_client()

    _live_through_everything(client, currency)

    told = Resource.objects.filter(kind="event")
    assert told.count() > 30
    for event in told:
        thing = event.data["data"]["object"]
        openapi.assert_object_matches(thing["object"], thing)
        openapi.assert_object_matches("event", client.v1.events.retrieve(event.stripe_id).to_dict())


def _live_through_everything(client: stripe.StripeClient, currency: str) -> None:
    """Every endpoint, and every change of state that the controls know."""
    paid = make_session(client, amount=28_000, currency=currency)
    control.pay(paid.id, "4000000000000002")
    control.pay(paid.id, "1234")
    control.pay(paid.id, "4000002500003155", authenticate=False)
    control.pay(paid.id, "4000002500003155")
    client.v1.checkout.sessions.retrieve(paid.id, params={"expand": ["payment_intent"]})
    control.delay_balance_transactions()
    control.pay(paid.id, "4000002500003155", authenticate=True)
    control.release_balance_transactions()
    debit = make_session(client, amount=28_000, currency=currency, customer_email=None)
    control.pay(debit.id, "bank_debit_succeeds", email="b@example.com")
    client.v1.checkout.sessions.retrieve(debit.id, params={"expand": ["payment_intent.latest_charge"]})
    control.finish_async(debit.id)
    failed = make_session(client, amount=28_000, currency=currency)
    control.pay(failed.id, "bank_debit_fails")
    control.finish_async(failed.id, succeeded=False)
    abandoned = make_session(client, amount=28_000, currency=currency)
    control.pay(abandoned.id, "4000000000009995")
    client.v1.checkout.sessions.expire(abandoned.id)
    _refund_dispute_and_pay_out(client, paid.id, currency)
    _look_at_everything(client, paid.id)


def _refund_dispute_and_pay_out(client: stripe.StripeClient, session_id: str, currency: str) -> None:
    session = client.v1.checkout.sessions.retrieve(
        session_id, params={"expand": ["line_items", "payment_intent.latest_charge.balance_transaction"]}
    )
    charge = session.payment_intent.latest_charge
    client.v1.refunds.create(params={"payment_intent": session.payment_intent.id, "amount": 1000})
    control.refund_next_as("pending")
    pending = client.v1.refunds.create(params={"charge": charge.id, "amount": 2000, "reason": "duplicate"})
    control.settle_refund(pending.id)
    control.settle_refund(pending.id, succeeded=False)
    control.refund_next_as("failed")
    client.v1.refunds.create(params={"charge": charge.id, "amount": 2000, "metadata": {"k": "v"}})
    control.refund_next_as("requires_action")
    waiting = client.v1.refunds.create(params={"charge": charge.id, "amount": 2000})
    client.v1.refunds.cancel(waiting.id)
    control.close_dispute(control.open_dispute(charge.id, inquiry=True), won=True)
    control.close_dispute(control.open_dispute(charge.id, amount=5000), won=True)
    control.close_dispute(control.open_dispute(charge.id, amount=5000), won=False)
    assert control.make_payout(currency) is not None


def _look_at_everything(client: stripe.StripeClient, session_id: str) -> None:
    api = client.v1
    session = api.checkout.sessions.retrieve(session_id)
    api.checkout.sessions.list(params={"limit": 2, "expand": ["data.payment_intent"]})
    api.checkout.sessions.line_items.list(session_id)
    api.payment_intents.list(params={"expand": ["data.latest_charge"]})
    intent = api.payment_intents.retrieve(session.payment_intent)
    charges = api.charges.list(
        params={"payment_intent": intent.id, "expand": ["data.refunds.data.balance_transaction"]}
    )
    api.charges.retrieve(charges.data[0].id, params={"expand": ["balance_transaction", "payment_intent"]})
    refunds = api.refunds.list(params={"charge": intent.latest_charge, "expand": ["data.failure_balance_transaction"]})
    api.refunds.retrieve(refunds.data[0].id, params={"expand": ["charge", "payment_intent", "balance_transaction"]})
    moves = api.balance_transactions.list(params={"limit": 100, "expand": ["data.source"]})
    api.balance_transactions.retrieve(moves.data[0].id)
    disputes = api.disputes.list(params={"expand": ["data.charge", "data.payment_intent"]})
    api.disputes.retrieve(disputes.data[0].id)
    payouts = api.payouts.list(params={"expand": ["data.balance_transaction"]})
    api.payouts.retrieve(payouts.data[0].id)
    api.balance.retrieve()
    api.events.list(params={"types": ["charge.succeeded", "charge.failed"], "limit": 100})
