"""Refunds that came to nothing: tried again once, or paid by other means, and never given back twice."""

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from core.tests.races import at_once
from mail.models import OutgoingMail
from orders.models import Order, SalesEntry
from orders.tests.factories import line_of, make_shipping_method
from payments.failed_refunds import give_surplus_back, retry_refund, settle_elsewhere
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, refundable, request_refund
from payments.sync import sync_payment
from payments.tests.factories import make_paid, make_started
from payments.tests.test_refunding import at_stripe
from payments.tests.test_surplus import charge_less, pay_twice
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops() -> User:
    return make_user("ops")


def make_failed(actor: User, price_minor: int = 1000, **choice: Any) -> tuple[Order, Refund]:
    """A refund that was on its way and that the bank could not take."""
    lines = {make_variant(price_minor=price_minor, stock=9): 3}
    order, payment = make_paid(lines=lines, method=make_shipping_method(price_minor=0))
    control.refund_next_as("pending")
    choice = {"units": {line_of(order).pk: 2}} | choice
    refund = request_refund(
        order.pk, choice=RefundChoice(reason="Broken", **choice), actor=actor, request_key=f"k{order.pk}"
    )
    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)
    sync_payment(payment.pk)
    refund.refresh_from_db()
    assert refund.status == "failed"
    return order, refund


def test_tried_again_it_is_a_new_refund_of_the_same_parts(ops: User) -> None:
    order, failed = make_failed(ops)

    again = retry_refund(failed.pk, actor=ops)

    parts = [list(row.lines.values_list("line", "quantity", "goods_minor", "tax_minor")) for row in (failed, again)]
    assert parts[0] == parts[1]
    assert (again.status, again.amount_minor, again.pk != failed.pk) == ("succeeded", failed.amount_minor, True)
    assert (line_of(order).quantity_refunded, at_stripe()) == (2, failed.amount_minor)
    assert Order.objects.get(pk=order.pk).refunded_minor == failed.amount_minor
    assert not Refund.objects.unattended().exists()


def test_tried_again_twice_it_is_one_refund(ops: User) -> None:
    _, failed = make_failed(ops)

    made = {retry_refund(failed.pk, actor=ops).pk for _ in range(3)}

    assert (len(made), at_stripe()) == (1, failed.amount_minor)


def test_units_on_the_shelf_stay_there_and_count_with_the_new_refund(ops: User) -> None:
    order, failed = make_failed(ops, restock="returned")
    on_hand = StockItem.objects.get().on_hand

    again = retry_refund(failed.pk, actor=ops)

    line = line_of(order)
    assert (again.status, StockItem.objects.get().on_hand) == ("succeeded", on_hand)
    assert (line.quantity_refunded, line.quantity_restocked) == (2, 2)
    assert sum(SalesEntry.objects.filter(refund_id=again.pk).values_list("units", flat=True)) == -2


def test_what_fails_again_can_be_tried_again(ops: User) -> None:
    order, failed = make_failed(ops, restock="returned")
    control.refund_next_as("failed")

    second = retry_refund(failed.pk, actor=ops)
    sync_payment(failed.payment_id)
    second.refresh_from_db()
    assert (second.status, line_of(order).quantity_refunded) == ("failed", 2)
    third = retry_refund(second.pk, actor=ops)

    assert (third.status, at_stripe()) == ("succeeded", failed.amount_minor)
    assert list(Refund.objects.unattended()) == []


def test_above_the_limit_trying_again_waits_for_approval_as_well(ops: User) -> None:
    _, failed = make_failed(make_user("admin"), price_minor=15_000, restock="returned")

    again = retry_refund(failed.pk, actor=ops)

    assert (again.status, again.has_moved_stock, at_stripe()) == ("requested", True, 0)
    assert StockItem.objects.get().on_hand == 8


def test_money_that_went_back_since_is_not_given_back_again(ops: User) -> None:
    order, failed = make_failed(ops)
    request_refund(order.pk, choice=RefundChoice(reason="x", everything=True), actor=ops, request_key="all")

    for act in (retry_refund, lambda pk, actor: settle_elsewhere(pk, note="Bank transfer", actor=actor)):
        with pytest.raises(NotAllowedInState, match="given back since"):
            act(failed.pk, actor=ops)

    assert at_stripe() == order.total_minor


@pytest.mark.parametrize("status", ["succeeded", "pending", "submitting", "requested", "rejected", "requires_action"])
def test_only_what_came_to_nothing_is_made_up_for(ops: User, status: str) -> None:
    _, failed = make_failed(ops)
    Refund.objects.update(status=status, refunded_at=failed.created_at)

    for act in (retry_refund, lambda pk, actor: settle_elsewhere(pk, note="Bank transfer", actor=actor)):
        with pytest.raises(NotAllowedInState, match="not come to nothing"):
            act(failed.pk, actor=ops)


def test_paid_by_other_means_closes_the_queue_and_books_nothing(ops: User) -> None:
    order, failed = make_failed(ops)
    before = SalesEntry.objects.count()

    settled = settle_elsewhere(failed.pk, note=" Bank transfer 17 ", actor=ops)

    assert (settled.status, settled.settled_note, settled.settled_by_id) == ("failed", "Bank transfer 17", ops.pk)
    assert settled.is_paid_elsewhere
    assert not Refund.objects.unattended().exists()
    order.refresh_from_db()
    assert (order.refunded_minor, SalesEntry.objects.count(), at_stripe()) == (0, before, 0)
    assert Payment.objects.get().refund_committed_minor == 0
    assert AuditRecord.objects.filter(action="refund.settled", outcome="done").count() == 1


def test_what_was_paid_by_other_means_cannot_be_refunded_as_well(ops: User) -> None:
    order, failed = make_failed(ops)
    settle_elsewhere(failed.pk, note="Bank transfer 17", actor=ops)

    assert refundable(order).total == order.total_minor - failed.amount_minor
    assert line_of(order).quantity_to_refund == 1
    with pytest.raises(NotAllowedInState, match="paid by other means already"):
        retry_refund(failed.pk, actor=ops)
    rest = request_refund(order.pk, choice=RefundChoice(reason="x", everything=True), actor=ops, request_key="all")
    assert rest.amount_minor == order.total_minor - failed.amount_minor


def test_what_was_tried_again_cannot_be_paid_by_other_means_as_well(ops: User) -> None:
    _, failed = make_failed(ops)
    retry_refund(failed.pk, actor=ops)

    with pytest.raises(NotAllowedInState):
        settle_elsewhere(failed.pk, note="Bank transfer", actor=ops)


@pytest.mark.parametrize("note", ["", "  "])
def test_how_it_was_paid_must_be_said(ops: User, note: str) -> None:
    _, failed = make_failed(ops)

    with pytest.raises(DomainError, match="Say how"):
        settle_elsewhere(failed.pk, note=note, actor=ops)


def test_the_same_note_again_changes_nothing_and_another_is_refused(ops: User) -> None:
    _, failed = make_failed(ops)
    settle_elsewhere(failed.pk, note="Bank transfer 17", actor=ops)

    assert settle_elsewhere(failed.pk, note="Bank transfer 17", actor=ops).is_paid_elsewhere
    with pytest.raises(NotAllowedInState):
        settle_elsewhere(failed.pk, note="Cheque", actor=ops)
    assert AuditRecord.objects.filter(action="refund.settled", outcome="done").count() == 1


def test_a_surplus_whose_refund_failed_is_sent_back_by_trying_again(ops: User) -> None:
    order, second = pay_twice()
    control.refund_next_as("failed")
    sync_payment(second.pk)
    sync_payment(second.pk)
    failed = Refund.objects.get()
    assert failed.status == "failed"

    again = retry_refund(failed.pk, actor=ops)

    assert (again.status, again.reason, at_stripe()) == ("succeeded", "duplicate", order.total_minor)
    assert Payment.objects.get(pk=second.pk).disposition == "auto_refunded"
    assert OutgoingMail.objects.filter(kind="payment_sent_back").count() == 1


def test_a_surplus_of_another_amount_is_given_back_by_hand_above_any_limit(ops: User) -> None:
    lines = {make_variant(price_minor=90_000): 1}
    order, payment = make_paid(lines=lines)
    Payment.objects.update(disposition="surplus")

    refund = give_surplus_back(payment.pk, actor=ops)

    payment.refresh_from_db()
    assert (refund.status, refund.source, payment.disposition) == ("succeeded", "automatic", "auto_refunded")
    with pytest.raises(NotAllowedInState, match="not kept as surplus"):
        give_surplus_back(payment.pk, actor=ops)
    assert at_stripe() == order.total_minor


def test_a_payment_of_another_amount_is_given_back_with_the_reason(ops: User) -> None:
    order, payment = make_started()
    charge_less(payment)
    sync_payment(payment.pk)

    refund = give_surplus_back(payment.pk, actor=ops)

    assert (refund.amount_minor, refund.reason) == (100, "amount differs")
    assert "it was not the amount of the order" in OutgoingMail.objects.get(kind="payment_sent_back").text_body
    assert Order.objects.get(pk=order.pk).status == "pending"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(4))
def test_tried_again_and_paid_by_other_means_at_once_only_one_holds(attempt: int) -> None:
    ops = make_user("ops")
    order, failed = make_failed(ops)

    at_once([
        lambda: retry_refund(failed.pk, actor=ops),
        lambda: retry_refund(failed.pk, actor=ops),
        lambda: settle_elsewhere(failed.pk, note="Bank transfer", actor=ops),
    ])  # fmt: skip

    failed.refresh_from_db()
    given_at_stripe = at_stripe()
    assert (given_at_stripe == failed.amount_minor) != failed.is_paid_elsewhere
    assert given_at_stripe in (0, failed.amount_minor)
    assert line_of(order).quantity_refunded == 2


@pytest.mark.parametrize("act", ["retry", "settle"])
def test_one_that_failed_in_the_dashboard_before_it_was_known_here_has_its_parts(ops: User, act: str) -> None:
    order, payment = make_paid(lines={make_variant(price_minor=1000, stock=9): 3})
    control.refund_next_as("failed")
    control.refund_in_dashboard(payment.stripe_charge_id or "", 700)
    sync_payment(payment.pk)
    failed = Refund.objects.get(status="failed", source="external")
    left = refundable(order).total

    if act == "settle":
        settle_elsewhere(failed.pk, note="Bank transfer 7", actor=ops)
        assert (ledger_cash(order), refundable(order).total) == (order.paid_minor, left - 700)
    else:
        assert retry_refund(failed.pk, actor=ops).status == "succeeded"
        assert ledger_cash(order) == order.paid_minor - 700
        assert Order.objects.get(pk=order.pk).refunded_minor == 700


def ledger_cash(order: Order) -> int:
    return sum(
        entry.gross_minor - entry.discount_minor - entry.returns_minor + entry.shipping_minor + entry.tax_minor
        for entry in SalesEntry.objects.filter(order=order)
    )
