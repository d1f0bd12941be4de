"""From a placed order to a sale: every path to the same end, and each of them once."""

from itertools import permutations

import pytest
import time_machine
from django.utils import timezone

from core.errors import DomainError, NotAllowedInState
from core.models import DirtyDay
from mail.models import OutgoingMail
from orders.models import Invoice, Order, SalesEntry
from orders.tests.factories import make_discount, make_order, make_shipping_method
from payments.inbox import drain
from payments.models import OutboundCall, Payment, PaymentAttempt, WebhookEvent
from payments.starting import start_payment
from payments.sync import sync_payment
from payments.tests.factories import make_paid, make_started, session_of
from products.models import StockItem, StockMovement
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db

SECURE_CARD = "4000002760003184"
DECLINED_CARD = "4000000000000002"


def assert_sold_once(order: Order) -> None:
    order.refresh_from_db()
    assert (order.status, order.paid_minor) == ("paid", order.total_minor)
    assert Payment.objects.filter(order=order, disposition="applied").count() == 1
    assert OutgoingMail.objects.filter(key=f"order-receipt:{order.pk}").count() == 1
    assert Invoice.objects.filter(order=order).count() == 1
    assert SalesEntry.objects.filter(order=order, kind="sale").count() == 1
    assert StockMovement.objects.filter(kind="sold").count() == order.lines.count()
    assert StockItem.objects.filter(reserved__gt=0).count() == 0


def test_session_charges_exactly_the_order() -> None:
    order, payment = make_started(lines={make_variant(price_minor=3333): 3}, discount_code=make_discount().code)

    session = Resource.objects.get(kind="checkout.session").data
    assert session["amount_total"] == order.total_minor == payment.amount_minor
    assert session["currency"] == "gbp"
    assert session["metadata"] == {"payment": str(payment.pk), "order": order.public_id}


def test_return_page_makes_a_sale_of_a_paid_session() -> None:
    order, payment = make_paid()

    assert_sold_once(order)
    assert (payment.card_brand, payment.card_last4) == ("visa", "4242")
    assert order.paid_at == payment.succeeded_at
    assert PaymentAttempt.objects.get().outcome == "succeeded"


def test_sale_time_is_the_charges_own_whoever_asks() -> None:
    order, _ = make_paid()

    charge = Resource.objects.get(kind="charge")
    assert int(order.paid_at.timestamp()) == charge.data["created"]
    assert DirtyDay.objects.filter(source_type="payment_attempt").count() == 1


def test_webhook_before_the_redirect_after_it_and_twenty_times() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))

    control.deliver_all()
    drain()
    assert_sold_once(order)
    for _ in range(20):
        sync_payment(payment.pk)
    WebhookEvent.objects.update(state="received")
    drain()
    assert_sold_once(order)


def test_events_in_any_order_give_the_same_sale() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    control.deliver_all()
    events = list(WebhookEvent.objects.filter(state="received").order_by("pk")[:4])

    for arrangement in list(permutations(events))[:6]:
        for event in arrangement:
            WebhookEvent.objects.filter(pk=event.pk).update(state="received")
            drain()
    assert_sold_once(order)


def test_nothing_is_paid_while_stripe_says_nothing_is() -> None:
    order, payment = make_started()

    assert sync_payment(payment.pk).status == "open"
    order.refresh_from_db()
    assert order.status == "pending"


def test_declined_card_is_an_attempt_and_the_next_card_pays() -> None:
    order, payment = make_started()

    control.pay(session_of(payment), DECLINED_CARD)
    sync_payment(payment.pk)
    assert PaymentAttempt.objects.get().outcome == "failed"
    order.refresh_from_db()
    assert order.status == "pending"
    control.pay(session_of(payment))
    sync_payment(payment.pk)

    assert_sold_once(order)
    assert list(PaymentAttempt.objects.order_by("at", "pk").values_list("outcome", flat=True)) == [
        "failed",
        "succeeded",
    ]
    assert PaymentAttempt.objects.filter(outcome="failed").get().code == "generic_decline"


@pytest.mark.parametrize("attempt", range(6))  # ids are random, so one round might be right by chance
def test_tries_of_the_same_second_are_kept_in_the_order_they_were_made(attempt: int) -> None:
    _, payment = make_started()

    with time_machine.travel(timezone.now(), tick=False):
        for card in (DECLINED_CARD, DECLINED_CARD, "4242424242424242"):
            control.pay(session_of(payment), card)
        sync_payment(payment.pk)

    outcomes = list(PaymentAttempt.objects.order_by("at", "pk").values_list("outcome", flat=True))
    assert outcomes == ["failed", "failed", "succeeded"]


def test_three_d_secure_must_be_completed() -> None:
    order, payment = make_started()

    control.pay(session_of(payment), SECURE_CARD)
    sync_payment(payment.pk)
    order.refresh_from_db()
    assert order.status == "pending"
    control.pay(session_of(payment), SECURE_CARD, authenticate=True)
    sync_payment(payment.pk)

    assert_sold_once(order)


def test_delayed_method_keeps_its_reservation_until_it_is_confirmed() -> None:
    order, payment = make_started()

    control.pay(session_of(payment), "bank_debit_succeeds")
    assert sync_payment(payment.pk).status == "processing"
    assert StockItem.objects.get().reserved == 1
    with pytest.raises(NotAllowedInState):
        start_payment(order.pk)
    control.finish_async(session_of(payment))
    sync_payment(payment.pk)

    assert_sold_once(order)


def test_delayed_method_that_fails_lets_the_shopper_pay_again() -> None:
    order, payment = make_started()
    control.pay(session_of(payment), "bank_debit_fails")
    sync_payment(payment.pk)
    control.finish_async(session_of(payment), succeeded=False)

    assert sync_payment(payment.pk).status == "failed"
    second = start_payment(order.pk)
    control.pay(session_of(second))
    sync_payment(second.pk)

    assert_sold_once(order)


def test_free_order_needs_no_session() -> None:
    order = make_order(
        lines={make_variant(price_minor=1000): 1},
        discount_code=make_discount(percent_bps=10_000).code,
        method=make_shipping_method(price_minor=0),
    )
    assert order.total_minor == 0

    payment = start_payment(order.pk)

    assert (payment.tender, payment.status, payment.disposition) == ("free", "succeeded", "applied")
    assert_sold_once(order)
    assert Resource.objects.filter(kind="checkout.session").count() == 0


def test_second_click_gets_the_same_session() -> None:
    order = make_order()

    first, second = start_payment(order.pk), start_payment(order.pk)

    assert first.pk == second.pk
    assert first.checkout_url == second.checkout_url != ""
    assert Resource.objects.filter(kind="checkout.session").count() == 1


def test_order_outlives_its_session_by_ten_minutes() -> None:
    order, payment = make_started()

    order.refresh_from_db()
    assert (order.expires_at - payment.expires_at).total_seconds() == 600
    assert (payment.expires_at - timezone.now()).total_seconds() > 30 * 60


@pytest.mark.parametrize("fault", ["lost_answer", "timeout", "error"])
def test_lost_answer_to_session_creation_is_asked_again_under_the_same_key(fault: str) -> None:
    order = make_order()
    control.fail_next("checkout.sessions.create", fault)

    with pytest.raises(DomainError, match="try again"):
        start_payment(order.pk)
    assert Payment.objects.get().status == "creating"
    payment = start_payment(order.pk)

    assert payment.status == "open"
    assert Resource.objects.filter(kind="checkout.session").count() == 1
    assert OutboundCall.objects.get().state == "answered"


def test_event_of_a_session_whose_answer_was_lost_brings_its_id_back() -> None:
    order = make_order()
    control.fail_next("checkout.sessions.create", "lost_answer")
    with pytest.raises(DomainError):
        start_payment(order.pk)

    control.pay(Resource.objects.get(kind="checkout.session").stripe_id)
    control.deliver_all()
    drain()

    assert_sold_once(order)


def test_paid_order_has_nothing_to_pay() -> None:
    order, _ = make_paid()

    with pytest.raises(NotAllowedInState, match="nothing to pay"):
        start_payment(order.pk)
