"""Every state a refund can be in: what the order, the books, the shopper and the timeline then say."""

import pytest

from accounts.models import User
from accounts.tests.factories import make_user
from mail.models import OutgoingMail
from orders.models import Order
from orders.tests.factories import line_of
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, request_refund
from payments.refunds import settle
from payments.sync import sync_payment
from payments.tests.factories import make_paid
from payments.tests.test_refunding import at_stripe, ledger
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops() -> User:
    return make_user("ops")


def make_sale() -> tuple[Order, Payment]:
    return make_paid(lines={make_variant(price_minor=1000): 3})


def give(order: Order, actor: User, **choice: object) -> Refund:
    choice = choice or {"units": {line_of(order).pk: 2}}
    return request_refund(order.pk, choice=RefundChoice(reason="Broken", **choice), actor=actor, request_key="key")


def kinds(order: Order) -> list[str]:
    return list(order.events.filter(kind__startswith="refund").values_list("kind", flat=True))


def mails() -> list[str]:
    return list(OutgoingMail.objects.filter(kind__contains="refund").order_by("pk").values_list("kind", flat=True))


def test_one_that_needs_the_shopper_counts_as_taken_and_is_told_when_it_is_done(ops: User) -> None:
    order, payment = make_sale()
    control.refund_next_as("requires_action")

    refund = give(order, ops)

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.status, order.refunded_minor, payment.refund_committed_minor) == (
        "requires_action",
        0,
        refund.amount_minor,
    )
    assert (line_of(order).quantity_refunded, mails(), kinds(order)) == (2, [], [])
    control.settle_refund(refund.stripe_refund_id or "")
    sync_payment(payment.pk)
    order.refresh_from_db()
    assert (order.refunded_minor, mails(), kinds(order)) == (refund.amount_minor, ["order_refunded"], ["refunded"])


def test_one_that_is_canceled_at_stripe_gives_everything_back(ops: User) -> None:
    order, payment = make_sale()
    control.refund_next_as("requires_action")
    refund = give(order, ops)
    row = Resource.objects.get(kind="refund")
    row.data = {**row.data, "status": "canceled"}
    row.save()

    for _ in range(2):
        sync_payment(payment.pk)

    refund.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.status, payment.refund_committed_minor, line_of(order).quantity_refunded) == ("canceled", 0, 0)
    assert (mails(), kinds(order), ledger(order)["returns"]) == ([], ["refund_canceled"], 0)


def test_one_that_fails_at_once_leaves_a_line_and_no_mail(ops: User) -> None:
    order, payment = make_sale()
    control.open_dispute(Resource.objects.get(kind="charge").stripe_id)

    refund = give(order, ops)

    payment.refresh_from_db()
    assert (refund.status, refund.failure_code, payment.refund_committed_minor) == ("failed", "charge_disputed", 0)
    assert (kinds(order), mails(), line_of(order).quantity_refunded, at_stripe()) == (["refund_failed"], [], 0, 0)


def test_one_that_fails_on_its_way_leaves_a_line_and_why(ops: User) -> None:
    order, payment = make_sale()
    control.refund_next_as("pending")
    refund = give(order, ops)
    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)

    for _ in range(2):
        sync_payment(payment.pk)

    refund.refresh_from_db()
    assert (refund.status, refund.failure_code) == ("failed", "expired_or_canceled_card")
    assert (kinds(order), mails()) == (["refund_failed"], [])


def test_one_that_fails_after_it_had_succeeded_is_told_of_again(ops: User) -> None:
    order, payment = make_sale()
    refund = give(order, ops)
    assert mails() == ["order_refunded"]
    control.settle_refund(refund.stripe_refund_id or "", succeeded=False)

    for _ in range(3):
        sync_payment(payment.pk)

    order.refresh_from_db()
    assert (order.refunded_minor, mails()) == (0, ["order_refunded", "refund_failed"])
    assert kinds(order) == ["refunded", "refund_reversed"]
    mail = OutgoingMail.objects.get(kind="refund_failed")
    assert order.number in mail.subject
    assert "came back to us" in mail.subject
    assert (mail.recipient, ledger(order)["returns"]) == (order.email, 0)


def test_nobody_is_written_to_whose_address_was_erased(ops: User) -> None:
    order, _ = make_sale()
    Order.objects.update(email="")

    assert give(order, ops).status == "succeeded"

    assert mails() == []


@pytest.mark.parametrize("status", ["failed", "canceled", "rejected"])
def test_what_came_to_nothing_never_comes_back_to_life(ops: User, status: str) -> None:
    order, payment = make_sale()
    control.refund_next_as("pending")
    refund = give(order, ops)
    settle(refund.pk, status=status)

    for later in ("succeeded", "pending", "failed"):
        settle(refund.pk, status=later)

    refund.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.status, payment.refund_committed_minor) == (status, 0)
    assert ledger(order)["returns"] == 0
