"""Payouts: their parts, what becomes of them, and answers that arrive in the wrong order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.tests.factories import make_user
from core.models import DirtyDay
from payments.balance import import_balance, keep_movements
from payments.balance_jobs import let_simulator_pay_out
from payments.errors import GatewayRefused, GatewayUnclear
from payments.inbox import drain
from payments.models import BalanceTransaction, Payout, PayoutItem
from payments.payouts import arrival_day, import_payouts, keep_parts, keep_payout, sync_payout
from payments.reconciling import payouts_apart, with_parts
from payments.refunding import RefundChoice, request_refund
from payments.tests.factories import make_movement, make_paid, make_state
from stripe_simulator import control, store
from stripe_simulator.models import Resource

pytestmark = pytest.mark.django_db


def paid_out() -> Payout:
    """Sell twice, refund a little, and pay it all out."""
    order, _ = make_paid()
    make_paid()
    choice = RefundChoice(amount_minor=500, reason="broken")
    request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key="one")
    payout_id = control.make_payout()
    assert payout_id
    return sync_payout(payout_id)


def test_a_payout_comes_in_with_its_parts_and_equals_their_sum() -> None:
    payout = paid_out()

    parts = BalanceTransaction.objects.filter(payout_item__payout=payout)
    assert sorted(parts.values_list("reporting_category", flat=True)) == ["charge", "charge", "refund"]
    assert (payout.status, payout.is_automatic, payout.items_complete) == ("paid", True, True)
    assert with_parts().get().parts_minor == payout.amount_minor == sum(part.net_minor for part in parts)
    assert not payouts_apart().exists()


def test_the_movement_of_the_payout_itself_is_kept_but_is_no_part() -> None:
    payout = paid_out()
    own = BalanceTransaction.objects.get(source_id=payout.stripe_id)
    assert (own.reporting_category, own.amount_minor) == ("payout", -payout.amount_minor)
    assert not PayoutItem.objects.filter(balance_transaction=own).exists()


def test_the_events_of_a_payout_bring_it_in() -> None:
    make_paid()
    payout_id = control.make_payout()
    control.deliver_all()
    drain()
    assert Payout.objects.get(stripe_id=payout_id).items_complete


def test_a_payout_whose_events_were_lost_is_brought_by_the_job() -> None:
    make_paid()
    control.drop_events(times=20)
    payout_id = control.make_payout()
    assert import_payouts() == 1
    assert Payout.objects.get(stripe_id=payout_id).items.count() == 1


def test_importing_again_changes_nothing() -> None:
    payout = paid_out()
    DirtyDay.objects.all().delete()
    assert import_payouts() == 1
    assert sync_payout(payout.stripe_id).pk == payout.pk
    assert (Payout.objects.count(), PayoutItem.objects.count(), DirtyDay.objects.count()) == (1, 3, 0)


def test_a_shop_that_took_no_money_has_no_payouts() -> None:
    assert import_payouts() == 0


def test_a_payout_that_says_paid_and_then_fails_is_followed_weeks_later() -> None:
    with time_machine.travel(timezone.now() - timedelta(days=20)):
        payout = paid_out()
    make_paid()
    control.make_payout()
    import_payouts()  # the newest is recent, and so the old one is no longer listed
    keep_payout(make_state(id=payout.stripe_id, amount_minor=payout.amount_minor), asked_at=timezone.now())
    with_resource = Resource.objects.get(stripe_id=payout.stripe_id)
    store.change(with_resource, status="failed", failure_code="account_closed")

    import_payouts()

    payout.refresh_from_db()
    assert (payout.status, payout.failure_code) == ("failed", "account_closed")


def test_an_older_answer_does_not_undo_a_newer_one() -> None:
    asked_at = timezone.now()
    keep_payout(make_state(id="po_1", status="paid"), asked_at=asked_at)
    kept = keep_payout(make_state(id="po_1", status="in_transit"), asked_at=asked_at - timedelta(seconds=1))
    assert (kept.status, Payout.objects.get().status) == ("paid", "paid")


def test_a_payout_marks_the_days_it_changes_and_no_day_to_come() -> None:
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC)):
        keep_payout(make_state(id="po_1", arrives_at=datetime(2026, 6, 3, tzinfo=UTC)), asked_at=timezone.now())
        assert set(DirtyDay.objects.values_list("source_type", "day")) == {("payout", date(2026, 6, 1))}
    with time_machine.travel(datetime(2026, 6, 3, 12, tzinfo=UTC)):
        DirtyDay.objects.all().delete()
        paid = make_state(
            id="po_1",
            status="paid",
            arrives_at=datetime(2026, 6, 3, tzinfo=UTC),
            created_at=datetime(2026, 6, 1, 12, tzinfo=UTC),
        )
        keep_payout(paid, asked_at=timezone.now())
        assert set(DirtyDay.objects.values_list("day", flat=True)) == {date(2026, 6, 1), date(2026, 6, 3)}


def test_the_day_of_arrival_is_read_in_utc_as_stripe_writes_it(settings: Any) -> None:
    assert arrival_day(datetime(2026, 6, 3, tzinfo=UTC)) == date(2026, 6, 3)


def test_a_manual_payout_has_no_parts_and_is_not_held_against_any() -> None:
    keep_payout(make_state(id="po_1", is_automatic=False, status="paid"), asked_at=timezone.now())
    assert not payouts_apart().exists()


def test_an_automatic_payout_whose_parts_never_come_stands_out() -> None:
    keep_payout(make_state(id="po_1", status="paid"), asked_at=timezone.now())
    assert not payouts_apart().exists()
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert payouts_apart().get().stripe_id == "po_1"


def test_a_payout_that_is_not_the_sum_of_its_parts_stands_out() -> None:
    payout = keep_payout(make_state(id="po_1", amount_minor=961), asked_at=timezone.now())
    keep_parts(payout.pk, [[make_movement()]])
    assert [(one.amount_minor, one.parts_minor) for one in payouts_apart()] == [(961, 960)]


def test_the_money_of_a_failed_payout_is_part_of_the_next() -> None:
    payout = keep_payout(make_state(id="po_1"), asked_at=timezone.now())
    back = make_movement(reporting_category="payout_reversal", type="payout_failure", fee_minor=0, amount_minor=960)
    keep_parts(payout.pk, [[back]])
    assert with_parts().get().parts_minor == 960


def test_a_movement_is_part_of_one_payout_only() -> None:
    movement = make_movement()
    keep_movements([movement])
    first = keep_payout(make_state(id="po_1"), asked_at=timezone.now())
    second = keep_payout(make_state(id="po_2"), asked_at=timezone.now())
    keep_parts(first.pk, [[movement]])
    keep_parts(second.pk, [[movement]])
    assert [one.stripe_id for one in payouts_apart()] == ["po_2"]


def test_parts_that_went_wrong_are_set_right_when_they_are_asked_for_once_more() -> None:
    payout = paid_out()
    PayoutItem.objects.filter(balance_transaction__reporting_category="refund").delete()
    (stray,) = keep_movements([make_movement()])
    PayoutItem.objects.create(payout=payout, balance_transaction=stray)
    assert payouts_apart().exists()
    sync_payout(payout.stripe_id)
    assert payouts_apart().exists()

    sync_payout(payout.stripe_id, with_parts=True)

    assert not payouts_apart().exists()
    assert PayoutItem.objects.count() == 3


def test_a_payout_that_stripe_does_not_know_is_refused() -> None:
    with pytest.raises(GatewayRefused):
        sync_payout("po_gone")


def test_a_call_that_fails_halfway_leaves_the_parts_for_the_next_one() -> None:
    make_paid()
    payout_id = control.make_payout() or ""
    control.fail_next("balance_transactions.list", "timeout")
    with pytest.raises(GatewayUnclear):
        sync_payout(payout_id)
    assert not Payout.objects.get().items_complete
    import_payouts()
    assert Payout.objects.get().items_complete


def test_the_simulator_pays_out_each_currency_of_the_balance() -> None:
    make_paid()
    let_simulator_pay_out()
    assert import_payouts() == 0 + Payout.objects.count() == 0  # nothing has been brought in, so it knows no currency
    import_balance()
    let_simulator_pay_out()
    assert import_payouts() == 1
