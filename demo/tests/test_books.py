"""What Stripe would have booked for the demo: every amount is that of its payment, and every payout its parts."""

from datetime import timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from accounts.tests.factories import make_user
from core.days import business_day
from demo.books import book_lines
from demo.seeding import seed_demo
from monitoring.registry import CHECKS
from monitoring.tests.factories import run
from payments.models import BalanceTransaction, Dispute, Payment, Payout, Refund
from payments.reconciling import payouts_apart

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeded():
    return seed_demo(orders=300, seed=3)


def total(category: str) -> int:
    rows = BalanceTransaction.objects.filter(reporting_category=category)
    return rows.aggregate(total=Sum("amount_minor", default=0))["total"]


def test_the_books_are_those_of_the_trade(seeded):
    taken = Payment.objects.aggregate(total=Sum("captured_minor"))["total"]
    given = Refund.objects.exclude(status="failed").aggregate(total=Sum("amount_minor"))["total"]
    assert total("charge") == taken
    assert total("refund") + total("refund_failure") == -given
    disputed = Dispute.objects.filter(is_inquiry=False).aggregate(total=Sum("amount_minor", default=0))["total"]
    assert total("dispute") == -disputed
    assert not BalanceTransaction.objects.filter(is_imported=False).exists()


def test_a_payout_each_monday_is_the_sum_of_its_parts(seeded):
    payouts = Payout.objects.order_by("arrives_on")
    assert payouts.count() > 70
    assert {payout.arrives_on.weekday() for payout in payouts} == {2}
    assert not payouts_apart().exists()
    assert not payouts.filter(items_complete=False).exists()
    assert -total("payout") == payouts.aggregate(total=Sum("amount_minor"))["total"]
    waiting = BalanceTransaction.objects.filter(payout_item=None).exclude(reporting_category="payout")
    assert all(row.day >= business_day(timezone.now()) - timedelta(days=7) for row in waiting)


def test_the_same_trade_gives_the_same_books(seeded):
    lines = list(book_lines(currency="GBP", now=seeded.plan.now))
    assert lines == list(book_lines(currency="GBP", now=seeded.plan.now))
    refs = [line["ref"] for line in lines]
    assert len(refs) == len(set(refs)) == BalanceTransaction.objects.count() + Payout.objects.count()


def test_nothing_is_booked_after_now(seeded):
    early = seeded.plan.now - timedelta(days=100)
    assert all(line["at"] <= early.isoformat() for line in book_lines(currency="GBP", now=early) if "at" in line)


def test_a_shop_without_trade_has_no_books():
    assert list(book_lines(currency="GBP", now=timezone.now())) == []


def test_no_check_finds_fault_with_the_books_and_the_page_shows_them(seeded, client):
    assert run(*(name for name in CHECKS if name.startswith("stripe."))).open == 0
    client.force_login(make_user("analyst"))
    page = client.get("/console/finance/").content.decode()
    assert "came with imported history" in page
    assert "Nothing has moved yet" not in page
