"""Importing from several workers at once, on PostgreSQL: each movement, payout and part is stored once."""

import pytest

from core.tests.races import at_once
from payments.balance import import_balance
from payments.inbox import drain
from payments.models import BalanceTransaction, Payout, PayoutItem
from payments.payouts import import_payouts, sync_payout
from payments.tests.factories import make_paid
from stripe_simulator import control

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_imports_at_once_store_each_movement_once() -> None:
    for _ in range(5):
        make_paid()

    assert at_once([import_balance] * 8) == ["done"] * 8

    assert BalanceTransaction.objects.count() == 5


def test_a_payout_followed_by_events_and_jobs_at_once_has_its_parts_once() -> None:
    for _ in range(3):
        make_paid()
    payout_id = control.make_payout() or ""
    control.deliver_all()

    acts = [lambda: sync_payout(payout_id), import_payouts, drain, import_balance]
    assert at_once(acts * 3) == ["done"] * 12

    assert (Payout.objects.count(), PayoutItem.objects.count()) == (1, 3)
    assert Payout.objects.get().items_complete
    assert BalanceTransaction.objects.filter(reporting_category="payout").count() == 1
