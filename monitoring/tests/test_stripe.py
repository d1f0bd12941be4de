"""Stripe's books as checks see them: what was imported is left in peace, and repairs say when they cannot be done."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.tests.factories import make_user
from core.errors import DomainError, NotAllowedInState
from monitoring.links import links_of
from monitoring.models import Issue
from monitoring.repairs import repair
from monitoring.tests.factories import make_issue, run
from payments.models import BalanceTransaction, Payment, Payout, PayoutItem
from payments.tests.factories import make_paid, make_payout, make_refund
from stripe_simulator import control

pytestmark = pytest.mark.django_db
CHECKS = ("stripe.missing_txn", "stripe.day_drift", "stripe.payout_mismatch")


def days_later(days: int = 1):
    return time_machine.travel(timezone.now() + timedelta(days=days))


def test_imported_payments_have_no_movements_and_are_not_missed():
    make_refund()
    Payment.objects.update(tender=Payment.Tender.IMPORTED)
    with days_later():
        assert run(*CHECKS).open == 0


def test_imported_movements_and_payouts_are_held_against_themselves_alone():
    movement = {"currency": "GBP", "at": timezone.now(), "day": timezone.now().date(), "is_imported": True}
    charge = BalanceTransaction.objects.create(
        stripe_id="a", type="charge", reporting_category="charge", amount_minor=10, net_minor=10, **movement
    )
    payout = Payout.objects.create(
        stripe_id="b", amount_minor=10, currency="GBP", status="paid", arrives_on=movement["day"],
        created_at=timezone.now(), is_imported=True,
    )  # fmt: skip
    with days_later(9):
        assert run(*CHECKS).open == 0

    PayoutItem.objects.create(payout=payout, balance_transaction=charge)
    Payout.objects.update(items_complete=True)
    assert run(*CHECKS).open == 0
    Payout.objects.update(amount_minor=11)
    assert run(*CHECKS).open == 1
    with pytest.raises(NotAllowedInState, match="imported history"):
        repair(Issue.objects.get().pk)


def test_a_repair_that_stripe_does_not_answer_says_so():
    make_paid()
    with days_later():
        run(*CHECKS)
        assert Issue.objects.count() == 2
        for issue in Issue.objects.all():
            control.fail_next("*", "timeout")
            with pytest.raises(DomainError, match="Stripe does not answer just now"):
                repair(issue.pk)
        assert {repair(issue.pk) for issue in Issue.objects.all()} != set()
        assert run(*CHECKS).open == 0


def test_an_issue_leads_to_its_payout_and_to_both_sides_of_its_day():
    analyst = make_user("analyst")
    payout = make_issue(entity_type="payout", entity_pk=str(make_payout().pk))
    day = make_issue(entity_type="stripe_day", entity_pk="2026-06-01/GBP/refund_failure")
    urls = [link["url"] for issue in (payout, day) for link in links_of(issue, analyst)]
    assert urls == [
        f"/console/finance/payouts/{payout.entity_pk}/",
        "/console/finance/days/2026-06-01/?currency=GBP&category=refund_failure",
    ]
