"""Disputes: whatever comes in whichever order and however often, the shop stands as Stripe says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from core.models import DirtyDay
from orders.models import Order, SalesEntry
from payments import dispute_client, disputes
from payments.client import stripe_client
from payments.disputes import sync_dispute
from payments.errors import GatewayRefused, GatewayUnclear
from payments.inbox import drain
from payments.models import Dispute, Payment, WebhookEvent
from payments.tests.factories import make_dispute, make_paid, make_started, session_of
from stripe_simulator import control
from stripe_simulator.disputes import escalate
from stripe_simulator.models import Resource
from stripe_simulator.tests.test_money import make_charge

pytestmark = pytest.mark.django_db


def disputed(*, inquiry: bool = False, **changes: Any) -> tuple[Order, str]:
    """A paid order whose payment is disputed at Stripe, which nobody here has heard of."""
    order, payment = make_paid(**changes)
    return order, control.open_dispute(payment.stripe_charge_id, inquiry=inquiry)


def lines_of(order: Order) -> list[str]:
    """What was written of disputes and holds into the order's timeline, in the order of writing."""
    kinds = order.events.order_by("pk").values_list("kind", flat=True)
    return [kind for kind in kinds if kind not in ("placed", "paid")]


def reread(order: Order) -> Order:
    order.refresh_from_db()
    return order


def say(stripe_dispute_id: str, **values: Any) -> None:
    """Let Stripe say something else of a dispute."""
    found = Resource.objects.get(stripe_id=stripe_dispute_id)
    found.data = {**found.data, **values}
    found.save()


def test_an_open_dispute_is_stored_as_stripe_tells_it_and_holds_the_order() -> None:
    order, stripe_id = disputed()
    at_stripe = Resource.objects.get(stripe_id=stripe_id).data
    sold = SalesEntry.objects.count()

    dispute = sync_dispute(stripe_id)

    assert (dispute.payment.order, dispute.amount_minor, dispute.currency) == (order, order.total_minor, "GBP")
    assert (dispute.status, dispute.reason, dispute.is_inquiry, dispute.outcome) == (
        "needs_response", "fraudulent", False, ""
    )  # fmt: skip
    assert dispute.opened_at == datetime.fromtimestamp(at_stripe["created"], UTC)
    assert dispute.evidence_due_at == datetime.fromtimestamp(at_stripe["evidence_details"]["due_by"], UTC)
    assert (dispute.submission_count, dispute.has_evidence, dispute.closed_at) == (0, False, None)
    held = reread(order)
    assert (held.held_at is not None, held.hold_reason) == (True, "its payment is disputed")
    assert lines_of(order) == ["dispute_opened", "held"]
    assert SalesEntry.objects.count() == sold
    marked = DirtyDay.objects.filter(source_type="dispute").values_list("source_id", "day")
    assert list(marked) == [(dispute.pk, dispute.opened_day)]


def test_syncing_again_changes_nothing() -> None:
    order, stripe_id = disputed()

    for _ in range(5):
        sync_dispute(stripe_id)

    assert Dispute.objects.count() == 1
    assert lines_of(order) == ["dispute_opened", "held"]
    assert DirtyDay.objects.filter(source_type="dispute").count() == 1


@pytest.mark.parametrize(
    ("won", "outcome", "line", "held_by"),
    [(True, "won", "dispute_won", ""), (False, "lost", "dispute_lost", "a dispute of its payment was lost")],
)
def test_a_decided_dispute_frees_the_order_or_keeps_it(won: bool, outcome: str, line: str, held_by: str) -> None:
    order, stripe_id = disputed()
    sync_dispute(stripe_id)
    control.close_dispute(stripe_id, won=won)
    closed = Resource.objects.get(kind="event", label="charge.dispute.closed")

    dispute = sync_dispute(stripe_id)

    assert (dispute.outcome, dispute.status) == (outcome, outcome)
    assert dispute.closed_at == datetime.fromtimestamp(closed.created, UTC)
    order = reread(order)
    assert (order.held_at is not None, order.hold_reason) == (bool(held_by), held_by)
    assert lines_of(order).count(line) == 1
    assert order.refunded_minor == 0


def test_a_dispute_first_heard_of_when_it_is_over_tells_its_whole_story() -> None:
    order, stripe_id = disputed()
    control.close_dispute(stripe_id, won=True)

    dispute = sync_dispute(stripe_id)

    assert (dispute.outcome, reread(order).held_at) == ("won", None)
    assert sorted(lines_of(order)) == ["dispute_opened", "dispute_won"]


def test_events_in_the_opposite_order_and_twice_end_at_the_same() -> None:
    order, stripe_id = disputed()
    control.close_dispute(stripe_id, won=False)
    control.duplicate_events("charge.dispute.closed")
    control.reverse_pending()

    control.deliver_all()
    drain()

    dispute = Dispute.objects.get()
    assert (dispute.stripe_dispute_id, dispute.outcome) == (stripe_id, "lost")
    told = WebhookEvent.objects.filter(type__startswith="charge.dispute.")
    assert set(told.values_list("state", "last_error")) == {("processed", "")}
    assert sorted(lines_of(order)) == ["dispute_lost", "dispute_opened", "held"]


def test_an_inquiry_holds_the_order_but_neither_binds_nor_counts_until_it_becomes_a_dispute() -> None:
    order, stripe_id = disputed(inquiry=True)

    inquiry = sync_dispute(stripe_id)
    assert (inquiry.is_inquiry, reread(order).hold_reason) == (True, "the bank asks about its payment")
    escalate(stripe_id)
    dispute = sync_dispute(stripe_id)

    assert (dispute.is_inquiry, dispute.status) == (False, "needs_response")
    assert reread(order).hold_reason == "its payment is disputed"
    assert lines_of(order) == ["inquiry_opened", "held", "dispute_escalated"]
    assert DirtyDay.objects.filter(source_type="dispute").count() == 2


def test_an_inquiry_that_is_closed_frees_the_order() -> None:
    order, stripe_id = disputed(inquiry=True)
    sync_dispute(stripe_id)
    control.close_dispute(stripe_id, won=True)

    dispute = sync_dispute(stripe_id)

    assert (dispute.outcome, dispute.status, reread(order).held_at) == ("inquiry_closed", "warning_closed", None)
    assert lines_of(order) == ["inquiry_opened", "held", "inquiry_closed", "released"]


def test_a_prevented_dispute_binds_nobody() -> None:
    order, stripe_id = disputed()
    say(stripe_id, status="prevented")

    dispute = sync_dispute(stripe_id)

    assert (dispute.is_inquiry, dispute.outcome, reread(order).held_at) == (True, "inquiry_closed", None)
    assert not Dispute.objects.binding().exists()


def test_a_status_that_nobody_knows_is_kept_and_counts_as_open(settings: Any) -> None:
    settings.STRIPE_SIMULATOR = "stripe_simulator.api.handle"  # without the judge, for Stripe has no such state yet
    stripe_client.cache_clear()
    order, stripe_id = disputed()
    say(stripe_id, status="in_arbitration")

    dispute = sync_dispute(stripe_id)

    assert (dispute.status, dispute.outcome, dispute.closed_at) == ("in_arbitration", "", None)
    assert reread(order).hold_reason == "its payment is disputed"
    assert lines_of(order) == ["dispute_opened", "dispute_status_unknown", "held"]
    assert Dispute.objects.binding().get() == dispute


def test_a_decision_that_is_turned_round_is_followed() -> None:
    order, stripe_id = disputed()
    control.close_dispute(stripe_id, won=False)
    sync_dispute(stripe_id)
    say(stripe_id, status="needs_response")
    assert sync_dispute(stripe_id).closed_at is None
    say(stripe_id, status="won")

    dispute = sync_dispute(stripe_id)

    assert (dispute.outcome, reread(order).held_at) == ("won", None)
    assert lines_of(order).count("dispute_reopened") == 1


def test_a_dispute_that_takes_no_evidence_has_no_deadline() -> None:
    _, stripe_id = disputed()
    details = Resource.objects.get(stripe_id=stripe_id).data["evidence_details"]
    say(stripe_id, evidence_details={**details, "due_by": 0})

    assert sync_dispute(stripe_id).evidence_due_at is None


def test_a_dispute_of_a_charge_that_is_not_known_here_is_kept_without_a_payment() -> None:
    stripe_id = control.open_dispute(make_charge().id)

    control.deliver_all()
    drain()

    dispute = Dispute.objects.get()
    assert (dispute.stripe_dispute_id, dispute.payment, dispute.status) == (stripe_id, None, "needs_response")


def test_a_dispute_that_comes_before_its_payment_was_heard_of_brings_the_payment_with_it() -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    stripe_id = control.open_dispute(Resource.objects.get(kind="charge").stripe_id)

    dispute = sync_dispute(stripe_id)

    assert dispute.payment == payment
    order = reread(order)
    assert (order.status, order.hold_reason) == ("paid", "its payment is disputed")


def test_a_dispute_kept_without_a_payment_tells_the_order_once_the_payment_is_known() -> None:
    order, payment = make_paid()
    stripe_id = control.open_dispute(payment.stripe_charge_id)
    Payment.objects.update(stripe_charge_id=None, stripe_intent_id=None)
    intent = Resource.objects.get(kind="payment_intent")
    marks = intent.data["metadata"]
    intent.data = {**intent.data, "metadata": {}}
    intent.save()
    assert sync_dispute(stripe_id).payment is None
    intent.data = {**intent.data, "metadata": marks}
    intent.save()

    assert sync_dispute(stripe_id).payment == payment

    assert lines_of(order) == ["dispute_opened", "held"]


def test_an_imported_dispute_keeps_the_payment_it_was_imported_with() -> None:
    _, stripe_id = disputed()
    imported = make_dispute(stripe_dispute_id=stripe_id, status="under_review", evidence_due_at=None)

    assert sync_dispute(stripe_id).payment == imported.payment


def test_an_answer_older_than_what_is_stored_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody reads `needs_response`, is overtaken by somebody who reads and stores `lost`, and comes second."""
    order, stripe_id = disputed()
    sync_dispute(stripe_id)
    fetch, reads = dispute_client.fetch_dispute, []

    def overtaken(dispute_id: str) -> Any:
        state = fetch(dispute_id)
        reads.append(state.status)
        if len(reads) == 1:
            control.close_dispute(stripe_id, won=False)
            sync_dispute(stripe_id)
        return state

    monkeypatch.setattr(disputes.dispute_client, "fetch_dispute", overtaken)
    # The older reader writes something of its own, so that its answer differs from both.
    details = Resource.objects.get(stripe_id=stripe_id).data["evidence_details"]
    say(stripe_id, evidence_details={**details, "has_evidence": True})

    dispute = sync_dispute(stripe_id)

    assert reads == ["needs_response", "lost", "lost"]
    assert dispute.outcome == "lost"
    assert lines_of(order).count("dispute_lost") == 1
    assert "dispute_reopened" not in lines_of(order)


def test_a_dispute_that_changes_at_every_look_is_taken_up_later(monkeypatch: pytest.MonkeyPatch) -> None:
    _, stripe_id = disputed()
    sync_dispute(stripe_id)
    fetch = dispute_client.fetch_dispute

    def restless(dispute_id: str) -> Any:
        found = Resource.objects.get(stripe_id=dispute_id)
        say(dispute_id, amount=found.data["amount"] - 1)
        state = fetch(dispute_id)
        Dispute.objects.update(synced_at=timezone.now())
        return state

    monkeypatch.setattr(disputes.dispute_client, "fetch_dispute", restless)

    with pytest.raises(GatewayUnclear, match="changed each time"):
        sync_dispute(stripe_id)


def test_a_dispute_that_stripe_does_not_know_is_refused() -> None:
    with pytest.raises(GatewayRefused):
        sync_dispute("du_forged")
    assert not Dispute.objects.exists()


@pytest.mark.parametrize("fault", ["error", "timeout", "rate_limit"])
def test_nothing_changes_while_stripe_does_not_answer(fault: Any) -> None:
    order, stripe_id = disputed()
    control.fail_next("disputes.retrieve", fault)

    with pytest.raises(GatewayUnclear):
        sync_dispute(stripe_id)

    assert (Dispute.objects.count(), reread(order).held_at) == (0, None)
