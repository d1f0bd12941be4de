"""With PAYMENTS_USE_STRIPE=1 the same code runs on the real client: over HTTP, against the served simulator.

Every request of the shop's and every answer is held against Stripe's OpenAPI file on its way.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from accounts.tests.factories import make_user
from orders.models import Order
from payments.client import stripe_client
from payments.errors import GatewayUnclear
from payments.inbox import drain
from payments.models import OutboundCall, Payment, Refund, WebhookEvent
from payments.refunding import RefundChoice, request_refund
from payments.sync import sync_payment
from payments.tests.factories import VISA, make_started
from stripe_simulator.tests import judged
from tests.served_stripe import ServedStripe

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 30
TOLD = {"checkout.session.completed", "payment_intent.succeeded", "charge.succeeded"}


@pytest.fixture
def served(live_server: Any, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedStripe]:
    genuine = stripe.RequestsClient.request

    def judging(self: Any, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        judged.judge_request(method, url, post_data)
        body, status, answered = genuine(self, method, url, headers, post_data)
        if status != 504:  # how a broken connection looks from outside
            judged.judge_answer(method, url, status, body)
        return body, status, answered

    monkeypatch.setattr(stripe.RequestsClient, "request", judging)
    with ServedStripe(tmp_path, webhook=f"{live_server.url}/payments/webhook/") as process:
        settings.PAYMENTS_USE_STRIPE = True
        settings.STRIPE_API_BASE = process.url
        stripe_client.cache_clear()
        yield process
        stripe_client.cache_clear()


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, list(WebhookEvent.objects.values_list("type", "state"))
        time.sleep(0.1)


def have_been_worked_off(*types: str) -> bool:
    """Work off what has come; whether these types have, and nothing failed."""
    drain()
    assert not WebhookEvent.objects.exclude(last_error="").exists()
    done = WebhookEvent.objects.filter(state=WebhookEvent.State.PROCESSED)
    return set(done.values_list("type", flat=True)) >= set(types)


def test_a_purchase_and_its_refund_over_the_network(served: ServedStripe) -> None:
    order, payment = make_started()
    assert payment.checkout_url.startswith(f"{served.url}/pay/cs_test_")

    leads_to = served.pay(payment.checkout_url, VISA)
    assert f"session_id={payment.stripe_session_id}" in leads_to
    wait_until(lambda: have_been_worked_off(*TOLD))

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.disposition, payment.captured_minor) == ("paid", "applied", order.total_minor)
    assert payment.card_last4 == "4242"
    choice = RefundChoice(amount_minor=300, reason="It leaked.")
    refund = request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="a-key")
    assert (refund.status, Order.objects.get().refunded_minor) == ("succeeded", 300)
    wait_until(lambda: have_been_worked_off("refund.created", "charge.refunded"))
    assert Refund.objects.get().status == "succeeded"


def test_an_answer_that_is_lost_on_the_wire_is_asked_for_again_under_the_same_key(served: ServedStripe) -> None:
    order, payment = make_started()
    served.pay(payment.checkout_url, VISA)
    sync_payment(payment.pk)
    served.fail_next("refunds.create", "lost_answer")
    choice = RefundChoice(amount_minor=300, reason="It leaked.")

    first = request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="a-key")
    assert (first.status, OutboundCall.objects.get(operation="refund.create").state) == ("submitting", "unclear")
    again = request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="a-key")

    assert (again.pk, again.status) == (first.pk, "succeeded")
    assert Payment.objects.get().refund_committed_minor == 300


@pytest.mark.parametrize("fault", ["error", "rate_limit", "timeout"])
def test_what_goes_wrong_at_stripe_leaves_the_payment_as_it_is(served: ServedStripe, fault: str) -> None:
    _, payment = make_started()
    served.pay(payment.checkout_url, VISA)
    served.fail_next("checkout.sessions.retrieve", fault)

    with pytest.raises(GatewayUnclear):
        sync_payment(payment.pk)

    assert Payment.objects.get().status == "open"
    assert sync_payment(payment.pk).status == "succeeded"
