"""Stripe's books against ours: silent where they agree, exact about what differs, on which day and why."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from accounts.tests.factories import make_user
from payments.balance import import_balance, keep_movements
from payments.matching import Days, Problem, differing_pairs, pairs_of
from payments.models import BalanceTransaction, Dispute, Payment, Refund
from payments.payouts import import_payouts
from payments.reconciling import Difference, differences
from payments.refunding import RefundChoice, request_refund
from payments.sync import sync_payment
from payments.tests.factories import make_movement, make_paid, make_refund
from stripe_simulator import control

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = date(2026, 6, 1)


@pytest.fixture(autouse=True)
def clock():
    """It is noon, until a test says otherwise."""
    with time_machine.travel(NOON) as traveller:
        yield traveller


@pytest.fixture
def later(clock: Any) -> Any:
    """Let so much time pass."""
    return lambda **spent: clock.shift(timedelta(**spent))


def refunded(payment: Payment, amount: int = 500) -> Refund:
    choice = RefundChoice(amount_minor=amount, reason="broken")
    key = f"key-{Refund.objects.count()}"
    return request_refund(payment.order_id, choice=choice, actor=make_user("ops"), request_key=key)


def found(**narrowed: Any) -> list[tuple[str, int, int, Problem]]:
    return [(pair.category, pair.ours_minor, pair.stripe_minor, pair.problem) for pair in differing_pairs(**narrowed)]


def test_a_whole_trade_agrees(later: Any) -> None:
    _, payment = make_paid()
    _, other = make_paid()
    refunded(payment)
    control.refund_next_as("pending")
    refunded(other)
    failing = refunded(other, 200)
    control.settle_refund(failing.stripe_refund_id or "", succeeded=False)
    sync_payment(other.pk)
    import_balance()
    control.make_payout()
    import_payouts()
    import_balance()
    later(days=1)

    assert list(differing_pairs()) == []
    assert {row.reporting_category for row in BalanceTransaction.objects.all()} == {
        "charge", "refund", "refund_failure", "payout",
    }  # fmt: skip


def test_what_is_not_booked_is_missed_after_two_hours(later: Any) -> None:
    _, payment = make_paid()
    later(minutes=119)
    assert found() == []
    later(minutes=2)
    assert found() == [("charge", payment.captured_minor, 0, Problem.NOT_BOOKED)]
    assert differences() == [Difference(DAY, "GBP", "charge", payment.captured_minor, 0, rows=1)]
    import_balance()
    assert found() == []


def test_what_stripe_booked_and_this_shop_does_not_know_is_missed_after_two_hours(later: Any) -> None:
    keep_movements([make_movement(), make_movement(reporting_category="refund", amount_minor=-300, fee_minor=0)])
    assert found() == []
    later(hours=3)
    assert sorted(found()) == [("charge", 0, 1000, Problem.NOT_HERE), ("refund", 0, -300, Problem.NOT_HERE)]


def test_what_has_no_side_of_ours_is_no_difference(later: Any) -> None:
    keep_movements([make_movement(reporting_category="fee", amount_minor=-80, fee_minor=0)])
    keep_movements([make_movement(reporting_category="other_adjustment", amount_minor=5, fee_minor=0)])
    later(days=1)
    assert found() == []


def test_another_amount_is_a_difference_at_once() -> None:
    _, payment = make_paid()
    import_balance()
    Payment.objects.update(captured_minor=F("captured_minor") - 1)
    assert found() == [("charge", payment.captured_minor - 1, payment.captured_minor, Problem.AMOUNT)]


def test_the_sums_of_both_sides_stand_with_a_difference() -> None:
    _, payment = make_paid()
    make_paid()
    import_balance()
    total = payment.captured_minor * 2
    Payment.objects.filter(pk=payment.pk).update(captured_minor=payment.captured_minor - 1)
    assert differences() == [Difference(DAY, "GBP", "charge", total - 1, total, rows=1)]
    assert differences()[0].difference_minor == 1


def test_two_errors_that_cancel_each_other_out_are_still_found() -> None:
    _, one = make_paid()
    _, other = make_paid()
    import_balance()
    Payment.objects.filter(pk=one.pk).update(captured_minor=one.captured_minor - 1)
    Payment.objects.filter(pk=other.pk).update(captured_minor=other.captured_minor + 1)
    (difference,) = differences()
    assert (difference.difference_minor, difference.rows) == (0, 2)


def test_a_row_counts_on_the_day_that_stripe_booked_it(later: Any, clock: Any) -> None:
    clock.move_to(datetime(2026, 6, 1, 22, 59, tzinfo=UTC))  # a minute before midnight in London
    control.delay_balance_transactions()
    _, payment = make_paid()
    later(minutes=10)
    control.release_balance_transactions()
    import_balance()
    later(days=1)

    assert found() == []
    (pair,) = pairs_of(date(2026, 6, 2), "charge", "GBP")
    assert (pair.pk, pair.day, pair.problem) == (payment.pk, date(2026, 6, 2), Problem.NONE)
    assert pairs_of(DAY, "charge", "GBP") == []


def test_only_the_days_and_the_currency_asked_for(later: Any) -> None:
    make_paid()
    later(days=1)
    assert len(found(days=Days(DAY, DAY))) == 1
    assert found(days=Days(DAY + timedelta(days=1), DAY + timedelta(days=9))) == []
    assert found(currency="EUR") == []


def test_imported_history_is_left_out(later: Any) -> None:
    make_refund()
    Payment.objects.update(tender=Payment.Tender.IMPORTED)
    movement = make_movement()
    BalanceTransaction.objects.create(
        stripe_id="history", type="charge", reporting_category="charge", amount_minor=10, net_minor=10, currency="GBP",
        at=movement.at, day=DAY, is_imported=True,
    )  # fmt: skip
    later(days=1)
    assert found() == []


def test_a_payment_of_the_other_mode_is_left_out(later: Any) -> None:
    make_paid()
    Payment.objects.update(livemode=True)
    later(days=1)
    assert found() == []


def test_a_refund_that_failed_before_it_was_booked_is_no_difference(later: Any) -> None:
    make_refund(status=Refund.Status.FAILED, stripe_refund_id="re_1", refunded_at=None, failed_at=timezone.now())
    Payment.objects.update(livemode=False, tender=Payment.Tender.STRIPE, status=Payment.Status.FAILED)
    later(days=1)
    assert found() == []


def test_a_failed_refund_whose_money_did_not_come_back_is_a_difference(later: Any) -> None:
    _, payment = make_paid()
    refund = refunded(payment)
    import_balance()
    Refund.objects.update(status=Refund.Status.FAILED, failed_at=timezone.now())
    later(hours=3)
    assert found() == [("refund_failure", refund.amount_minor, 0, Problem.NOT_BOOKED)]


def test_a_dispute_and_its_reversal_are_held_against_what_stripe_booked(later: Any) -> None:
    _, payment = make_paid()
    dispute_id = control.open_dispute(payment.stripe_charge_id or "")
    control.close_dispute(dispute_id, won=True)
    import_balance()
    later(hours=3)
    amount = payment.captured_minor
    assert sorted(found()) == [
        ("dispute", 0, -amount, Problem.NOT_HERE),
        ("dispute_reversal", 0, amount, Problem.NOT_HERE),
    ]

    dispute = Dispute.objects.create(
        payment=payment, stripe_dispute_id=dispute_id, amount_minor=amount, currency="GBP", status="won", outcome="won",
        opened_at=NOON, opened_day=DAY, closed_at=NOON,
    )  # fmt: skip
    assert found() == []
    Dispute.objects.update(amount_minor=amount - 1)
    assert [pair[3] for pair in found()] == [Problem.AMOUNT, Problem.AMOUNT]
    Dispute.objects.filter(pk=dispute.pk).update(is_inquiry=True)
    assert {pair[3] for pair in found()} == {Problem.NOT_HERE}


def test_a_charge_booked_a_second_time_is_a_difference() -> None:
    _, payment = make_paid()
    import_balance()
    amount = payment.captured_minor
    keep_movements([make_movement(source_id=payment.stripe_charge_id, amount_minor=amount)])
    assert found() == [("charge", 0, amount, Problem.TWICE)]


@pytest.mark.parametrize(
    ("ours", "ours_in", "settled", "rate", "differs"),
    [
        (1000, "EUR", 860, "0.86", False),
        (1000, "EUR", 861, "0.86", False),  # the rate is rounded
        (1000, "EUR", 900, "0.86", True),
        (1000, "EUR", 900, "", False),  # nothing can be said without a rate
        (5000, "JPY", 2565, "0.00513", False),  # the rate of whole amounts
        (5000, "JPY", 2565, "0.513", False),  # the rate of minor units
        (5000, "JPY", 9999, "0.00513", True),
    ],
)
def test_another_settlement_currency_is_compared_by_its_rate(
    ours: int, ours_in: str, settled: int, rate: str, differs: bool
) -> None:
    _, payment = make_paid()
    Payment.objects.update(captured_minor=ours, currency=ours_in)
    keep_movements(
        [make_movement(source_id=payment.stripe_charge_id, amount_minor=settled, fee_minor=0, exchange_rate=rate)]
    )
    assert bool(found()) == differs
    (pair,) = pairs_of(DAY, "charge", "GBP")
    assert (pair.ours_minor == settled) != differs


def test_all_rows_of_a_day_stand_side_by_side_with_the_differing_ones_first(later: Any) -> None:
    payments = [make_paid()[1] for _ in range(3)]
    import_balance()
    wrong = payments[1]
    Payment.objects.filter(pk=wrong.pk).update(captured_minor=1)
    pairs = pairs_of(DAY, "charge", "GBP")
    assert pairs[0].pk == wrong.pk
    assert sum(pair.stripe_minor for pair in pairs) == sum(payment.captured_minor for payment in payments)
    assert pairs_of(DAY, "nonsense", "GBP") == []


def test_the_question_costs_the_same_however_many_rows_there_are(django_assert_num_queries: Any, later: Any) -> None:
    for _ in range(4):
        make_paid()
    later(days=1)
    with django_assert_num_queries(3):
        assert len(found()) == 4
