"""Refunds made in Stripe's dashboard: taken into the books once, and stronger than what was only promised here."""

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_user
from core.tests.races import at_once
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.models import Order, OrderLine, SalesEntry
from orders.tests.factories import line_of, make_shipping_method
from payments.approval_holds import ALL_IS_BACK
from payments.failed_refunds import settle_elsewhere
from payments.inbox import drain
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, refundable, request_refund
from payments.sync import sync_payment
from payments.tests.factories import make_paid, make_started, session_of
from payments.tests.test_refunding import at_stripe, ledger
from payments.tests.test_surplus import pay_twice
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


def make_sale(**changes: Any) -> tuple[Order, Payment]:
    lines = {make_variant(price_minor=3333): 3, make_variant(price_minor=1000): 2}
    return make_paid(lines=lines, method=make_shipping_method(price_minor=350), **changes)


def refund_there(amount: int | None = None, *, charge: int = -1) -> str:
    charges = list(Resource.objects.filter(kind="charge").order_by("pk"))
    return control.refund_in_dashboard(charges[charge].stripe_id, amount)


def ask(order: Order, actor: User, key: str = "key", **choice: Any) -> Refund:
    return request_refund(order.pk, choice=RefundChoice(reason="Broken", **choice), actor=actor, request_key=key)


def assert_agreed(order: Order, payment: Payment, amount: int) -> None:
    """Order, payment, ledger and Stripe say the same of what was given back."""
    order.refresh_from_db()
    payment.refresh_from_db()
    booked = ledger(order)
    kept = booked["gross"] - booked["discount"] - booked["returns"] + booked["shipping"] + booked["tax"]
    assert (order.refunded_minor, payment.refund_committed_minor, at_stripe()) == (amount, amount, amount)
    assert kept == order.total_minor - amount
    assert refundable(order).total == order.total_minor - amount


def test_it_is_split_by_amount_alone_and_returns_no_units() -> None:
    order, payment = make_sale()
    there = refund_there(1234)

    sync_payment(payment.pk)

    refund = Refund.objects.get()
    assert (refund.stripe_refund_id, refund.source, refund.status) == (there, "external", "succeeded")
    rows = list(refund.lines.values_list("quantity", "restock").distinct())
    assert rows == [(0, "none")]
    parts = sum(row.goods_minor + row.tax_minor for row in refund.lines.all())
    assert parts + refund.shipping_minor + refund.shipping_tax_minor == 1234
    assert set(OrderLine.objects.values_list("quantity_refunded", flat=True)) == {0}
    assert_agreed(order, payment, 1234)
    assert OutgoingMail.objects.filter(key=f"order-refunded:{refund.pk}").count() == 1


def test_it_is_taken_in_once_however_often_it_is_told() -> None:
    order, payment = make_sale()
    refund_there(500)
    control.deliver_all()
    drain()

    for _ in range(5):
        sync_payment(payment.pk)

    assert Refund.objects.count() == 1
    assert_agreed(order, payment, 500)
    assert OutgoingMail.objects.filter(kind="order_refunded").count() == 1
    assert SalesEntry.objects.filter(kind="refund", line__position=1).count() == 1


def test_several_and_one_of_ours_stand_side_by_side() -> None:
    order, payment = make_sale()
    refund_there(500)
    ours = ask(order, make_user("ops"), amount_minor=700)
    refund_there(300)

    sync_payment(payment.pk)

    assert ours.status == "succeeded"
    assert sorted(Refund.objects.values_list("amount_minor", "source")) == [
        (300, "external"),
        (500, "external"),
        (700, "staff"),
    ]
    assert_agreed(order, payment, 1500)


def test_one_that_is_on_its_way_is_booked_when_it_arrives_and_let_go_when_it_fails() -> None:
    order, payment = make_sale()
    control.refund_next_as("pending", times=2)
    first, second = refund_there(400), refund_there(600)
    sync_payment(payment.pk)
    order.refresh_from_db()
    assert (order.refunded_minor, Payment.objects.get().refund_committed_minor) == (0, 1000)

    control.settle_refund(first)
    control.settle_refund(second, succeeded=False)
    sync_payment(payment.pk)

    assert_agreed(order, payment, 400)
    assert Refund.objects.get(stripe_refund_id=second).status == "failed"


def test_one_that_had_failed_before_we_heard_of_it_is_known_and_moves_nothing() -> None:
    order, payment = make_sale()
    there = refund_there(400)
    control.settle_refund(there, succeeded=False)

    sync_payment(payment.pk)

    refund = Refund.objects.get()
    assert (refund.status, refund.failure_code) == ("failed", "expired_or_canceled_card")
    assert_agreed(order, payment, 0)
    assert not OutgoingMail.objects.filter(kind__in=["order_refunded", "refund_failed"]).exists()


def test_one_that_fails_after_it_was_taken_in_is_booked_back_and_told() -> None:
    order, payment = make_sale()
    there = refund_there(400)
    sync_payment(payment.pk)
    control.settle_refund(there, succeeded=False)

    sync_payment(payment.pk)

    assert_agreed(order, payment, 0)
    assert OutgoingMail.objects.filter(kind="refund_failed").count() == 1


def test_ours_on_its_way_is_settled_first_and_refused_if_the_money_is_gone() -> None:
    order, payment = make_sale()
    control.fail_next("refunds.create", "timeout")
    ours = ask(order, make_user("ops"), units={line_of(order).pk: 3})
    assert ours.status == "submitting"
    refund_there()

    sync_payment(payment.pk)

    ours.refresh_from_db()
    assert (ours.status, ours.failure_code) == ("failed", "charge_already_refunded")
    assert line_of(order).quantity_refunded == 0
    assert_agreed(order, payment, order.total_minor)


def test_ours_on_its_way_is_sent_if_there_is_still_room_for_it() -> None:
    order, payment = make_sale()
    control.fail_next("refunds.create", "timeout")
    ours = ask(order, make_user("ops"), amount_minor=5000)
    refund_there(2000)

    sync_payment(payment.pk)

    ours.refresh_from_db()
    assert ours.status == "succeeded"
    assert_agreed(order, payment, 7000)


def test_stripe_wins_while_it_does_not_answer_about_ours_and_the_newest_makes_way() -> None:
    order, payment = make_sale()
    control.fail_next("refunds.create", "timeout", times=4)
    older = ask(order, make_user("ops"), "one", amount_minor=2000)
    newer = ask(order, make_user("ops"), "two", amount_minor=6000)
    refund_there(6000)

    sync_payment(payment.pk)

    older.refresh_from_db()
    newer.refresh_from_db()
    assert (newer.status, newer.failure_code, older.status) == ("failed", "displaced", "submitting")
    payment.refresh_from_db()
    assert payment.refund_committed_minor == 8000


def test_one_that_waits_for_approval_makes_way_and_its_order_goes_on() -> None:
    variant = make_variant(price_minor=30_000)
    order, payment = make_paid(lines={variant: 1}, method=make_shipping_method(price_minor=0))
    waiting = ask(order, make_user("ops"), everything=True, restock="canceled")
    assert (waiting.status, Order.objects.get().held_at is not None) == ("requested", True)
    refund_there(100)

    sync_payment(payment.pk)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.failure_code) == ("failed", "displaced")
    assert (line_of(order).quantity_refunded, Order.objects.get().held_at) == (0, None)
    assert waiting.lines.get().restock == "none"
    assert_agreed(order, payment, 100)


def test_ours_that_was_given_up_and_that_stripe_made_after_all_is_taken_in() -> None:
    order, payment = make_sale()
    control.fail_next("refunds.create", "lost_answer")
    ours = ask(order, make_user("ops"), amount_minor=900)
    Refund.objects.filter(pk=ours.pk).update(status="failed", failed_at=order.paid_at)
    Payment.objects.update(refund_committed_minor=0)

    sync_payment(payment.pk)

    assert Refund.objects.exclude(pk=ours.pk).get().source == "external"
    assert_agreed(order, payment, 900)


def test_all_of_an_unsent_order_given_back_at_stripe_puts_it_on_hold() -> None:
    order, payment = make_sale()
    refund_there()

    sync_payment(payment.pk)

    order.refresh_from_db()
    assert (order.status, order.hold_reason) == ("paid", ALL_IS_BACK)
    assert_agreed(order, payment, order.total_minor)


def test_all_of_a_sent_order_given_back_at_stripe_holds_nothing() -> None:
    order, payment = make_sale()
    ship(order.pk)
    refund_there()

    sync_payment(payment.pk)

    order.refresh_from_db()
    assert (order.status, order.held_at) == ("fulfilled", None)


def test_a_sale_that_was_given_back_before_we_knew_of_it_is_a_sale_and_a_return() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    refund_there()

    sync_payment(payment.pk)

    assert Order.objects.get().status == "paid"
    assert_agreed(order, payment, order.total_minor)


def test_what_was_paid_by_other_means_does_not_keep_stripe_from_winning() -> None:
    order, payment = make_sale()
    control.refund_next_as("failed")
    failed = ask(order, make_user("ops"), everything=True)
    sync_payment(payment.pk)
    settle_elsewhere(failed.pk, note="Bank transfer 17", actor=make_user("ops"))
    refund_there()

    sync_payment(payment.pk)

    order.refresh_from_db()
    assert order.refunded_minor == order.total_minor == at_stripe()


def test_a_surplus_given_back_in_the_dashboard_is_not_given_back_twice() -> None:
    order, second = pay_twice()
    refund_there()

    second = sync_payment(second.pk)

    refund = Refund.objects.get()
    assert (refund.source, refund.status, refund.lines.count()) == ("external", "succeeded", 0)
    assert (second.disposition, second.refundable_minor, at_stripe()) == ("auto_refunded", 0, order.total_minor)
    order.refresh_from_db()
    assert (order.status, order.refunded_minor) == ("paid", 0)


def test_a_surplus_of_which_a_part_went_back_is_given_back_for_the_rest() -> None:
    order, second = pay_twice()
    refund_there(100)

    second = sync_payment(second.pk)

    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [100, order.total_minor - 100]
    assert (second.disposition, at_stripe()) == ("auto_refunded", order.total_minor)


def test_a_mark_of_ours_on_another_amount_is_no_proof() -> None:
    order, payment = make_sale()
    control.fail_next("refunds.create", "timeout", times=3)
    ours = ask(order, make_user("ops"), amount_minor=900)
    there = refund_there(100)
    row = Resource.objects.get(stripe_id=there)
    row.data = {**row.data, "metadata": {"refund": str(ours.pk)}}
    row.save()

    sync_payment(payment.pk)

    ours.refresh_from_db()
    assert ours.stripe_refund_id != there
    assert Refund.objects.filter(stripe_refund_id=there, source="external").exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_ten_looks_at_once_take_it_in_once(attempt: int) -> None:
    order, payment = make_sale()
    refund_there(1000)

    assert at_once([lambda: sync_payment(payment.pk)] * 10) == ["done"] * 10

    assert_agreed(order, payment, 1000)
    assert OutgoingMail.objects.filter(kind="order_refunded").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(8))
def test_dashboard_and_staff_at_once_never_give_back_more_than_was_taken(attempt: int) -> None:
    order, payment = make_sale()
    ops = make_user("ops")
    share = order.total_minor * 6 // 10

    def there() -> None:
        refund_there(share)
        sync_payment(payment.pk)

    at_once([there, lambda: ask(order, ops, amount_minor=share)])
    sync_payment(payment.pk)

    assert_agreed(order, payment, share)
    statuses = sorted(Refund.objects.values_list("status", flat=True))
    assert statuses in (["succeeded"], ["failed", "succeeded"])
