"""Cancellations, asking Stripe and the webhook inbox in the console."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from orders.fulfilment import ship
from orders.models import Order
from orders.tests.factories import line_of, make_order, make_shipping_method, pay
from payments.inbox import drain
from payments.models import Payment, WebhookEvent
from payments.tests.factories import make_event, make_paid, make_started, session_of
from payments.tests.test_refunding import at_stripe
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = pytest.mark.django_db
KEY = "k" * 20


@pytest.fixture
def ops(client: Client) -> Client:
    user = make_user("ops", name="Priya Raman")
    client.force_login(user)
    client.user = user
    return client


def url(name: str, row: Any) -> str:
    return reverse(f"payments:console_{name}", args=[row.pk])


def paid(quantity: int = 3, price_minor: int = 1200) -> Order:
    lines = {make_variant(price_minor=price_minor, stock=9): quantity}
    return make_paid(lines=lines, method=make_shipping_method(price_minor=350))[0]


def test_an_unpaid_order_is_canceled_after_its_session_is_closed(ops: Client) -> None:
    order, payment = make_started(lines={make_variant(stock=2): 2})

    html = ops.get(url("cancel", order)).content.decode()
    assert "Its payment page at Stripe is closed first" in html
    fields = {"request_key": KEY, "expected_minor": "0"}
    done = ops.post(url("cancel", order), fields, follow=True).content.decode()

    assert "The order is canceled. Nothing was charged" in done
    assert Payment.objects.get(pk=payment.pk).status == "expired"
    assert StockItem.objects.get().reserved == 0
    assert AuditRecord.objects.get(action="order.cancel").actor_id == ops.user.pk


def test_an_order_that_was_paid_meanwhile_is_not_canceled(ops: Client) -> None:
    order, payment = make_started()
    control.pay(session_of(payment))

    html = ops.post(url("cancel", order), {"request_key": KEY, "expected_minor": "0"}).content.decode()

    assert "has been paid; it can only be refunded." in html
    assert Order.objects.get(pk=order.pk).status == "paid"


@pytest.mark.parametrize(("restock", "on_hand"), [("canceled", 9), ("none", 6)])
def test_a_paid_order_is_canceled_with_all_of_its_money(ops: Client, restock: str, on_hand: int) -> None:
    order = paid()
    fields = {"request_key": KEY, "expected_minor": "3950", "restock": restock, "reason": "Sold out"}

    assert "£39.50 goes back to Visa 4242" in ops.get(url("cancel", order)).content.decode()
    done = ops.post(url("cancel", order), fields, follow=True).content.decode()
    again = ops.post(url("cancel", order), fields, follow=True).content.decode()

    assert "The order is canceled. £39.50 has been refunded." in done
    assert "The order is canceled already." in again
    order.refresh_from_db()
    assert (order.status, order.refunded_minor, at_stripe()) == ("canceled", 3950, 3950)
    assert StockItem.objects.get().on_hand == on_hand


def test_a_cancellation_needs_a_reason_and_the_sum_that_was_shown(ops: Client) -> None:
    order = paid()
    fields = {"request_key": KEY, "expected_minor": "3950", "restock": "none", "reason": ""}

    assert "Say why the order is canceled." in ops.post(url("cancel", order), fields).content.decode()
    changed = ops.post(url("cancel", order), fields | {"reason": "x", "expected_minor": "1"}).content.decode()
    assert "This order has changed since you looked." in changed
    assert Order.objects.get(pk=order.pk).status == "paid"


def test_what_was_sent_cannot_be_canceled_and_what_was_free_can(ops: Client) -> None:
    sent, free = paid(), make_order({make_variant(price_minor=0): 1}, method=make_shipping_method(price_minor=0))
    ship(sent.pk, lines={line_of(sent).pk: 1})
    pay(free)
    fields = {"request_key": KEY, "expected_minor": "3950", "restock": "none", "reason": "x"}

    assert "Something of this order has been shipped" in ops.post(url("cancel", sent), fields).content.decode()
    assert "The order is canceled." in ops.post(url("cancel", free), fields, follow=True).content.decode()
    assert Order.objects.get(pk=free.pk).status == "canceled"


def test_asking_stripe_brings_an_order_up_to_date(ops: Client) -> None:
    order, payment = make_started()
    control.pay(session_of(payment))

    html = ops.post(url("sync", order), follow=True).content.decode()

    assert "Stripe was asked" in html
    assert Order.objects.get(pk=order.pk).status == "paid"
    assert AuditRecord.objects.get(action="order.synced").actor_id == ops.user.pk


def test_events_are_narrowed_by_state_and_reference(ops: Client) -> None:
    make_event(state="dead", object_id="ch_dead", last_error="TimeoutError: <no answer>")
    make_event(state="processed", object_id="ch_fine", type="refund.updated")

    def shown(**query: str) -> list[bool]:
        response = ops.get("/console/webhooks/", query)
        assert response.status_code == 200
        return [name in response.content.decode() for name in ("ch_dead", "ch_fine")]

    assert shown() == [True, True]
    assert shown(state="dead") == [True, False]
    assert shown(q="refund.") == [False, True]
    assert shown(q="ch_dead") == [True, False]
    assert shown(state="x", page="-1") == [True, True]
    assert "TimeoutError: &lt;no answer&gt;" in ops.get("/console/webhooks/").content.decode()


def test_a_given_up_event_is_taken_up_again_with_a_reason(ops: Client) -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    control.deliver_all()
    WebhookEvent.objects.update(state="dead", attempts=12)
    event = WebhookEvent.objects.filter(type="checkout.session.completed").get()

    def replay(reason: str) -> str:
        return ops.post(url("webhook_replay", event), {"reason": reason}, follow=True).content.decode()

    assert "Say why the event is taken up again." in replay("")
    assert "is back in the inbox" in replay("Stripe was down")
    assert "waits to be taken up already" in replay("x")
    drain()

    assert Order.objects.get(pk=order.pk).status == "paid"
    acts = AuditRecord.objects.filter(action="webhook.replayed").order_by("pk").values_list("outcome", "reason")
    assert [outcome for outcome, _ in acts] == ["refused", "done", "refused"]
    assert acts[1][1] == "Stripe was down"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": "quarantined"}, "of the other mode"),
        ({"state": "processed", "payload": "", "object_id": ""}, "has been emptied"),
    ],
)
def test_an_event_that_cannot_be_taken_up_says_why(ops: Client, fields: dict[str, str], sentence: str) -> None:
    event = make_event(**fields)

    html = ops.post(url("webhook_replay", event), {"reason": "x"}, follow=True).content.decode()

    assert sentence in html
    assert WebhookEvent.objects.get().state == fields["state"]


def test_the_content_of_an_event_is_shown_as_it_came(ops: Client) -> None:
    html = ops.get(url("webhook", make_event(payload='{"id": "<script>"}'))).content.decode()

    assert "&quot;id&quot;: &quot;&lt;script&gt;&quot;" in html
    assert "not json" in ops.get(url("webhook", make_event(payload="not json"))).content.decode()


def test_the_list_of_events_costs_the_same_however_long_it_is(
    ops: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(40):
        make_event()

    with django_assert_max_num_queries(12):
        ops.get("/console/webhooks/", {"page": 2})
