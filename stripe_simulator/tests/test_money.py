"""Refunds, disputes, payouts and the balance: every movement is booked, and a payout equals its parts."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe
import time_machine

from stripe_simulator import control, currencies
from stripe_simulator.models import Resource
from stripe_simulator.tests.simulated import make_client, make_session

pytestmark = pytest.mark.django_db


def make_charge(**params: object) -> stripe.Charge:
    session = make_session(**params)
    control.pay(session.id)
    paid = make_client().v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent.latest_charge"]})
    return paid.payment_intent.latest_charge


def refund(**params: object) -> stripe.Refund:
    return make_client().v1.refunds.create(params=params)


def reload_charge(charge: stripe.Charge) -> stripe.Charge:
    return make_client().v1.charges.retrieve(charge.id)


def net_of(currency: str) -> int:
    moves = make_client().v1.balance_transactions.list(params={"currency": currency, "limit": 100})
    return sum(move.net for move in moves.data)


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [(2800, "gbp", 62), (30, "gbp", 20), (1000, "eur", 40), (1000, "usd", 59), (500, "jpy", 18), (10_000, "kwd", 290)],
)
def test_fee_is_a_share_and_a_fixed_part(amount: int, currency: str, fee: int) -> None:
    assert currencies.fee_for(amount, currency) == fee


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (123_456, "gbp", "£1,234.56"),
        (5, "eur", "€0.05"),
        (500, "jpy", "¥500"),
        (1_250, "kwd", "1.250 KWD"),
        (-99, "usd", "-$0.99"),
    ],
)
def test_amount_is_shown_with_its_own_decimals(amount: int, currency: str, shown: str) -> None:
    assert currencies.show(amount, currency) == shown


def test_partial_then_full_refund() -> None:
    charge = make_charge()

    first = refund(payment_intent=charge.payment_intent, amount=800, reason="requested_by_customer")
    assert (first.status, first.amount, first.charge) == ("succeeded", 800, charge.id)
    assert (reload_charge(charge).amount_refunded, reload_charge(charge).refunded) == (800, False)
    rest = refund(charge=charge.id)

    assert rest.amount == 2000
    assert (reload_charge(charge).amount_refunded, reload_charge(charge).refunded) == (2800, True)
    assert net_of("gbp") == -62


def test_refunding_too_much_is_refused_in_stripes_words() -> None:
    charge = make_charge()

    with pytest.raises(stripe.InvalidRequestError) as too_much:
        refund(charge=charge.id, amount=2801)
    refund(charge=charge.id, amount=800)
    with pytest.raises(stripe.InvalidRequestError) as more_than_left:
        refund(charge=charge.id, amount=2001)
    refund(charge=charge.id)
    with pytest.raises(stripe.InvalidRequestError) as nothing_left:
        refund(charge=charge.id, amount=1)

    assert too_much.value.user_message == "Refund amount (£28.01) is greater than charge amount (£28.00)"
    assert more_than_left.value.user_message == (
        "Refund amount (£20.01) is greater than unrefunded amount on charge (£20.00)"
    )
    assert (too_much.value.code, too_much.value.param) == (None, "amount")
    assert nothing_left.value.code == "charge_already_refunded"
    assert Resource.objects.filter(kind="refund").count() == 2


def test_unpaid_intent_cannot_be_refunded() -> None:
    session = make_session()
    control.pay(session.id, "4000000000000002")
    intent = Resource.objects.get(kind="payment_intent")
    failed = Resource.objects.get(kind="charge")

    for params in ({"payment_intent": intent.stripe_id}, {"charge": failed.stripe_id}):
        with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
            refund(**params)


@pytest.mark.parametrize(
    ("params", "status"),
    [({}, 400), ({"charge": "ch_forged"}, 404), ({"payment_intent": "pi_forged"}, 404), ({"amount": 5}, 400)],
)
def test_refund_of_nothing_is_refused(params: dict, status: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        refund(**params)

    assert refusal.value.http_status == status


def test_charge_of_another_intent_is_refused() -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        refund(charge=make_charge().id, payment_intent=make_charge().payment_intent)


def test_pending_refund_succeeds_later() -> None:
    charge = make_charge()
    control.refund_next_as("pending")
    made = refund(charge=charge.id, amount=500)

    control.settle_refund(made.id)

    assert made.status == "pending"
    assert make_client().v1.refunds.retrieve(made.id).status == "succeeded"


def test_refund_that_fails_gives_the_money_back() -> None:
    charge = make_charge()
    made = refund(charge=charge.id, amount=500)

    control.settle_refund(made.id, succeeded=False)
    control.settle_refund(made.id, succeeded=False)

    failed = make_client().v1.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_balance_transaction[:4]) == ("failed", "txn_")
    assert reload_charge(charge).amount_refunded == 0
    assert net_of("gbp") == 2738
    assert Resource.objects.filter(kind="event", label="refund.failed").count() == 1


def test_refund_in_the_dashboard_is_listed_and_told() -> None:
    charge = make_charge()

    made = control.refund_in_dashboard(charge.id, 700)

    listed = make_client().v1.refunds.list(params={"payment_intent": charge.payment_intent})
    assert [(entry.id, entry.amount) for entry in listed.data] == [(made, 700)]
    assert Resource.objects.filter(kind="event", label="charge.refunded").exists()


def test_disputed_charge_cannot_be_refunded_and_costs_a_fee() -> None:
    charge = make_charge()

    dispute = control.open_dispute(charge.id)

    assert reload_charge(charge).disputed is True
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        refund(charge=charge.id)
    assert refusal.value.code == "charge_disputed"
    assert net_of("gbp") == 2738 - 2800 - 2000
    control.close_dispute(dispute, won=True)
    assert net_of("gbp") == 2738 - 2000
    assert make_client().v1.disputes.retrieve(dispute).status == "won"


def test_inquiry_moves_no_money() -> None:
    charge = make_charge()

    dispute = control.open_dispute(charge.id, inquiry=True)

    assert make_client().v1.disputes.retrieve(dispute).status == "warning_needs_response"
    assert (reload_charge(charge).disputed, net_of("gbp")) == (False, 2738)


@pytest.mark.parametrize(
    ("card", "status"), [("4000000000000259", "needs_response"), ("4000000000001976", "warning_needs_response")]
)
def test_cards_for_disputes_and_inquiries_bring_one_by_themselves(card: str, status: str) -> None:
    with time_machine.travel(datetime(2026, 11, 2, 12, tzinfo=UTC), tick=False) as clock:
        control.pay(make_session().id, card)
        control.tick()
        assert not Resource.objects.filter(kind="dispute").exists()
        clock.shift(timedelta(minutes=3))
        control.tick()
        control.tick()

    assert [dispute.data["status"] for dispute in Resource.objects.filter(kind="dispute")] == [status]


def test_payout_equals_its_parts_and_takes_nothing_twice() -> None:
    charge = make_charge()
    make_charge(amount=5000)
    refund(charge=charge.id, amount=800)
    make_charge(amount=5000, currency="eur")

    payout_id = control.make_payout("gbp")

    client = make_client()
    payout = client.v1.payouts.retrieve(payout_id)
    parts = client.v1.balance_transactions.list(params={"payout": payout_id, "limit": 100}).data
    assert payout.amount == 2738 + (5000 - 95) - 800
    assert sum(part.net for part in parts if part.type != "payout") == payout.amount
    assert sum(part.net for part in parts) == 0
    assert payout.status == "paid"
    assert control.make_payout("gbp") is None
    assert control.make_payout("eur") is not None


def test_lists_page_both_ways_and_filter_by_time() -> None:
    charges = [make_charge(amount=1000 + n) for n in range(5)]
    api = make_client().v1.charges

    def amounts(**params: object) -> list[int]:
        return [entry.amount for entry in api.list(params=params).data]

    assert amounts(limit=2) == [1004, 1003]
    assert api.list(params={"limit": 2}).has_more is True
    assert amounts(limit=2, starting_after=charges[3].id) == [1002, 1001]
    assert amounts(limit=2, ending_before=charges[1].id) == [1003, 1002]
    assert amounts(limit=3, starting_after=charges[3].id) == [1002, 1001, 1000]
    assert [entry.amount for entry in api.list(params={"limit": 2}).auto_paging_iter()] == [
        1004,
        1003,
        1002,
        1001,
        1000,
    ]
    assert amounts(created={"gte": charges[0].created}) == [1004, 1003, 1002, 1001, 1000]
    assert amounts(created={"gt": charges[4].created + 5}) == []
    assert amounts(payment_intent=charges[2].payment_intent) == [1002]


def test_payment_intent_can_be_made_and_confirmed_without_checkout() -> None:
    client = make_client()
    intent = client.v1.payment_intents.create(
        params={"amount": 2000, "currency": "usd", "payment_method_types": ["card"]}
    )
    assert intent.status == "requires_payment_method"

    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.confirm(intent.id, params={"payment_method": "pm_card_chargeDeclined"})
    assert (declined.value.code, declined.value.http_status) == ("card_declined", 402)
    assert client.v1.payment_intents.retrieve(intent.id).last_payment_error.decline_code == "generic_decline"
    assert client.v1.payment_intents.confirm(intent.id, params={"payment_method": "pm_card_visa"}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.cancel(intent.id)
    assert refusal.value.code == "payment_intent_unexpected_state"


def test_intent_of_a_session_is_not_canceled_behind_its_back() -> None:
    session = make_session()
    control.pay(session.id, "4000000000000002")
    intent = Resource.objects.get(kind="payment_intent").stripe_id

    with pytest.raises(stripe.InvalidRequestError, match="expire the Checkout Session"):
        make_client().v1.payment_intents.cancel(intent)


def test_intent_of_its_own_can_be_canceled() -> None:
    client = make_client()
    intent = client.v1.payment_intents.create(params={"amount": 2000, "currency": "gbp"})

    canceled = client.v1.payment_intents.cancel(intent.id, params={"cancellation_reason": "abandoned"})

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
