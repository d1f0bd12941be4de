"""The front door: keys, addresses, parameters, idempotency, faults, and no call inside a transaction."""

import base64
import json

import pytest
import stripe
from django.conf import settings
from django.db import transaction

from stripe_simulator import api, control
from stripe_simulator.models import IdempotentCall, Resource
from stripe_simulator.tests import openapi
from stripe_simulator.tests.simulated import SHOP, SimulatorClient, make_client, make_line, make_session

pytestmark = pytest.mark.django_db

BASE = "https://api.stripe.com"


def ask(method: str, path: str, body: bytes | str = b"", **headers: str) -> tuple[int, dict[str, str], dict]:
    sent = {"Authorization": f"Bearer {settings.STRIPE_SECRET_KEY}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    status, answered, raw = api.handle(method, BASE + path, sent, body)
    return status, answered, json.loads(raw)


def refund_body(intent: str, amount: int) -> str:
    return f"payment_intent={intent}&amount={amount}"


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("", "You did not provide an API key."),
        ("Bearer ", "You did not provide an API key."),
        ("Basic !!!", "You did not provide an API key."),
        ("Bearer sk_test_someone_else_entirely", "Invalid API Key provided: sk_test_********rely"),
        ("Bearer sk_live_0123456789abcdef", "Invalid API Key provided: sk_live_********cdef"),
        ("Bearer short", "Invalid API Key provided: ********"),
    ],
)
def test_wrong_or_absent_key_is_refused(authorization: str, message: str) -> None:
    status, _, body = ask("GET", "/v1/balance", Authorization=authorization)

    assert status == 401
    assert body["error"]["type"] == "invalid_request_error"
    assert body["error"]["message"].startswith(message)
    openapi.assert_response_matches("GET", "/v1/balance", status, body)


def test_key_may_come_as_basic_user() -> None:
    token = base64.b64encode(f"{settings.STRIPE_SECRET_KEY}:".encode()).decode()

    assert ask("GET", "/v1/balance", Authorization=f"Basic {token}")[0] == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/teapots"), ("DELETE", "/v1/refunds/re_1"), ("GET", "/"), ("PUT", "/v1/refunds")]
)
def test_unknown_address_gets_stripes_404(method: str, path: str) -> None:
    status, _, body = ask(method, path)

    assert status == 404
    assert body["error"]["message"].startswith(f"Unrecognized request URL ({method}: {path}).")


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/v1/checkout/sessions/cs_test_forged", "session"),
        ("/v1/payment_intents/pi_forged", "intent"),
        ("/v1/charges/ch_forged", "id"),
        ("/v1/refunds/re_forged", "id"),
        ("/v1/events/evt_forged", "id"),
        ("/v1/charges?starting_after=ch_forged", "starting_after"),
        ("/v1/balance_transactions/txn_forged", "id"),
    ],
)
def test_forged_id_is_missing(path: str, param: str) -> None:
    status, _, body = ask("GET", path)

    assert (status, body["error"]["code"], body["error"]["param"]) == (404, "resource_missing", param)


def test_id_of_another_kind_is_missing() -> None:
    session = make_session()

    assert ask("GET", f"/v1/charges/{session.id}")[0] == 404


def test_version_and_request_id_are_answered() -> None:
    _, headers, _ = ask("GET", "/v1/balance", Stripe_Version="2026-05-27.dahlia")
    _, other, _ = ask("GET", "/v1/balance")

    assert headers["Stripe-Version"] == "2026-05-27.dahlia"
    assert headers["Request-Id"].startswith("req_")
    assert headers["Request-Id"] != other["Request-Id"]
    assert ask("GET", "/v1/balance", Stripe_Version="yesterday")[0] == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe", 400),
        (b"a%ff=1", 400),
        (b"amount=1%00", 400),
        (b"a[b=1", 400),
        (b"a]=1", 400),
        (b"=1", 400),
        (b"amount=1&amount[x]=2", 400),
        (b"amount[x]=1&amount=2", 400),
        (b"a[b][c][d][e][f][g][h][i]=1", 400),
        (b"&".join(b"a%d=1" % n for n in range(10_001)), 400),
        (b"a=" + b"x" * 1_100_000, 413),
        (b"amount=" + b"9" * 100, 400),
        (b"amount=1e3", 400),
        (b"amount=\xef\xbc\x91", 400),
        (b"amount=-1", 400),
        (b"amount=0", 400),
        (b"amount[0]=1", 400),
        (b"charge[]=ch_1", 400),
        (b"charge=", 400),
        (b"metadata=x", 400),
        (b"metadata[k][l]=x", 400),
        (b"metadata[k]=" + b"x" * 501, 400),
        (b"metadata[" + b"k" * 41 + b"]=x", 400),
        (b"reason=because", 400),
        (b"expand=charge", 400),
    ],
)
def test_malformed_body_is_refused_and_nothing_is_done(body: bytes, status: int) -> None:
    answered, _, error = ask("POST", "/v1/refunds", body)

    assert answered == status
    assert error["error"]["type"] == "invalid_request_error"
    openapi.assert_response_matches("POST", "/v1/refunds", answered, error)
    assert not Resource.objects.exists()


def test_too_long_text_is_refused() -> None:
    body = f"mode=payment&success_url={SHOP}&client_reference_id={'x' * 201}&line_items[0][quantity]=1"

    status, _, error = ask("POST", "/v1/checkout/sessions", body)

    assert (status, error["error"]["param"]) == (400, "client_reference_id")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1" * 30])
def test_limit_outside_its_range_is_refused(limit: str) -> None:
    status, _, body = ask("GET", f"/v1/events?limit={limit}")

    assert (status, body["error"]["param"]) == (400, "limit")


@pytest.mark.parametrize(
    "expand", ["payment_intent", "data.nothing", "data.payment_intent.latest_charge.a.b.c.d", "data.metadata"]
)
def test_what_cannot_be_expanded_is_refused(expand: str) -> None:
    make_session()
    control.pay(make_session().id)

    status, _, body = ask("GET", f"/v1/checkout/sessions?expand[]={expand}")

    assert (status, body["error"]["param"]) == (400, "expand")


def test_same_key_and_parameters_get_the_same_answer_once() -> None:
    client = make_client()
    first = make_session(client, customer_email=None)
    control.pay(first.id)
    intent = client.v1.checkout.sessions.retrieve(first.id).payment_intent

    status, headers, made = ask("POST", "/v1/refunds", refund_body(intent, 100), Idempotency_Key="k1")
    again, replayed, same = ask("POST", "/v1/refunds", refund_body(intent, 100), Idempotency_Key="k1")

    assert (status, again) == (200, 200)
    assert same == made
    assert "Idempotent-Replayed" not in headers
    assert replayed["Idempotent-Replayed"] == "true"
    assert replayed["Original-Request"] == headers["Request-Id"]
    assert Resource.objects.filter(kind="refund").count() == 1


def test_same_key_with_other_parameters_is_refused() -> None:
    client = make_client()
    options: stripe.RequestOptions = {"idempotency_key": "k1"}
    params = {"mode": "payment", "line_items": [make_line()], "success_url": SHOP}
    client.v1.checkout.sessions.create(params=params, options=options)

    with pytest.raises(stripe.IdempotencyError, match="Keys for idempotent requests can only be used with"):
        client.v1.checkout.sessions.create(params=params | {"success_url": f"{SHOP}/other"}, options=options)

    assert Resource.objects.filter(kind="checkout.session").count() == 1


def test_a_refusal_by_state_is_remembered_but_a_failed_check_is_not() -> None:
    client = make_client()
    session = make_session(client)
    client.v1.checkout.sessions.expire(session.id)

    ask("POST", f"/v1/checkout/sessions/{session.id}/expire", Idempotency_Key="state")
    ask("POST", "/v1/refunds", "amount=none", Idempotency_Key="check")

    remembered = IdempotentCall.objects.filter(key__in=["state", "check"])
    assert list(remembered.values_list("key", "status")) == [("state", 400)]


@pytest.mark.parametrize("key", ["x" * 256, "a\0b"])
def test_impossible_idempotency_key_is_refused(key: str) -> None:
    status, _, body = ask("POST", "/v1/refunds", "charge=ch_1", Idempotency_Key=key)

    assert (status, body["error"]["type"]) == (400, "idempotency_error")


def test_call_inside_a_transaction_is_refused() -> None:
    client = make_client()

    with pytest.raises(RuntimeError, match="inside a database transaction"), transaction.atomic():
        client.v1.balance.retrieve()

    assert client.v1.balance.retrieve().object == "balance"


def test_error_fault_answers_500_and_does_nothing() -> None:
    control.fail_next("checkout.sessions.create")

    with pytest.raises(stripe.APIError):
        make_session()

    assert not Resource.objects.exists()
    assert make_session().status == "open"


def test_rate_limit_fault_answers_429() -> None:
    control.fail_next("*", "rate_limit")

    with pytest.raises(stripe.RateLimitError):
        make_session()


def test_timeout_fault_does_nothing() -> None:
    control.fail_next("checkout.sessions.create", "timeout")

    with pytest.raises(stripe.APIConnectionError):
        make_session()

    assert not Resource.objects.exists()


def test_lost_answer_is_found_again_by_the_clients_own_retry() -> None:
    control.fail_next("checkout.sessions.create", "lost_answer")
    network = SimulatorClient()

    session = make_session(make_client(http_client=network, max_network_retries=1))

    assert network.exchanges == [("POST", "/v1/checkout/sessions", 200)]
    assert [row.stripe_id for row in Resource.objects.filter(kind="checkout.session")] == [session.id]


def test_faults_strike_only_their_operation_and_can_be_cleared() -> None:
    control.fail_next("refunds.create", times=5)

    session = make_session()
    control.pay(session.id)
    control.clear_faults()

    intent = make_client().v1.checkout.sessions.retrieve(session.id).payment_intent
    assert ask("POST", "/v1/refunds", refund_body(intent, 1))[0] == 200
