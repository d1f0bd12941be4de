"""A month is closed while refunds are booked: every entry is in what was kept, or is booked since, and none is both."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.db import transaction

from accounts.tests.factories import make_user
from analytics.models import MonthClose
from analytics.month_end.closing import close_month, entries_since, figures_of, sum_of
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale
from analytics.tests.test_closing import JUNE, NOW, give_back
from audit.models import AuditRecord
from core.tests.races import at_once
from orders.models import Order

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def tenth_of_july():
    with time_machine.travel(NOW, tick=False):
        yield


def test_everything_written_before_is_in_the_figures_and_everything_after_is_booked_since() -> None:
    actor = make_user("admin")
    orders = [make_sale(date(2026, 6, 1 + place)) for place in range(12)]
    build_snapshots(CHANGES)

    def book(order: Order) -> None:
        with transaction.atomic():
            give_back(order, date(2026, 7, 1))

    acts: list[Any] = [lambda order=order: book(order) for order in orders]
    outcomes = at_once([*acts[:6], lambda: close_month(JUNE, "GBP", actor=actor), *acts[6:]])

    assert outcomes == ["done"] * 13
    close = MonthClose.objects.get()
    assert close.figures == figures_of(JUNE, "GBP")
    assert not entries_since(close).exists()
    for order in orders:
        give_back(order, date(2026, 6, 20))
    assert sum_of(entries_since(close)) == figures_of(JUNE, "GBP")["total_sales"] - close.figures["total_sales"]


def test_two_people_close_a_month_once() -> None:
    actor = make_user("admin")
    make_sale(date(2026, 6, 1))
    build_snapshots(CHANGES)

    outcomes = at_once([lambda: close_month(JUNE, "GBP", actor=actor)] * 4)

    assert sorted(outcomes) == ["NotAllowedInState"] * 3 + ["done"]
    assert MonthClose.objects.count() == 1
    assert AuditRecord.objects.filter(action="month.close", outcome="done").count() == 1
