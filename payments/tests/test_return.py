"""The way back from the payment page trusts nothing in its address."""

import pytest
from django.test import Client

from orders.links import guest_path, guest_signature
from orders.models import Order
from payments.tests.factories import make_started, session_of
from stripe_simulator import control

pytestmark = pytest.mark.django_db


def back(order: Order, session_id: str, *, signature: str = "") -> str:
    return f"/orders/{order.public_id}/{signature or guest_signature(order)}/return/?session_id={session_id}"


def test_coming_back_unpaid_leaves_the_order_pending(client: Client) -> None:
    order, payment = make_started()

    answer = client.get(back(order, session_of(payment)))

    order.refresh_from_db()
    assert order.status == "pending"
    assert "This order has not been paid yet" in client.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize("session_id", ["", "cs_test_forged", "x" * 5000, "%00", "'; DROP TABLE"])
def test_forged_session_is_not_found(client: Client, session_id: str) -> None:
    order, _ = make_started()

    assert client.get(back(order, session_id)).status_code in {400, 404}


def test_another_orders_session_is_not_found(client: Client) -> None:
    order, _ = make_started()
    _, other = make_started()
    control.pay(session_of(other))

    assert client.get(back(order, session_of(other))).status_code == 404
    order.refresh_from_db()
    assert order.status == "pending"


def test_address_without_the_orders_signature_is_not_found(client: Client) -> None:
    order, payment = make_started()
    other, _ = make_started()

    for signature in ("nonsense", guest_signature(other)):
        assert client.get(back(order, session_of(payment), signature=signature)).status_code == 404
        assert client.post(f"/orders/{order.public_id}/{signature}/cancel/").status_code == 404
        assert client.post(f"/orders/{order.public_id}/{signature}/pay/").status_code == 404


def test_no_answer_from_stripe_is_told_honestly(client: Client) -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    control.fail_next("checkout.sessions.retrieve", "timeout")

    answer = client.get(back(order, session_of(payment)))

    assert answer.headers["Location"] == guest_path(order)
    order.refresh_from_db()
    assert order.status == "pending"


def test_retry_and_cancel_from_the_order_page(client: Client) -> None:
    order, payment = make_started()
    base = f"/orders/{order.public_id}/{guest_signature(order)}"

    assert client.post(f"{base}/pay/").headers["Location"] == payment.checkout_url
    answer = client.post(f"{base}/cancel/", follow=True)

    order.refresh_from_db()
    assert order.status == "canceled"
    assert "Nothing was charged" in answer.content.decode()


def test_cancel_of_a_paid_order_is_refused(client: Client) -> None:
    order, payment = make_started()
    control.pay(session_of(payment))

    answer = client.post(f"/orders/{order.public_id}/{guest_signature(order)}/cancel/", follow=True)

    order.refresh_from_db()
    assert order.status == "paid"
    assert "paid" in answer.content.decode()
