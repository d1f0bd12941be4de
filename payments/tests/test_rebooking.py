"""Asking Stripe again about what does not agree: whatever side it was missing on, both agree afterwards."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from core.days import business_day
from payments.balance import import_balance, keep_movements
from payments.errors import GatewayUnclear
from payments.matching import Problem, differing_pairs
from payments.models import BalanceTransaction, Dispute, Payment, Payout, Refund
from payments.rebooking import ask_again_about, ask_again_about_day
from payments.tests.factories import make_movement, make_paid, make_started, session_of
from stripe_simulator import control

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = date(2026, 6, 1)


@pytest.fixture(autouse=True)
def clock():
    """It is noon, until a test says otherwise."""
    with time_machine.travel(NOON) as traveller:
        yield traveller


def problems() -> list[tuple[str, Problem]]:
    return sorted((pair.category, pair.problem) for pair in differing_pairs())


def test_movements_that_were_not_imported_are_brought_in(clock: Any) -> None:
    make_paid()
    clock.shift(timedelta(days=2))
    assert problems() == [("charge", Problem.NOT_BOOKED)]
    assert ask_again_about_day(DAY, "charge", "GBP") == 0
    assert problems() == []


def test_a_payment_whose_success_was_never_heard_of_is_made_good(clock: Any) -> None:
    order, payment = make_started()
    control.pay(session_of(payment))
    import_balance()
    clock.shift(timedelta(hours=3))
    assert problems() == [("charge", Problem.NOT_HERE)]

    assert ask_again_about_day(DAY, "charge", "GBP") == 1

    order.refresh_from_db()
    assert (order.status, problems()) == ("paid", [])


def test_a_refund_made_in_the_dashboard_is_taken_in(clock: Any) -> None:
    _, payment = make_paid()
    control.refund_in_dashboard(payment.stripe_charge_id or "", 300)
    import_balance()
    clock.shift(timedelta(hours=3))
    assert problems() == [("refund", Problem.NOT_HERE)]

    ask_again_about_day(DAY, "refund", "GBP")

    assert (Refund.objects.get().amount_minor, problems()) == (300, [])


def test_a_dispute_that_was_never_heard_of_is_taken_in(clock: Any) -> None:
    _, payment = make_paid()
    control.open_dispute(payment.stripe_charge_id or "")
    import_balance()
    clock.shift(timedelta(hours=3))
    assert problems() == [("dispute", Problem.NOT_HERE)]

    ask_again_about_day(DAY, "dispute", "GBP")

    assert (Dispute.objects.get().payment, problems()) == (payment, [])


def test_a_payout_that_was_never_heard_of_is_taken_in_with_its_parts(clock: Any) -> None:
    make_paid()
    control.make_payout()
    import_balance()
    clock.shift(timedelta(hours=3))
    assert problems() == [("payout", Problem.NOT_HERE)]

    ask_again_about_day(DAY, "payout", "GBP")

    assert (Payout.objects.get().items.count(), problems()) == (1, [])


def test_an_amount_that_went_wrong_here_is_set_right() -> None:
    _, payment = make_paid()
    import_balance()
    Payment.objects.update(captured_minor=1)
    assert problems() == [("charge", Problem.AMOUNT)]

    ask_again_about_day(DAY, "charge", "GBP")

    payment.refresh_from_db()
    assert payment.captured_minor == BalanceTransaction.objects.get().amount_minor


def test_only_the_category_and_currency_of_the_day_are_asked_about(clock: Any) -> None:
    _, payment = make_paid()
    import_balance()
    Payment.objects.update(captured_minor=1)
    assert ask_again_about_day(DAY, "refund", "GBP") == 0
    assert ask_again_about_day(DAY, "charge", "EUR") == 0
    assert ask_again_about_day(DAY + timedelta(days=1), "charge", "GBP") == 0
    payment.refresh_from_db()
    assert payment.captured_minor == 1


@pytest.mark.parametrize("category", ["charge", "refund", "dispute", "payout"])
def test_what_neither_stripe_nor_this_shop_knows_stays_a_difference(clock: Any, category: str) -> None:
    keep_movements([make_movement(reporting_category=category, source_id="gone_1")])
    clock.shift(timedelta(hours=3))
    assert ask_again_about_day(DAY, category, "GBP") == 1
    assert problems() == [(category, Problem.NOT_HERE)]


def test_a_row_of_ours_that_never_reached_stripe_stays_a_difference(clock: Any) -> None:
    _, payment = make_paid()
    Payment.objects.filter(pk=payment.pk).update(stripe_charge_id=None, stripe_session_id=None)
    clock.shift(timedelta(hours=3))
    for pair in list(differing_pairs()):
        ask_again_about(pair)
    assert ("charge", Problem.NOT_BOOKED) in problems()


def test_no_answer_is_raised_and_nothing_is_lost(clock: Any) -> None:
    make_paid()
    clock.shift(timedelta(days=1))
    control.fail_next("balance_transactions.list", "timeout")
    with pytest.raises(GatewayUnclear):
        ask_again_about_day(business_day(timezone.now() - timedelta(days=1)), "charge", "GBP")
    assert problems() == [("charge", Problem.NOT_BOOKED)]
