"""Checkout sessions: what may be opened, how they end, what the shop reads."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe
import time_machine

from stripe_simulator import control
from stripe_simulator.models import Resource
from stripe_simulator.sessions import Result
from stripe_simulator.tests.simulated import SHOP, make_client, make_line, make_session

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def event_types() -> list[str]:
    return list(Resource.objects.filter(kind="event").order_by("pk").values_list("label", flat=True))


def retrieve(session_id: str, *expand: str) -> stripe.checkout.Session:
    return make_client().v1.checkout.sessions.retrieve(session_id, params={"expand": list(expand)})


def test_open_session_carries_what_the_shop_sent() -> None:
    lines = [make_line(amount=1000, quantity=2), make_line(amount=350, name="Sample & co <b>")]

    session = make_session(
        line_items=lines,
        client_reference_id="o-1",
        metadata={"order": "1"},
        payment_intent_data={"metadata": {"o": "1"}},
    )

    assert session.id.startswith("cs_test_a1")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.amount_subtotal, session.currency) == (2350, 2350, "gbp")
    assert (session.client_reference_id, session.metadata["order"]) == ("o-1", "1")
    assert session.expires_at - session.created == 24 * 3600
    assert session.url == f"{SHOP}/stripe-simulator/pay/{session.id}/"
    assert session.success_url.endswith("?session_id={CHECKOUT_SESSION_ID}")


def test_paid_session_has_intent_charge_fee_and_events_in_order() -> None:
    session = make_session(payment_intent_data={"metadata": {"order": "7"}})

    attempt = control.pay(session.id)

    paid = retrieve(session.id, "payment_intent.latest_charge.balance_transaction")
    intent = paid.payment_intent
    charge = intent.latest_charge
    booked = charge.balance_transaction
    assert attempt.result is Result.PAID
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.customer_details.email == "ada@example.com"
    assert (intent.status, intent.amount_received, intent.metadata["order"]) == ("succeeded", 2800, "7")
    assert (charge.payment_method_details.card.last4, charge.metadata["order"]) == ("4242", "7")
    assert (booked.amount, booked.fee, booked.net, booked.type) == (2800, 62, 2738, "charge")
    assert event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_paying_twice_charges_once() -> None:
    session = make_session()

    control.pay(session.id)
    again = control.pay(session.id)

    assert again.result is Result.COMPLETE
    assert Resource.objects.filter(kind="charge").count() == 1


@pytest.mark.parametrize(
    ("card", "code", "decline_code", "charges"),
    [
        ("4000000000000002", "card_declined", "generic_decline", 1),
        ("4000 0000 0000 9995", "card_declined", "insufficient_funds", 1),
        ("4000000000000069", "expired_card", None, 1),
        ("4242424242424241", "incorrect_number", None, 0),
        ("١٢٣٤", "incorrect_number", None, 0),
        ("4929000000006", "card_declined", "test_mode_live_card", 0),
    ],
)
def test_declined_card_leaves_the_session_open_for_another(
    card: str, code: str, decline_code: str | None, charges: int
) -> None:
    session = make_session()

    attempt = control.pay(session.id, card)

    intent = retrieve(session.id, "payment_intent.latest_charge").payment_intent
    assert attempt.result is Result.DECLINED
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error["code"] == code
    assert getattr(intent.last_payment_error, "decline_code", None) == decline_code
    assert Resource.objects.filter(kind="charge", label="failed").count() == charges
    assert event_types()[-1] == "payment_intent.payment_failed"
    assert control.pay(session.id).result is Result.PAID
    healed = retrieve(session.id, "payment_intent").payment_intent
    assert (healed.id, healed.last_payment_error) == (intent.id, None)


def test_3d_secure_completed_pays_and_failed_does_not() -> None:
    session = make_session()

    waiting = control.pay(session.id, "4000002500003155")
    assert waiting.result is Result.AUTHENTICATE
    assert retrieve(session.id, "payment_intent").payment_intent.status == "requires_action"
    failed = control.pay(session.id, "4000002760003184", authenticate=False)
    assert failed.result is Result.DECLINED
    error = retrieve(session.id, "payment_intent").payment_intent.last_payment_error
    assert error["code"] == "payment_intent_authentication_failure"
    assert not Resource.objects.filter(kind="charge").exists()

    done = control.pay(session.id, "4000002500003155", authenticate=True)

    charge = retrieve(session.id, "payment_intent.latest_charge").payment_intent.latest_charge
    assert done.result is Result.PAID
    assert charge.payment_method_details.card.three_d_secure.result == "authenticated"


def test_3d_secure_card_may_still_be_declined() -> None:
    session = make_session()

    assert control.pay(session.id, "4000008400001629", authenticate=True).result is Result.DECLINED


def test_bank_debit_completes_unpaid_and_arrives_later_by_itself() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        session = make_session()
        assert control.pay(session.id, "bank_debit_succeeds").result is Result.PROCESSING
        unpaid = retrieve(session.id, "payment_intent")
        assert (unpaid.status, unpaid.payment_status) == ("complete", "unpaid")
        assert unpaid.payment_intent.status == "processing"

        clock.shift(timedelta(minutes=2))
        control.tick()

    assert retrieve(session.id).payment_status == "paid"
    assert event_types()[-3:] == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_bank_debit_that_fails_leaves_the_session_complete_and_unpaid() -> None:
    session = make_session()
    control.pay(session.id, "bank_debit_fails")

    control.finish_async(session.id, succeeded=False)
    control.finish_async(session.id, succeeded=True)

    failed = retrieve(session.id, "payment_intent")
    assert (failed.status, failed.payment_status) == ("complete", "unpaid")
    assert failed.payment_intent.status == "requires_payment_method"
    assert event_types()[-1] == "checkout.session.async_payment_failed"


def test_expired_session_cannot_be_paid_and_its_intent_is_canceled() -> None:
    client = make_client()
    session = make_session(client)
    control.pay(session.id, "4000000000000002")

    expired = client.v1.checkout.sessions.expire(session.id, params={"expand": ["payment_intent"]})

    assert (expired.status, expired.url, expired.payment_intent.status) == ("expired", None, "canceled")
    assert control.pay(session.id).result is Result.EXPIRED
    with pytest.raises(stripe.InvalidRequestError, match="This Checkout Session has a status of `expired`"):
        client.v1.checkout.sessions.expire(session.id)
    assert event_types()[-2:] == ["payment_intent.canceled", "checkout.session.expired"]


def test_paid_session_cannot_be_expired() -> None:
    session = make_session()
    control.pay(session.id)

    with pytest.raises(stripe.InvalidRequestError, match="status of `complete`"):
        make_client().v1.checkout.sessions.expire(session.id)

    assert retrieve(session.id).payment_status == "paid"


def test_session_expires_by_itself_when_its_time_has_passed() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        at = int(NOON.timestamp()) + 1800
        session = make_session(expires_at=at)
        clock.shift(timedelta(minutes=30))

        assert control.pay(session.id).result is Result.EXPIRED
        assert retrieve(session.id).status == "expired"

    assert event_types() == ["checkout.session.expired"]


@pytest.mark.parametrize("seconds", [1799, 86_401, -5, 10**12])
def test_expiry_outside_half_an_hour_to_a_day_is_refused(seconds: int) -> None:
    with time_machine.travel(NOON, tick=False), pytest.raises(stripe.InvalidRequestError) as refusal:
        make_session(expires_at=int(NOON.timestamp()) + seconds)

    assert refusal.value.param == "expires_at"


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (29, "gbp", "amount_too_small"),
        (0, "gbp", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (99_999_999 + 1, "gbp", "parameter_invalid_integer"),
        (10**17, "gbp", "parameter_invalid_integer"),
        (-1, "gbp", "parameter_invalid_integer"),
        (1_234, "kwd", None),
        (1_000, "zzz", None),
    ],
)
def test_amount_that_stripe_cannot_charge_is_refused(amount: int, currency: str, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        make_session(amount=amount, currency=currency)

    assert (refusal.value.http_status, refusal.value.code) == (400, code)


@pytest.mark.parametrize(("amount", "currency"), [(30, "gbp"), (99_999_999, "gbp"), (50, "jpy"), (1_230, "kwd")])
def test_amount_at_the_edge_is_taken(amount: int, currency: str) -> None:
    assert make_session(amount=amount, currency=currency).amount_total == amount


def test_total_above_the_largest_charge_is_refused() -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        make_session(line_items=[make_line(amount=50_000_000), make_line(amount=50_000_000)])

    assert refusal.value.code == "amount_too_large"


def test_one_hundred_lines_are_taken_and_no_more() -> None:
    assert make_session(line_items=[make_line(amount=100)] * 100).amount_total == 10_000
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        make_session(line_items=[make_line(amount=100)] * 101)

    assert refusal.value.param == "line_items"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"mode": None}, "mode"),
        ({"mode": "subscription"}, "mode"),
        ({"success_url": None}, "success_url"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"cancel_url": "/bag/"}, "cancel_url"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"customer_email": ""}, "customer_email"),
        ({"line_items": None}, "line_items"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price_data]"),
        ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items[0][price]"),
        ({"line_items": [{"price_data": make_line()["price_data"]}]}, "line_items[0][quantity]"),
        ({"line_items": [make_line(quantity=0)]}, "line_items[0][quantity]"),
        ({"line_items": [make_line(name="")]}, "line_items[0][price_data][product_data][name]"),
        ({"line_items": [make_line(), make_line(currency="eur")]}, "line_items"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, "metadata"),
    ],
)
def test_unfit_session_parameters_are_refused_by_name(params: dict, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        make_session(**params)

    assert refusal.value.param == param
    assert not Resource.objects.exists()


def test_lines_are_read_page_by_page() -> None:
    client = make_client()
    session = make_session(client, line_items=[make_line(amount=100 + n) for n in range(25)])

    lines = list(client.v1.checkout.sessions.line_items.list(session.id).auto_paging_iter())

    assert [line.amount_total for line in lines] == [100 + n for n in range(25)]


def test_balance_transaction_may_come_after_the_success() -> None:
    control.delay_balance_transactions()
    session = make_session()
    control.pay(session.id)
    before = retrieve(session.id, "payment_intent.latest_charge").payment_intent.latest_charge

    control.release_balance_transactions()
    control.release_balance_transactions()

    after = retrieve(session.id, "payment_intent.latest_charge").payment_intent.latest_charge
    assert (before.paid, before.balance_transaction) == (True, None)
    assert after.balance_transaction.startswith("txn_")
    assert event_types().count("charge.updated") == 1


def test_sessions_are_listed_by_intent_status_and_email() -> None:
    client = make_client()
    paid, other = make_session(client), make_session(client, customer_email="other@example.com")
    control.pay(paid.id)
    intent = retrieve(paid.id).payment_intent

    def ids(**params: object) -> list[str]:
        return [entry.id for entry in client.v1.checkout.sessions.list(params=params).data]

    assert ids() == [other.id, paid.id]
    assert ids(payment_intent=intent) == [paid.id]
    assert ids(status="open") == [other.id]
    assert ids(customer_details={"email": "ada@example.com"}) == [paid.id]
