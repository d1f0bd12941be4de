"""The pages of refunds: who sees what waits, approving and rejecting, and making up for those that failed."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from orders.fulfilment import ship
from orders.models import Order
from orders.tests.factories import line_of, make_shipping_method
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, request_refund
from payments.refunds import settle
from payments.sync import sync_payment
from payments.tests.factories import make_paid, make_refund
from payments.tests.test_awkward_payments import make_surplus
from payments.tests.test_failed_refunds import make_failed
from payments.tests.test_imported_refunds import make_imported
from payments.tests.test_refunding import at_stripe
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db
LIST, APPROVALS = "/console/refunds/", "/console/refunds/approvals/"
KEY = "k" * 20


def url(name: str, row: Any) -> str:
    return reverse(f"payments:console_{name}", args=[row.pk])


def enter(client: Client, role: str) -> User:
    user = make_user(role, name=f"Pat {role.title()}")
    client.force_login(user)
    return user


def page(client: Client, address: str, expected: int = 200, /, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == expected
    return response.content.decode()


def post(client: Client, address: str, **fields: str) -> str:
    return client.post(address, fields, follow=True).content.decode()


def make_sale(price_minor: int = 30_000) -> Order:
    return make_paid(lines={make_variant(price_minor=price_minor): 1}, method=make_shipping_method(price_minor=0))[0]


def make_waiting(actor: User, **choice: Any) -> Refund:
    order = make_sale()
    choice = choice or {"amount_minor": 25_000}
    asked = RefundChoice(reason="Arrived <b>broken</b>", **choice)
    return request_refund(order.pk, choice=asked, actor=actor, request_key=f"key-{order.pk}")


def test_ops_are_told_before_they_confirm_that_it_waits(client: Client) -> None:
    enter(client, "ops")
    order = make_sale()
    fields = {"how": "amount", "amount": "250", "restock": "none", "reason": "Broken"}

    preview = client.post(url("refund", order), fields).content.decode()
    assert "Refunds of more than £200.00 of an order wait for an administrator&#x27;s approval." in preview
    assert "Ask to refund £250.00" in preview
    done = client.post(
        url("refund_confirm", order), fields | {"request_key": KEY, "expected_minor": "25000"}, follow=True
    ).content.decode()

    assert "waits for somebody else&#x27;s approval" in done
    assert (Refund.objects.get().status, at_stripe()) == ("requested", 0)


def test_what_waits_is_approved_from_the_queue(client: Client) -> None:
    ops = make_user("ops", name="Priya Raman")
    refund = make_waiting(ops)
    enter(client, "admin")

    queue = page(client, APPROVALS)
    assert "£250.00" in queue
    assert "Priya Raman" in queue
    assert "Arrived &lt;b&gt;broken&lt;/b&gt;" in queue
    done = post(client, url("refund_approve", refund))

    assert "£250.00 has been refunded." in done
    assert at_stripe() == 25_000
    assert "Nothing waits for you" in page(client, APPROVALS)


def test_the_list_leads_to_the_queue_for_whoever_may_approve(client: Client) -> None:
    enter(client, "ops")
    assert APPROVALS not in page(client, LIST)
    enter(client, "admin")
    assert APPROVALS in page(client, LIST)


def test_where_a_refund_comes_from_is_said(client: Client) -> None:
    enter(client, "ops")
    imported = make_refund(source="external")
    Payment.objects.filter(pk=imported.payment_id).update(tender="imported")
    make_refund(source="external")
    make_refund(source="automatic")

    html = page(client, LIST)

    for words in ("Imported history", "Stripe&#x27;s dashboard", "the shop itself"):
        assert f"<td>{words}</td>" in html


def test_nobody_is_offered_to_approve_their_own(client: Client) -> None:
    admin = enter(client, "admin")
    refund = make_waiting(make_user("ops"))
    Refund.objects.update(requested_by_id=admin.pk)

    assert "somebody else approves it" in page(client, APPROVALS)
    assert "Approve it" not in page(client, url("refund_detail", refund))
    assert "somebody else approves it" in post(client, url("refund_approve", refund))
    assert Refund.objects.get().status == "requested"


def test_what_waits_is_rejected_with_a_reason_that_is_kept(client: Client) -> None:
    refund = make_waiting(make_user("ops"), everything=True, restock="canceled")
    enter(client, "admin")

    empty = client.post(url("refund_reject", refund), {"reason": " "})
    assert empty.status_code == 422
    assert "Say why it is not approved." in empty.content.decode()
    done = post(client, url("refund_reject", refund), reason="Worn for a month")

    assert "is not approved. Nothing was given back." in done
    assert "Worn for a month" in done
    assert Order.objects.get().held_at is None


def test_ops_cannot_open_the_queue_or_decide_and_may_take_back_their_own(client: Client) -> None:
    ops = enter(client, "ops")
    own, other = make_waiting(ops), make_waiting(make_user("ops"))

    page(client, APPROVALS, 403)
    assert client.post(url("refund_approve", other)).status_code == 403
    assert "Your role may not approve refunds." in post(client, url("refund_reject", other), reason="x")
    assert "Take it back" in page(client, url("refund_detail", own))
    assert "is not approved" in post(client, url("refund_reject", own), reason="Typed wrongly")


def test_canceling_above_the_limit_waits_and_says_so(client: Client) -> None:
    enter(client, "ops")
    order = make_sale()

    assert "It waits for approval" in page(client, url("cancel", order))
    fields = {"request_key": KEY, "expected_minor": "30000", "restock": "canceled", "reason": "Changed their mind"}
    done = post(client, url("cancel", order), **fields)

    assert "The order is on hold until then" in done
    assert Order.objects.get().status == "paid"
    assert "waits for approval" in page(client, url("cancel", order))


def test_the_list_is_narrowed_by_tab_state_and_what_is_searched(client: Client) -> None:
    ops = enter(client, "ops")
    waiting = make_waiting(ops)
    done = make_refund(stripe_refund_id="re_done")
    failed = make_refund(status="failed", refunded_at=None)
    pending = make_refund(status="pending", refunded_at=None)

    def shown(**query: str) -> set[int]:
        html = page(client, LIST, **query)
        return {row.pk for row in Refund.objects.all() if url("refund_detail", row) + '"' in html}

    assert shown() == {waiting.pk, done.pk, failed.pk, pending.pk}
    assert shown(tab="waiting") == {waiting.pk}
    assert shown(tab="failed") == {failed.pk}
    assert shown(tab="on_its_way") == {pending.pk}
    assert shown(tab="done") == {done.pk}
    assert shown(status="pending") == {pending.pk}
    assert shown(q="re_done") == {done.pk}
    assert shown(q=done.payment.order.number) == {done.pk}
    assert shown(q=failed.payment.order.email.upper()) == {failed.pk}
    assert shown(q="re_nothing") == set()
    assert "No refund matches" in page(client, LIST, q="re_nothing")
    assert shown(tab="nonsense", status="nonsense") == {waiting.pk, done.pk, failed.pk, pending.pk}


def test_an_empty_list_says_where_refunds_come_from(client: Client) -> None:
    enter(client, "ops")

    assert "Refunds are made on the page of their order" in page(client, LIST)


def test_the_list_costs_the_same_however_long_it_is(client: Client) -> None:
    enter(client, "ops")
    make_refund(requested_by_id=make_user("ops").pk)
    page(client, LIST)
    with CaptureQueriesContext(connection) as one:
        page(client, LIST)
    for _ in range(12):
        make_refund(requested_by_id=make_user("ops").pk)

    with CaptureQueriesContext(connection) as many:
        page(client, LIST)

    assert len(many) == len(one)


def test_a_failed_refund_is_tried_again_with_a_click(client: Client) -> None:
    ops = enter(client, "ops")
    order, failed = make_failed(ops)

    html = page(client, url("refund_detail", failed))
    assert "The card has expired or was canceled." in html
    done = post(client, url("refund_again", failed))

    assert "has been refunded." in done
    assert at_stripe() == failed.amount_minor
    assert "Refund again" not in page(client, url("refund_detail", failed))
    assert "Refund again" not in page(client, f"/console/orders/{order.pk}/")


def test_a_failed_refund_is_noted_as_paid_by_other_means(client: Client) -> None:
    order, failed = make_failed(enter(client, "ops"))

    empty = client.post(url("refund_settle", failed), {"note": ""})
    assert empty.status_code == 422
    assert "Say how the money was given back" in empty.content.decode()
    done = post(client, url("refund_settle", failed), note="Bank transfer 17")

    assert "is noted as paid by other means" in done
    assert "Bank transfer 17" in page(client, f"/console/orders/{order.pk}/")
    assert "Paid by other means" in page(client, url("refund_detail", failed))


@pytest.mark.parametrize("status", ["requested", "submitting", "pending", "requires_action", "canceled", "rejected"])
def test_every_state_says_what_it_means(client: Client, status: str) -> None:
    enter(client, "ops")
    refund = make_refund(status=status, refunded_at=None)

    html = page(client, url("refund_detail", refund))

    assert "<dt>Reason</dt><dd>No reason was given.</dd>" in html
    assert {"requires_action": "asked the customer", "rejected": "not approved", "canceled": "canceled at Stripe"}.get(
        status, "It"
    ) in html


def test_the_cause_that_nobody_knows_is_shown_as_stripe_says_it(client: Client) -> None:
    enter(client, "ops")
    refund = make_refund(status="failed", refunded_at=None, failure_code="payment_intent_<odd>")

    assert "Stripe says: payment intent &lt;odd&gt;." in page(client, url("refund_detail", refund))


def test_a_surplus_is_given_back_from_the_order(client: Client) -> None:
    enter(client, "ops")
    order, payment = make_surplus()

    assert "Give it back" in page(client, f"/console/orders/{order.pk}/")
    done = post(client, url("give_back", payment))

    assert "has been refunded." in done
    assert (at_stripe(), "Give it back" in done) == (payment.captured_minor, False)
    assert "not kept as surplus" in post(client, url("give_back", payment))


def test_an_imported_order_is_refunded_with_a_note(client: Client) -> None:
    enter(client, "ops")
    order = make_imported()
    fields = {"how": "amount", "amount": "5", "restock": "none", "reason": "Late", "paid_elsewhere": "Transfer 9"}

    assert "How the money was given back" in page(client, url("refund", order))
    preview = client.post(url("refund", order), fields).content.decode()
    assert "£5.00 of £30.00 to the customer" in preview
    assert "Transfer 9" in preview
    done = client.post(
        url("refund_confirm", order), fields | {"request_key": KEY, "expected_minor": "500"}, follow=True
    ).content.decode()

    assert "£5.00 has been refunded." in done
    assert Refund.objects.get().settled_note == "Transfer 9"


def test_an_imported_order_is_canceled_with_a_note(client: Client) -> None:
    enter(client, "ops")
    order = make_imported()
    fields = {"request_key": KEY, "expected_minor": "3000", "restock": "canceled", "reason": "Lost"}

    refused = client.post(url("cancel", order), fields)
    assert refused.status_code == 422
    assert "Say how the money was given back." in refused.content.decode()
    done = post(client, url("cancel", order), **fields, paid_elsewhere="Transfer 9")

    assert "The order is canceled." in done
    assert Order.objects.get().status == "canceled"


def test_what_all_came_back_at_stripe_can_be_canceled_from_its_page(client: Client) -> None:
    enter(client, "ops")
    order, payment = make_paid()
    control.refund_in_dashboard(Resource.objects.get(kind="charge").stripe_id)
    sync_payment(payment.pk)

    assert "Nothing of its money is left to give back" in page(client, url("cancel", order))
    done = post(
        client, url("cancel", order), request_key=KEY, expected_minor="0", restock="canceled", reason="Refunded there"
    )

    assert "Nothing of its money was left to give back." in done
    assert Order.objects.get().status == "canceled"


def test_the_timeline_tells_what_was_decided_and_what_failed(client: Client) -> None:
    admin = enter(client, "admin")
    refund = make_waiting(make_user("ops"))
    post(client, url("refund_approve", refund))
    settle(refund.pk, status="failed")
    order = refund.payment.order
    ship(order.pk)
    control.refund_next_as("failed")
    again = request_refund(
        order.pk, choice=RefundChoice(amount_minor=100, reason="x"), actor=admin, request_key="again"
    )
    sync_payment(again.payment_id)

    html = page(client, f"/console/orders/{order.pk}/")

    for line in ("Refund approved: £250.00", "Refund came back from the bank: £250.00", "Refund failed: £1.00"):
        assert line in html
    assert line_of(order).quantity_refunded == 0
    assert Payment.objects.get().refund_committed_minor == 0
