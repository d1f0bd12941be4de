"""What a dispute keeps from happening to an order: sending, refunding, canceling; and never a sale more or less."""

import pytest

from accounts.models import User
from accounts.tests.factories import make_user
from core.errors import NotAllowedInState
from core.models import StoreSetting
from orders.fulfilment import ship
from orders.holding import hold, release
from orders.models import SalesEntry
from orders.transitions import By
from payments.closing import cancel_order_unpaid
from payments.disputes import sync_dispute
from payments.models import Payment
from payments.refunding import RefundChoice, request_refund
from payments.sync import sync_payment
from payments.tests.factories import make_dispute, make_paid, make_started
from payments.tests.test_disputes import disputed, reread
from stripe_simulator import control

pytestmark = pytest.mark.django_db
SUPPORT = "help@example.com"


@pytest.fixture
def ops() -> User:
    return make_user("ops")


def test_a_hold_of_staff_outlasts_the_dispute(ops: User) -> None:
    order, stripe_id = disputed()
    hold(order.pk, reason="call the customer", actor=ops)
    sync_dispute(stripe_id)
    assert reread(order).hold_reason == "call the customer"

    with pytest.raises(NotAllowedInState, match="stays on hold: its payment is disputed"):
        release(order.pk, reason="called", actor=ops)
    control.close_dispute(stripe_id, won=True)
    sync_dispute(stripe_id)

    assert reread(order).hold_reason == "call the customer"
    assert release(order.pk, reason="called", actor=ops).held_at is None


def test_one_of_two_disputes_still_holds_the_order() -> None:
    order, payment = make_paid()
    first, second = (control.open_dispute(payment.stripe_charge_id, amount=500) for _ in range(2))
    sync_dispute(first)
    sync_dispute(second)
    control.close_dispute(first, won=True)

    sync_dispute(first)

    assert reread(order).hold_reason == "its payment is disputed"


def test_a_held_order_is_sent_only_with_a_reason() -> None:
    order, stripe_id = disputed()
    sync_dispute(stripe_id)

    with pytest.raises(NotAllowedInState, match="is on hold: its payment is disputed"):
        ship(order.pk)

    assert ship(order.pk, override_reason="the parcel is already with the carrier").status == "fulfilled"


def test_an_order_that_was_sent_is_not_put_on_hold() -> None:
    order, stripe_id = disputed()
    ship(order.pk)

    sync_dispute(stripe_id)

    assert (reread(order).status, order.held_at) == ("fulfilled", None)


@pytest.mark.parametrize("won", [None, False])
def test_an_open_or_lost_dispute_blocks_the_refund(won: bool | None, ops: User) -> None:
    order, stripe_id = disputed()
    if won is not None:
        control.close_dispute(stripe_id, won=won)
    sync_dispute(stripe_id)

    with pytest.raises(NotAllowedInState, match="disputed"):
        request_refund(
            order.pk, choice=RefundChoice(amount_minor=100, reason="kindness"), actor=ops, request_key="k" * 16
        )


@pytest.mark.parametrize("inquiry", [True, False])
def test_an_inquiry_and_a_dispute_that_was_won_leave_the_refund_free(inquiry: bool, ops: User) -> None:
    order, stripe_id = disputed(inquiry=inquiry)
    if not inquiry:
        control.close_dispute(stripe_id, won=True)
    sync_dispute(stripe_id)

    refund = request_refund(
        order.pk, choice=RefundChoice(amount_minor=100, reason="kindness"), actor=ops, request_key="k" * 16
    )

    assert refund.status != "failed"


def test_money_of_a_dispute_never_reaches_the_sales_ledger() -> None:
    order, stripe_id = disputed()
    before = list(SalesEntry.objects.values_list("kind", "gross_minor", "returns_minor"))

    for won in (False, True):
        control.close_dispute(stripe_id, won=won)
        sync_dispute(stripe_id)
        sync_payment(order.payments.get().pk)

    assert list(SalesEntry.objects.values_list("kind", "gross_minor", "returns_minor")) == before


def test_an_order_that_a_refund_holds_as_well_stays_on_hold_when_the_dispute_ends(ops: User) -> None:
    StoreSetting.objects.update_or_create(pk=1, defaults={"refund_limit_minor": 1})
    order, stripe_id = disputed(inquiry=True)
    sync_dispute(stripe_id)
    choice = RefundChoice(everything=True, reason="kindness")
    assert request_refund(order.pk, choice=choice, actor=ops, request_key="k" * 16).status == "requested"
    assert reread(order).hold_reason == "the bank asks about its payment"
    control.close_dispute(stripe_id, won=True)

    sync_dispute(stripe_id)

    assert reread(order).hold_reason == "a refund waits for approval"


def test_an_unpaid_order_with_disputed_money_is_not_canceled(ops: User) -> None:
    order, payment = make_started()
    Payment.objects.filter(pk=payment.pk).update(status="succeeded", disposition="surplus", captured_minor=100)
    make_dispute(payment=payment)

    with pytest.raises(NotAllowedInState, match="disputed"):
        cancel_order_unpaid(order.pk, reason="staff", by=By.STAFF, actor=ops)

    assert reread(order).status == "pending"
