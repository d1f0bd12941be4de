"""Disputes: whatever comes in whichever order and however often, the shop stands as Stripe says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_user
from core.errors import NotAllowedInState
from core.models import DirtyDay, StoreSetting
from mail.models import OutgoingMail
from orders.fulfilment import ship
from orders.holding import hold, release
from orders.models import Order, SalesEntry
from orders.transitions import By
from payments import dispute_client, disputes
from payments.closing import cancel_order_unpaid
from payments.dispute_jobs import poll_disputes, remind_of_deadlines
from payments.disputes import sync_dispute
from payments.errors import GatewayRefused, GatewayUnclear
from payments.inbox import drain
from payments.models import Dispute, Payment, WebhookEvent
from payments.refunding import RefundChoice, request_refund
from payments.sync import sync_payment
from payments.tests.factories import make_dispute, make_paid, make_started, session_of
from stripe_simulator import control
from stripe_simulator.disputes import escalate
from stripe_simulator.models import Resource
from stripe_simulator.tests.test_money import make_charge

pytestmark = pytest.mark.django_db
SUPPORT = "help@example.com"


@pytest.fixture
def ops() -> User:
    return make_user("ops")


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


def test_a_status_that_nobody_knows_is_kept_and_counts_as_open() -> None:
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


@pytest.fixture
def support() -> None:
    StoreSetting.objects.update_or_create(pk=1, defaults={"support_email": SUPPORT})


@pytest.mark.usefixtures("support")
def test_staff_are_written_to_once_when_a_dispute_opens() -> None:
    order, stripe_id = disputed()

    sync_dispute(stripe_id)
    sync_dispute(stripe_id)

    mail = OutgoingMail.objects.get(kind="dispute_opened")
    dispute = Dispute.objects.get()
    assert (mail.recipient, mail.subject) == (SUPPORT, f"A payment is disputed: order {order.number}")
    assert f"/console/disputes/{dispute.pk}/" in mail.text_body
    assert order.email not in mail.text_body + mail.html_body


@pytest.mark.usefixtures("support")
def test_staff_are_written_to_again_when_an_inquiry_becomes_a_dispute() -> None:
    _, stripe_id = disputed(inquiry=True)
    sync_dispute(stripe_id)
    escalate(stripe_id)

    sync_dispute(stripe_id)

    subjects = OutgoingMail.objects.filter(kind="dispute_opened").order_by("pk").values_list("subject", flat=True)
    assert [subject.split(":")[0] for subject in subjects] == ["A bank asks about a payment", "A payment is disputed"]


@pytest.mark.usefixtures("support")
def test_nobody_is_written_to_about_a_dispute_that_is_over() -> None:
    _, stripe_id = disputed()
    control.close_dispute(stripe_id, won=True)

    sync_dispute(stripe_id)

    assert not OutgoingMail.objects.filter(kind="dispute_opened").exists()


def test_without_a_support_address_nobody_is_written_to() -> None:
    _, stripe_id = disputed()

    sync_dispute(stripe_id)

    assert Dispute.objects.count() == 1
    assert not OutgoingMail.objects.filter(kind__startswith="dispute").exists()


@pytest.mark.usefixtures("support")
@pytest.mark.parametrize(
    ("hours", "fields", "is_reminded"),
    [
        (71, {}, True),
        (73, {}, False),
        (-1, {}, False),
        (71, {"submission_count": 1}, False),
        (71, {"closed_at": timezone.now(), "outcome": "lost", "status": "lost"}, False),
    ],
)
def test_staff_are_reminded_once_within_three_days_of_the_deadline(
    hours: int, fields: dict[str, Any], is_reminded: bool
) -> None:
    make_dispute(evidence_due_at=timezone.now() + timedelta(hours=hours), **fields)

    remind_of_deadlines()
    remind_of_deadlines()

    assert OutgoingMail.objects.filter(kind="dispute_due").count() == int(is_reminded)


@pytest.mark.usefixtures("support")
def test_a_new_deadline_is_called_out_anew() -> None:
    dispute = make_dispute(evidence_due_at=timezone.now() + timedelta(hours=1))
    remind_of_deadlines()
    Dispute.objects.filter(pk=dispute.pk).update(evidence_due_at=timezone.now() + timedelta(hours=20))

    remind_of_deadlines()

    assert OutgoingMail.objects.filter(kind="dispute_due").count() == 2


def test_the_poll_finds_a_dispute_whose_event_was_lost_and_follows_it() -> None:
    order, stripe_id = disputed()
    control.drop_events("charge.dispute.*")

    poll_disputes()
    assert Dispute.objects.get().stripe_dispute_id == stripe_id
    control.close_dispute(stripe_id, won=True)
    poll_disputes()

    assert Dispute.objects.get().outcome == "won"
    assert reread(order).held_at is None


def test_the_poll_goes_on_after_a_dispute_that_stripe_does_not_know() -> None:
    make_dispute(synced_at=None)
    _, stripe_id = disputed()
    sync_dispute(stripe_id)
    control.close_dispute(stripe_id, won=True)

    poll_disputes()

    assert Dispute.objects.get(stripe_dispute_id=stripe_id).outcome == "won"


def test_the_poll_stops_while_stripe_does_not_answer() -> None:
    _, stripe_id = disputed()
    control.fail_next("disputes.retrieve", "error")

    poll_disputes()
    assert not Dispute.objects.exists()
    poll_disputes()

    assert Dispute.objects.get().stripe_dispute_id == stripe_id


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
