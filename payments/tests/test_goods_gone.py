"""A payment that finds the shelf empty goes back."""

import pytest

from payments.sync import sync_payment
from payments.tests.factories import make_started, session_of
from products import stock
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = pytest.mark.django_db


def test_payment_for_goods_that_are_not_there_any_more_goes_back() -> None:
    variant = make_variant(stock=None)
    order, payment = make_started(lines={variant: 2})
    stock.receive(variant.pk, quantity=1, source_type="delivery", source_id="1")
    control.pay(session_of(payment))

    payment = sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.status != "paid"
    assert (payment.status, payment.refund_committed_minor) == ("succeeded", order.total_minor)
