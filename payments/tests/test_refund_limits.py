"""Limits and the second person: what waits, what it keeps, who may decide, and what the decision does."""

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.errors import DomainError, NotAllowedInState
from core.models import StoreSetting
from core.tests.races import at_once
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.models import Order, SalesEntry
from orders.tests.factories import line_of, make_shipping_method
from payments.approval_holds import WAITING
from payments.approving import approve_refund, reject_refund
from payments.models import Payment, Refund
from payments.refunding import RefundChoice, refundable, request_refund
from payments.sync import sync_payment
from payments.tests.factories import make_paid
from payments.tests.test_refunding import at_stripe
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control

pytestmark = pytest.mark.django_db


def set_limits(limit: int = 20_000, second: int | None = None) -> None:
    StoreSetting.objects.update_or_create(
        pk=1, defaults={"refund_limit_minor": limit, "refund_second_person_minor": second}
    )


def make_sale(price_minor: int = 15_000, quantity: int = 2) -> Order:
    lines = {make_variant(price_minor=price_minor, stock=9): quantity}
    return make_paid(lines=lines, method=make_shipping_method(price_minor=0))[0]


def ask(order: Order, actor: User, key: str = "key", **choice: Any) -> Refund:
    return request_refund(order.pk, choice=RefundChoice(reason="Broken", **choice), actor=actor, request_key=key)


@pytest.fixture
def ops() -> User:
    return make_user("ops")


@pytest.fixture
def admin() -> User:
    return make_user("admin")


@pytest.mark.parametrize(("amount", "status"), [(20_000, "succeeded"), (20_001, "requested")])
def test_ops_give_back_up_to_their_limit(ops: User, amount: int, status: str) -> None:
    assert ask(make_sale(), ops, amount_minor=amount).status == status


def test_the_limit_cannot_be_passed_in_steps(ops: User) -> None:
    order = make_sale()

    assert ask(order, ops, "one", amount_minor=15_000).status == "succeeded"
    assert ask(order, ops, "two", amount_minor=5_001).status == "requested"
    assert ask(order, make_user("ops"), "three", amount_minor=5_000).status == "succeeded"


def test_an_administrator_has_no_limit_of_their_own(admin: User) -> None:
    assert ask(make_sale(), admin, amount_minor=25_000).status == "succeeded"


@pytest.mark.parametrize(("amount", "status"), [(9_999, "succeeded"), (10_000, "requested")])
def test_from_the_second_persons_sum_on_everybody_needs_one(admin: User, amount: int, status: str) -> None:
    set_limits(second=10_000)

    assert ask(make_sale(), admin, amount_minor=amount).status == status


def test_limits_are_in_the_stores_currency_only(admin: User) -> None:
    order = make_sale()
    Order.objects.filter(pk=order.pk).update(currency="EUR")
    Payment.objects.update(currency="EUR")

    assert ask(order, admin, amount_minor=1).status == "requested"


def test_what_waits_is_promised_and_nothing_else_happens(ops: User) -> None:
    order = make_sale()
    line = line_of(order)

    refund = ask(order, ops, units={line.pk: 2}, restock="returned")

    payment, line = Payment.objects.get(), line_of(order)
    assert (refund.status, payment.refund_committed_minor, at_stripe()) == ("requested", 30_000, 0)
    assert (line.quantity_refunded, line.quantity_restocked, StockItem.objects.get().on_hand) == (2, 0, 7)
    assert refundable(order).total == 0
    with pytest.raises(DomainError, match=r"At most £0\.00"):
        ask(order, ops, "again", amount_minor=1)
    assert not OutgoingMail.objects.filter(kind="order_refunded").exists()
    assert Order.objects.get().refunded_minor == 0


def test_approved_it_is_sent_booked_and_put_on_the_shelf(ops: User, admin: User) -> None:
    order = make_sale()
    ship(order.pk)
    refund = ask(order, ops, units={line_of(order).pk: 2}, restock="returned")

    refund = approve_refund(refund.pk, actor=admin)

    line, order = line_of(order), Order.objects.get()
    assert (refund.status, refund.approved_by_id, refund.decided_at is not None) == ("succeeded", admin.pk, True)
    assert (order.refunded_minor, at_stripe(), order.status) == (30_000, 30_000, "fulfilled")
    assert (line.quantity_restocked, StockItem.objects.get().on_hand) == (2, 9)
    assert OutgoingMail.objects.filter(kind="order_refunded").count() == 1
    assert AuditRecord.objects.get(action="refund.approved").actor_id == admin.pk
    assert list(order.events.filter(kind="refund_approved").values_list("actor_id", flat=True)) == [admin.pk]


def test_rejected_it_gives_back_what_it_kept(ops: User, admin: User) -> None:
    order = make_sale()
    refund = ask(order, ops, units={line_of(order).pk: 2}, restock="returned")

    refund = reject_refund(refund.pk, actor=admin, reason="It was worn.")

    line, payment = line_of(order), Payment.objects.get()
    assert (refund.status, refund.settled_note, refund.settled_by_id) == ("rejected", "It was worn.", admin.pk)
    assert (payment.refund_committed_minor, line.quantity_refunded, line.quantity_restocked) == (0, 0, 0)
    assert (StockItem.objects.get().on_hand, at_stripe()) == (7, 0)
    assert not refund.is_paid_elsewhere
    assert refundable(order).total == 30_000
    assert not SalesEntry.objects.filter(kind="refund").exists()
    assert order.events.filter(kind="refund_rejected").count() == 1


def test_a_cancellation_waits_on_hold_and_comes_with_the_approval(ops: User, admin: User) -> None:
    order = make_sale()

    refund = ask(order, ops, everything=True, restock="canceled")
    order.refresh_from_db()
    assert (refund.cancels_order, order.status, order.hold_reason) == (True, "paid", WAITING)
    with pytest.raises(NotAllowedInState, match="on hold"):
        ship(order.pk)

    approve_refund(refund.pk, actor=admin)

    order.refresh_from_db()
    line = line_of(order)
    assert (order.status, order.held_at, order.refunded_minor) == ("canceled", None, 30_000)
    assert (line.quantity_canceled, line.quantity_restocked, StockItem.objects.get().on_hand) == (2, 2, 9)


def test_a_cancellation_that_is_rejected_lets_the_order_go_on(ops: User, admin: User) -> None:
    order = make_sale()
    refund = ask(order, ops, everything=True, restock="canceled")

    reject_refund(refund.pk, actor=admin, reason="The customer still wants it.")

    order.refresh_from_db()
    assert (order.status, order.held_at, line_of(order).quantity_to_ship) == ("paid", None, 2)
    assert ship(order.pk).status == "fulfilled"


def test_a_hold_of_somebody_elses_outlives_the_rejection(ops: User, admin: User) -> None:
    order = make_sale()
    Order.objects.update(held_at=order.paid_at, hold_reason="Address unclear")
    refund = ask(order, ops, everything=True)

    reject_refund(refund.pk, actor=admin, reason="No.")

    assert Order.objects.get().hold_reason == "Address unclear"


def test_what_was_sent_meanwhile_cannot_be_canceled_by_an_approval(ops: User, admin: User) -> None:
    order = make_sale()
    refund = ask(order, ops, everything=True, restock="canceled")
    ship(order.pk, lines={line_of(order).pk: 1}, override_reason="It was packed already.")

    with pytest.raises(NotAllowedInState, match="shipped since"):
        approve_refund(refund.pk, actor=admin)

    assert (Refund.objects.get().status, at_stripe()) == ("requested", 0)


def test_units_that_were_sent_meanwhile_cannot_be_kept_back_by_an_approval(ops: User, admin: User) -> None:
    order = make_sale(quantity=3)
    refund = ask(order, ops, units={line_of(order).pk: 2}, restock="canceled")
    ship(order.pk, lines={line_of(order).pk: 2}, override_reason="It was packed already.")

    with pytest.raises(DomainError, match="1 are not sent yet, not 2"):
        approve_refund(refund.pk, actor=admin)


def test_nobody_approves_their_own_refund(admin: User) -> None:
    set_limits(second=1)
    refund = ask(make_sale(), admin, amount_minor=100)

    with pytest.raises(NotAllowedInState, match="somebody else"):
        approve_refund(refund.pk, actor=admin)

    assert (Refund.objects.get().status, at_stripe()) == ("requested", 0)
    assert AuditRecord.objects.filter(action="refund.approved", outcome="refused").count() == 1
    assert approve_refund(refund.pk, actor=make_user("admin")).status == "succeeded"


def test_a_role_below_approves_nothing_and_may_only_take_back_its_own(ops: User) -> None:
    refund = ask(make_sale(), ops, amount_minor=25_000)

    for act in (approve_refund, lambda pk, actor: reject_refund(pk, actor=actor, reason="No.")):
        with pytest.raises(DomainError, match="Your role may not"):
            act(refund.pk, actor=make_user("ops"))
    assert reject_refund(refund.pk, actor=ops, reason="Typed wrongly.").status == "rejected"


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_rejection_says_why(ops: User, admin: User, reason: str) -> None:
    refund = ask(make_sale(), ops, amount_minor=25_000)

    with pytest.raises(DomainError, match="Say why"):
        reject_refund(refund.pk, actor=admin, reason=reason)


def test_what_is_decided_stays_decided(ops: User, admin: User) -> None:
    order = make_sale()
    refund = ask(order, ops, amount_minor=25_000)
    approve_refund(refund.pk, actor=admin)

    assert approve_refund(refund.pk, actor=admin).status == "succeeded"
    with pytest.raises(NotAllowedInState, match="decided on already"):
        reject_refund(refund.pk, actor=admin, reason="Late.")
    assert (at_stripe(), AuditRecord.objects.filter(action="refund.approved", outcome="done").count()) == (25_000, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_approved_and_rejected_at_once_one_of_them_holds(attempt: int) -> None:
    order = make_sale()
    refund = ask(order, make_user("ops"), everything=True, restock="canceled")
    people = [make_user("admin") for _ in range(4)]

    outcomes = at_once([
        *(lambda p=p: approve_refund(refund.pk, actor=p) for p in people[:2]),
        *(lambda p=p: reject_refund(refund.pk, actor=p, reason="No.") for p in people[2:]),
    ])  # fmt: skip

    refund.refresh_from_db()
    order.refresh_from_db()
    payment = Payment.objects.get()
    assert outcomes.count("done") == 1
    if refund.status == "rejected":
        assert (order.status, payment.refund_committed_minor, at_stripe()) == ("paid", 0, 0)
    else:
        assert (refund.status, order.status, at_stripe()) == ("succeeded", "canceled", 30_000)
    assert order.held_at is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_while_one_waits_nobody_else_gives_the_same_money_back(attempt: int) -> None:
    order = make_sale()
    people = [make_user("ops") for _ in range(3)]

    at_once([lambda n=n, p=p: ask(order, p, str(n), amount_minor=25_000) for n, p in enumerate(people)])

    assert Refund.objects.get().status == "requested"
    assert Payment.objects.get().refund_committed_minor == 25_000


def test_the_rest_cancels_nothing_while_another_refund_may_be_rejected(ops: User, admin: User) -> None:
    order = make_sale(price_minor=30_000)
    first = ask(order, ops, key="first", amount_minor=25_000)
    rest = ask(order, ops, key="rest", everything=True)

    approve_refund(rest.pk, actor=admin)
    reject_refund(first.pk, actor=admin, reason="No fault was found.")

    order.refresh_from_db()
    assert (order.status, order.paid_minor - order.refunded_minor) == ("paid", 25_000)


def test_an_order_that_would_keep_money_after_all_is_not_canceled(ops: User, admin: User) -> None:
    order = make_sale()
    early = ask(order, admin, key="early", amount_minor=5_000)
    rest = ask(order, ops, key="rest", everything=True)
    control.settle_refund(early.stripe_refund_id or "", succeeded=False)
    sync_payment(rest.payment_id)

    with pytest.raises(NotAllowedInState, match="would keep money"):
        approve_refund(rest.pk, actor=admin)
    order.refresh_from_db()
    assert (order.status, Refund.objects.get(pk=rest.pk).status) == ("paid", "requested")
