"""Ages of the backlog, lead times by week and reasons for declines: sums, edges, and what is left out."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from analytics.figures.ages import ages_of
from analytics.figures.declines import declines_of
from analytics.figures.fulfilment import backlog_of
from analytics.figures.lead_weeks import LeadTimes, lead_times_by_run
from analytics.figures.spans import weeks
from analytics.figures.windows import Window, compared
from analytics.tests.factories import make_sale
from core.dirty import mark
from core.models import StoreSetting
from orders.fulfilment import ship
from orders.models import Order
from payments.models import Payment, PaymentAttempt

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 10, 10, tzinfo=UTC)
TODAY = NOW.date()
WEEK = compared(Window(date(2026, 6, 4), TODAY), TODAY)


@pytest.fixture(autouse=True)
def wednesday():
    with time_machine.travel(NOW, tick=False):
        yield


def paid(hours_ago: float, **changes) -> Order:
    return make_sale(NOW - timedelta(hours=hours_ago), **changes)


def make_attempt(at: datetime, *, code: str = "card_declined", outcome: str = "failed", **fields) -> PaymentAttempt:
    values = {"stripe_intent_id": "pi_1", "currency": "GBP", "amount_minor": 100} | fields
    return PaymentAttempt.objects.create(at=at, code=code, outcome=outcome, **values)


def test_the_backlog_is_parted_at_fractions_of_the_promise_and_adds_up():
    for hours in (1, 24, 47.9, 48, 48.1, 100, 200):
        paid(hours)
    ship(paid(60).pk)
    paid(2, is_test=True)

    ages = ages_of("GBP")

    assert [(age.label, age.orders, age.is_late) for age in ages] == [
        ("Under 24 hours", 2, False),
        ("24 to 48 hours", 2, False),
        ("48 hours to 4 days", 1, True),
        ("4 to 8 days", 1, True),
        ("8 days and more", 1, True),
    ]
    assert backlog_of("GBP") == {
        "backlog": sum(age.orders for age in ages),
        "sla_breach": sum(age.orders for age in ages if age.is_late),
    }
    assert sum(age.orders for age in ages_of("EUR")) == 0


def test_another_promise_parts_the_backlog_elsewhere():
    StoreSetting.objects.create(ship_sla_hours=1)
    paid(0.5)
    paid(1.5)

    assert [(age.label, age.orders) for age in ages_of(None)] == [
        ("Under 1 hour", 1), ("1 to 2 hours", 1), ("2 to 4 hours", 0), ("4 hours and more", 0)
    ]  # fmt: skip


def test_lead_times_of_a_week_lie_between_the_orders_around_them():
    """Of 10, 20, 40 and 80 hours the median is 30, and nine in ten were sent within 68 hours."""
    for hours in (10, 20, 40, 80):
        sent_at = datetime(2026, 6, 8, 12, tzinfo=UTC)
        ship(make_sale(sent_at - timedelta(hours=hours)).pk, at=sent_at)
    ship(make_sale(datetime(2026, 6, 5, 12, tzinfo=UTC)).pk, at=datetime(2026, 6, 5, 15, tzinfo=UTC))
    runs = weeks(Window(date(2026, 5, 25), TODAY), most=26)

    assert lead_times_by_run(runs, "GBP") == [LeadTimes(), LeadTimes(1, 300, 300), LeadTimes(4, 3000, 6800)]
    assert lead_times_by_run(runs, "EUR") == [LeadTimes()] * 3


def test_an_order_counts_in_the_week_of_its_last_parcel():
    order = make_sale(date(2026, 6, 5), quantity=2)
    line = order.lines.get()
    ship(order.pk, lines={line.pk: 1}, at=datetime(2026, 6, 5, 18, tzinfo=UTC))
    runs = weeks(Window(date(2026, 6, 1), TODAY), most=26)
    waiting = lead_times_by_run(runs, "GBP")
    ship(order.pk, at=datetime(2026, 6, 8, 12, tzinfo=UTC))

    assert [week.orders for week in waiting] == [0, 0]
    assert [week.orders for week in lead_times_by_run(runs, "GBP")] == [0, 1]


def test_reasons_are_counted_by_code_and_compared():
    for day in (5, 6, 10):
        make_attempt(datetime(2026, 6, day, 12, tzinfo=UTC))
    make_attempt(datetime(2026, 6, 3, 12, tzinfo=UTC))
    make_attempt(datetime(2026, 6, 5, 12, tzinfo=UTC), code="")
    make_attempt(datetime(2026, 6, 5, 12, tzinfo=UTC), code="do_not_honor")
    make_attempt(datetime(2026, 6, 5, 12, tzinfo=UTC), outcome="succeeded", code="")
    make_attempt(datetime(2026, 6, 5, 12, tzinfo=UTC), currency="EUR")
    test_order = make_sale(date(2026, 6, 5), is_test=True)
    payment = Payment.objects.create(order=test_order, amount_minor=100, currency="GBP")
    make_attempt(datetime(2026, 6, 5, 12, tzinfo=UTC), payment=payment)
    other_mode = Payment.objects.create(
        order=make_sale(date(2026, 6, 5)), amount_minor=100, currency="GBP", livemode=True
    )
    make_attempt(datetime(2026, 6, 5, 12, tzinfo=UTC), payment=other_mode)
    mark("payment_attempt", [(make_attempt(datetime(2026, 6, 5, 12, tzinfo=UTC)).pk, date(2026, 6, 5))])

    assert [(one.code, one.label, one.count, one.complete, one.before) for one in declines_of(WEEK, "GBP")] == [
        ("card_declined", "Declined by the bank", 3, 2, 1),
        ("", "No reason given", 1, 1, 0),
        ("do_not_honor", "Do not honor", 1, 1, 0),
    ]


def test_the_rarest_reasons_are_taken_together():
    for place in range(10):
        for _ in range(10 - place):
            make_attempt(datetime(2026, 6, 5, 12, tzinfo=UTC), code=f"code_{place}")

    found = declines_of(WEEK, "GBP")

    assert [(one.code, one.count) for one in found[-2:]] == [("code_6", 4), (None, 6)]
    assert found[-1].label == "3 rarer reasons"
    assert sum(one.count for one in found) == 55


def test_the_day_of_a_decline_is_that_of_the_shop():
    """Half past eleven in the evening of 3 June UTC is 4 June in London."""
    make_attempt(datetime(2026, 6, 3, 23, 30, tzinfo=UTC))

    assert [(one.count, one.before) for one in declines_of(WEEK, "GBP")] == [(1, 0)]
