"""Disputes heard of from many sides at once, on PostgreSQL: one row, one line a change, never refunded as well."""

import pytest

from accounts.tests.factories import make_user
from core.errors import DomainError
from core.models import StoreSetting
from core.tests.races import at_once
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.models import Order
from payments.disputes import sync_dispute
from payments.evidence import submit_evidence
from payments.inbox import drain
from payments.models import Dispute, Refund
from payments.refunding import RefundChoice, request_refund
from payments.tests.test_disputes import disputed, lines_of
from stripe_simulator import control
from stripe_simulator.models import Resource

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_dispute_heard_of_twenty_times_at_once_is_one() -> None:
    StoreSetting.objects.update_or_create(pk=1, defaults={"support_email": "help@example.com"})
    order, stripe_id = disputed()

    assert at_once([lambda: sync_dispute(stripe_id)] * 20) == ["done"] * 20

    assert Dispute.objects.get().payment.order == order
    assert lines_of(order) == ["dispute_opened", "held"]
    assert OutgoingMail.objects.filter(kind="dispute_opened").count() == 1


def test_a_decision_heard_of_twenty_times_at_once_is_told_once() -> None:
    order, stripe_id = disputed()
    sync_dispute(stripe_id)
    control.close_dispute(stripe_id, won=True)

    assert at_once([lambda: sync_dispute(stripe_id)] * 20) == ["done"] * 20

    assert lines_of(order) == ["dispute_opened", "held", "dispute_won", "released"]
    order.refresh_from_db()
    assert order.held_at is None


@pytest.mark.parametrize("attempt", range(5))
def test_a_dispute_that_is_decided_while_it_is_read_ends_as_it_was_decided(attempt: int) -> None:
    order, stripe_id = disputed()

    def decide() -> None:
        control.close_dispute(stripe_id, won=False)
        sync_dispute(stripe_id)

    at_once([decide, *[lambda: sync_dispute(stripe_id)] * 7])

    assert Dispute.objects.get().outcome == "lost"
    lines = lines_of(order)
    assert (lines.count("dispute_opened"), lines.count("dispute_lost"), lines.count("held")) == (1, 1, 1)
    assert "dispute_reopened" not in lines


def test_four_workers_bring_the_same_from_a_heap_of_events() -> None:
    order, stripe_id = disputed()
    control.close_dispute(stripe_id, won=True)
    control.reverse_pending()
    control.deliver_all()

    at_once([drain] * 4)

    assert Dispute.objects.get().outcome == "won"
    order.refresh_from_db()
    assert order.held_at is None
    assert lines_of(order).count("dispute_won") == 1


@pytest.mark.parametrize("attempt", range(5))
def test_a_dispute_and_a_parcel_at_once_never_send_what_is_held(attempt: int) -> None:
    order, stripe_id = disputed()

    sent, _ = at_once([lambda: ship(order.pk), lambda: sync_dispute(stripe_id)])

    order.refresh_from_db()
    if sent == "done":
        assert (order.status, order.held_at) == (Order.Status.FULFILLED, None)
    else:
        assert (order.status, order.hold_reason) == (Order.Status.PAID, "its payment is disputed")


@pytest.mark.parametrize("attempt", range(5))
def test_a_dispute_and_a_refund_at_once_never_give_the_money_back_twice(attempt: int) -> None:
    order, stripe_id = disputed()
    choice = RefundChoice(everything=True, reason="broken")

    def refund() -> None:
        refused = request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="k" * 16)
        if refused.status == Refund.Status.FAILED:  # promised before the dispute was known, refused by Stripe
            raise DomainError

    at_once([refund, lambda: sync_dispute(stripe_id)])

    assert not Resource.objects.filter(kind="refund").exists()
    assert set(Refund.objects.values_list("status", flat=True)) <= {"failed"}
    assert order.payments.get().refund_committed_minor == 0


def test_evidence_sent_five_times_at_once_reaches_the_bank_once() -> None:
    _, stripe_id = disputed()
    dispute = sync_dispute(stripe_id)
    ops = make_user("ops")

    at_once([lambda: submit_evidence(dispute.pk, text="It arrived.", actor=ops)] * 5)

    assert Resource.objects.get(stripe_id=stripe_id).data["evidence_details"]["submission_count"] == 1
    dispute.refresh_from_db()
    assert (dispute.submission_count, dispute.status) == (1, "under_review")
    assert lines_of(dispute.payment.order).count("dispute_evidence_sent") == 1
