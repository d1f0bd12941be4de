"""A payment that finds the shelf empty goes back, and its order is over."""

import pytest

from core.errors import NotAllowedInState
from mail.models import OutgoingMail
from orders.models import SalesEntry
from payments.models import Refund
from payments.starting import start_payment
from payments.sync import sync_payment
from payments.tests.factories import make_started, session_of
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = pytest.mark.django_db


def test_payment_for_goods_that_are_not_there_any_more_goes_back_and_cancels_the_order() -> None:
    variant = make_variant(stock=3)
    order, payment = make_started(lines={variant: 2})
    StockItem.objects.update(on_hand=0, reserved=0)  # a count that was put right behind the shop's back
    control.pay(session_of(payment))

    for _ in range(2):
        payment = sync_payment(payment.pk)

    order.refresh_from_db()
    assert (order.status, order.cancel_reason, order.paid_minor) == ("canceled", "out of stock", 0)
    assert (payment.disposition, payment.refund_committed_minor) == ("auto_refunded", order.total_minor)
    assert Refund.objects.get().reason == "out of stock"
    assert not SalesEntry.objects.exists()
    assert "something in it is not available any more" in OutgoingMail.objects.get(kind="payment_sent_back").text_body
    with pytest.raises(NotAllowedInState):
        start_payment(order.pk)
