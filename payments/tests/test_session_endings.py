"""Sessions whose order is given up, or whose making went wrong, cannot be paid and stop nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.errors import DomainError, NotAllowedInState
from orders.lifecycle import cancel_unpaid
from orders.models import Order
from orders.tests.factories import make_order
from orders.transitions import By
from payments import client, closing
from payments.models import Payment
from payments.starting import start_payment
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


def test_order_that_changed_address_of_shop_does_not_stop_the_expiry_of_others(settings: Any) -> None:
    stuck, other = make_order(), make_order()
    control.fail_next("checkout.sessions.create", "timeout")
    with pytest.raises(DomainError):
        start_payment(stuck.pk)
    Order.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    settings.STORE_BASE_URL = "https://new.example.com"

    closing.expire_orders()

    other.refresh_from_db()
    assert other.status == "canceled"


def test_order_canceled_while_its_payment_page_is_made_cannot_be_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order()
    create = client.create_session

    def slow(*args: Any, **kwargs: Any) -> client.Session:
        cancel_unpaid(order.pk, reason="shopper", by=By.SHOPPER)
        return create(*args, **kwargs)

    monkeypatch.setattr(client, "create_session", slow)
    with pytest.raises(NotAllowedInState):
        start_payment(order.pk)

    assert Resource.objects.get(kind="checkout.session").data["status"] == "expired"


def test_session_opened_between_the_look_and_the_lock_of_a_cancellation_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = make_order()

    def late(*args: Any, **kwargs: Any) -> Order:
        start_payment(order.pk)
        return cancel_unpaid(*args, **kwargs)

    monkeypatch.setattr(closing, "cancel_unpaid", late)
    closing.cancel_order_unpaid(order.pk, reason="shopper", by=By.SHOPPER)

    assert Resource.objects.get(kind="checkout.session").data["status"] == "expired"
    assert Payment.objects.get().status == "expired"
