"""Refunds in the console: what is previewed, what happens once, what is refused, and who may touch money at all."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.tests.races import at_once
from orders.fulfilment import ship
from orders.models import Order
from orders.tests.factories import line_of, make_order, make_shipping_method
from payments.models import Payment, Refund, WebhookEvent
from payments.refunding import RefundChoice, request_refund
from payments.tests.factories import make_event, make_paid
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


def asked(order: Order, how: str = "lines", units: str = "1", **fields: str) -> dict[str, str]:
    return {"how": how, f"line_{line_of(order).pk}": units, "restock": "none", "reason": "Broken"} | fields


def preview(client: Client, order: Order, status: int = 200, **fields: str) -> str:
    response = client.post(url("refund", order), asked(order, **fields))
    assert response.status_code == status
    return response.content.decode()


def confirm(client: Client, order: Order, expected_minor: int, key: str = KEY, **fields: str) -> str:
    choice = asked(order, **fields) | {"request_key": key, "expected_minor": str(expected_minor)}
    response = client.post(url("refund_confirm", order), choice, follow=True)
    return response.content.decode()


def hidden(html: str) -> dict[str, str]:
    """The fields that the first form of a page carries."""
    form = html.split('action="/console/orders/')[1].split("</form>")[0]
    return {
        re.search(r'name="([^"]+)"', tag)[1]: re.search(r'value="([^"]*)"', tag)[1]
        for tag in re.findall(r'<input type="hidden"[^>]*>', form)
        if "csrf" not in tag
    }


def test_a_preview_says_what_goes_back_and_confirming_it_gives_that_back(ops: Client) -> None:
    order = paid()

    html = preview(ops, order, units="2")
    assert "£24.00 of £39.50 to Visa 4242; £15.50 remains." in html
    assert Refund.objects.count() == 0
    done = ops.post(url("refund_confirm", order), hidden(html), follow=True).content.decode()

    assert "£24.00 has been refunded." in done
    assert (Order.objects.get(pk=order.pk).refunded_minor, at_stripe()) == (2400, 2400)
    act = AuditRecord.objects.get(action="refund.requested")
    assert (act.actor_id, act.changes["amount_minor"]) == (ops.user.pk, 2400)


def test_units_may_come_with_what_is_left_of_delivery(ops: Client) -> None:
    html = preview(ops, paid(), units="1", with_shipping="on")

    assert "£15.50 of £39.50" in html
    assert '<th scope="row" class="wrap">Delivery</th>' in html


def test_an_amount_is_spread_and_previewed(ops: Client) -> None:
    assert "£5.00 of £39.50" in preview(ops, paid(), how="amount", amount="£5")


def test_giving_back_everything_of_an_unsent_order_cancels_it(ops: Client) -> None:
    order = paid()

    html = preview(ops, order, how="everything", restock="canceled")
    assert "This also cancels the order" in html
    confirm(ops, order, 3950, how="everything", restock="canceled")

    assert Order.objects.get(pk=order.pk).status == "canceled"
    assert StockItem.objects.get().on_hand == 9
    assert AuditRecord.objects.filter(action="order.cancel", outcome="done").count() == 1


def test_units_that_were_not_sent_are_not_sent_after_their_refund(ops: Client) -> None:
    order = paid()
    ship(order.pk, lines={line_of(order).pk: 2})

    confirm(ops, order, 1200, units="1", restock="canceled")

    line = line_of(order)
    assert (line.quantity_to_ship, line.quantity_canceled, line.quantity_restocked) == (0, 1, 1)
    assert Order.objects.get(pk=order.pk).status == "fulfilled"
    assert StockItem.objects.get().on_hand == 7


def test_units_that_were_sent_cannot_be_kept_from_being_sent(ops: Client) -> None:
    order = paid()
    ship(order.pk, lines={line_of(order).pk: 2})

    html = preview(ops, order, 422, units="2", restock="canceled")

    assert f"Of {line_of(order).name} 1 are not sent yet, not 2." in html


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"units": "0"}, "Choose what to give back: lines or an amount."),
        ({"units": ""}, "Choose what to give back: lines or an amount."),
        ({"units": "4"}, "Enter 3 or fewer."),
        ({"units": "-1"}, "Enter 0 or more."),
        ({"units": "１"}, "Enter a whole number in figures, such as 2."),
        ({"units": "1" + "0" * 23}, "Enter 3 or fewer."),
        ({"how": "amount", "amount": "0"}, "The amount to give back must be more than nothing."),
        ({"how": "amount", "amount": "-1"}, "The amount to give back must be more than nothing."),
        ({"how": "amount", "amount": "39.51"}, "At most £39.50 of this order can still be given back."),
        ({"how": "amount", "amount": "１"}, "is not an amount."),
        ({"how": "amount", "amount": "1" + "0" * 23}, "is not an amount."),
        ({"how": "amount", "amount": "1.005"}, "GBP has 2 decimal places"),
        ({"how": "amount", "amount": ""}, "is not an amount."),
        ({"how": "all"}, "Select a valid choice."),
        ({"reason": " "}, "Reason: Say why the money is given back."),
        ({"restock": "burn"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_given_back_is_refused_in_words(ops: Client, fields: dict[str, str], sentence: str) -> None:
    order = paid()

    assert sentence in preview(ops, order, 422, **fields)
    confirm(ops, order, 1000, **fields)
    assert Refund.objects.count() == 0


def test_a_nul_is_refused_at_the_door(ops: Client) -> None:
    order = paid()

    assert ops.post(url("refund", order), asked(order, reason="a\x00b")).status_code == 400


def test_what_was_typed_is_still_there_when_the_preview_is_changed(ops: Client) -> None:
    html = preview(ops, paid(), units="2", edit="1")

    assert 'value="2"' in html
    assert 'value="Broken"' in html


def test_confirming_twice_gives_back_once(ops: Client) -> None:
    order = paid()

    first = confirm(ops, order, 2400, units="2")
    second = confirm(ops, order, 2400, units="2")

    assert "£24.00 has been refunded." in first
    assert "£24.00 has been refunded." in second
    assert (Refund.objects.count(), at_stripe()) == (1, 2400)


def test_a_key_of_one_order_means_nothing_to_another(ops: Client) -> None:
    one, two = paid(), paid()

    confirm(ops, one, 1200)
    confirm(ops, two, 1200)

    assert [Order.objects.get(pk=order.pk).refunded_minor for order in (one, two)] == [1200, 1200]


def test_a_sum_other_than_the_one_shown_is_not_given_back(ops: Client) -> None:
    order = paid()
    confirm(ops, order, 1200, key="j" * 20)

    html = confirm(ops, order, 3950, how="everything")

    assert "This order has changed since you looked." in html
    assert at_stripe() == 1200


@pytest.mark.parametrize(
    "fields", [{"request_key": ""}, {"request_key": "x' OR 1=1"}, {"expected_minor": "1e9"}, {"expected_minor": "-1"}]
)
def test_a_confirmation_without_its_preview_is_refused(ops: Client, fields: dict[str, str]) -> None:
    order = paid()
    sent = asked(order) | {"request_key": KEY, "expected_minor": "1200"} | fields

    response = ops.post(url("refund_confirm", order), sent)

    assert response.status_code == 422
    assert "Look over the refund once more" in response.content.decode()
    assert Refund.objects.count() == 0


def test_an_unpaid_an_imported_and_a_refunded_order_say_what_stands_in_the_way(ops: Client) -> None:
    unpaid, imported, done = make_order(), paid(), paid()
    Payment.objects.filter(order=imported).update(tender=Payment.Tender.IMPORTED)
    confirm(ops, done, 3950, how="everything")

    assert "has not been paid, so there is nothing to refund." in preview(ops, unpaid, 422)
    assert "Say how the money was given back." in preview(ops, imported, 422)
    assert "Nothing is left to refund" in ops.get(url("refund", done)).content.decode()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_two_people_confirming_at_once_never_give_back_more_than_was_taken(attempt: int) -> None:
    order = paid(quantity=1)
    clients = [Client() for _ in range(2)]
    for person in clients:
        person.force_login(make_user("ops"))
    fields = {"how": "amount", "amount": "10"}

    at_once([lambda n=n: confirm(clients[n], order, 1000, key=str(n) * 20, **fields) for n in range(2)])

    order.refresh_from_db()
    assert (Refund.objects.count(), order.refunded_minor, at_stripe()) == (1, 1000, 1000)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_confirmation_sent_ten_times_at_once_gives_back_once() -> None:
    order = paid()
    clients = [Client() for _ in range(10)]
    user = make_user("ops")
    for tab in clients:
        tab.force_login(user)

    at_once([lambda tab=tab: confirm(tab, order, 1200) for tab in clients])

    assert (Refund.objects.count(), at_stripe()) == (1, 1200)


def stuck(order: Order, actor: User) -> Refund:
    """A refund that was promised, and whose way to Stripe was cut."""
    control.fail_next("refunds.create", "timeout")
    choice = RefundChoice(amount_minor=500, reason="late")
    return request_refund(order.pk, choice=choice, actor=actor, request_key=KEY)


def test_a_refund_that_did_not_reach_stripe_can_be_sent_again_and_is_paid_once(ops: Client) -> None:
    order = paid()
    refund = stuck(order, ops.user)

    detail = ops.get(reverse("orders:console_detail", args=[order.pk])).content.decode()
    assert "Send the refund again" in detail
    done = ops.post(url("refund_retry", refund), follow=True).content.decode()
    again = ops.post(url("refund_retry", refund), follow=True).content.decode()

    assert "£5.00 has been refunded." in done
    assert "This refund has reached Stripe already." in again
    assert at_stripe() == 500
    outcomes = AuditRecord.objects.filter(action="refund.retried").order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["done", "refused"]


def test_a_refund_that_failed_is_found_and_can_be_made_again(ops: Client) -> None:
    order = paid()
    confirm(ops, order, 500, how="amount", amount="5")
    control.settle_refund(Refund.objects.get().stripe_refund_id or "", succeeded=False)
    ops.post(url("sync", order))

    def tab() -> str:
        return ops.get("/console/orders/", {"tab": "refund_failed"}).content.decode()

    detail = ops.get(reverse("orders:console_detail", args=[order.pk])).content.decode()
    assert "Refund again" in detail
    assert order.number in tab()
    confirm(ops, order, 500, key="m" * 20, how="amount", amount="5")
    assert order.number not in tab()


def test_orders_are_found_by_references_of_stripe(ops: Client) -> None:
    order, other = paid(), paid()
    confirm(ops, order, 1200)
    payment = Payment.objects.get(order=order)

    for text in (
        payment.stripe_session_id,
        payment.stripe_intent_id,
        payment.stripe_charge_id,
        Refund.objects.get().stripe_refund_id,
    ):
        html = ops.get("/console/orders/", {"q": text}).content.decode()
        assert (f">{order.number}</a>" in html, f">{other.number}</a>" in html) == (True, False)


@pytest.mark.parametrize(("role", "status"), [("analyst", 403), ("customer", 404)])
def test_who_may_not_touch_money(client: Client, role: str, status: int) -> None:
    user = make_user(role)
    client.force_login(user)
    order, event = paid(), make_event(state="dead")
    refund = stuck(order, user)
    before = AuditRecord.objects.filter(action="access.refused").count()

    answers = [
        client.get(url("refund", order)),
        client.post(url("refund", order), asked(order)),
        client.post(url("refund_confirm", order), asked(order) | {"request_key": KEY, "expected_minor": "1200"}),
        client.post(url("cancel", order)),
        client.post(url("sync", order)),
        client.post(url("refund_retry", refund)),
        client.get(reverse("payments:console_webhooks")),
        client.get(url("webhook", event)),
        client.post(url("webhook_replay", event), {"reason": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [status] * 9
    assert AuditRecord.objects.filter(action="access.refused").count() - before == 9
    assert (Refund.objects.get().status, WebhookEvent.objects.get().state) == ("submitting", "dead")
