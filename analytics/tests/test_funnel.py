"""How far bags come: the edges of each step, what is left out, and whose currency they count in."""

from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.tests.factories import make_user
from analytics.figures.funnel import OPEN_FOR, checkout_funnel
from analytics.figures.windows import Window
from orders.bag import merge_bags
from orders.jobs import KEEP, empty_old_bags
from orders.models import Cart, Order
from orders.tests.factories import make_cart, make_order, pay
from payments.models import Payment, PaymentAttempt

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)
BEGUN = datetime(2026, 6, 1, 10, tzinfo=UTC)
ON_TIME, TOO_LATE = BEGUN + OPEN_FOR, BEGUN + OPEN_FOR + timedelta(microseconds=1)


def bag(begun=BEGUN, *, paid_at=None, attempt_at=None, outcome="failed", checkout_at=None, **order):
    """A bag with the times of its steps; an attempt or a sale needs an order, which then comes of it."""
    if not (paid_at or attempt_at or order):
        return Cart.objects.create(created_at=begun, checkout_at=checkout_at)
    placed = make_order()
    currency = order.get("currency", "GBP")
    Cart.objects.filter(order=placed).update(created_at=begun, checkout_at=checkout_at, currency=currency)
    Order.objects.filter(pk=placed.pk).update(**order)
    if paid_at:
        pay(placed, at=paid_at, currency=currency)
    if attempt_at:
        payment = Payment.objects.create(order=placed, amount_minor=placed.total_minor, currency=placed.currency)
        PaymentAttempt.objects.create(
            payment=payment, stripe_intent_id=f"pi_{placed.pk}", at=attempt_at, outcome=outcome, currency="GBP"
        )
    return Cart.objects.get(order=placed)


def counts(currency="GBP", window=None):
    return [step.count for step in checkout_funnel(window or Window(DAY, DAY), currency)]


EDGES = {
    "left": ({}, 0),
    "to checkout at the last moment": ({"checkout_at": ON_TIME}, 1),
    "to checkout too late": ({"checkout_at": TOO_LATE}, 0),
    "tried at the last moment": ({"attempt_at": ON_TIME}, 2),
    "tried too late": ({"checkout_at": BEGUN, "attempt_at": TOO_LATE}, 1),
    "opened the payment and did nothing": ({"checkout_at": BEGUN, "attempt_at": BEGUN, "outcome": "unconfirmed"}, 1),
    "asked for more by the bank": ({"attempt_at": BEGUN, "outcome": "requires_action"}, 2),
    "paid at the last moment, nothing else known": ({"paid_at": ON_TIME}, 3),
    "paid too late, tried before": ({"paid_at": TOO_LATE, "attempt_at": ON_TIME}, 2),
    "a test order": ({"paid_at": BEGUN, "is_test": True}, None),
}


@pytest.mark.parametrize(("times", "reached"), EDGES.values(), ids=EDGES)
def test_a_bag_counts_up_to_the_last_step_it_came_to_in_time(times, reached):
    bag(**times)

    expected = [0] * 4 if reached is None else [int(step <= reached) for step in range(4)]
    assert counts() == counts(None) == expected


def test_the_rates_are_those_of_the_step_before_and_of_all_bags():
    for times in ({}, {}, {}, {"checkout_at": BEGUN}, {"attempt_at": BEGUN}, {"paid_at": BEGUN}):
        bag(**times)

    assert [astuple(step) for step in checkout_funnel(Window(DAY, DAY), "GBP")] == [
        ("cart", 6, None, Decimal("100.00")),
        ("checkout", 3, Decimal("50.00"), Decimal("50.00")),
        ("attempt", 2, Decimal("66.67"), Decimal("33.33")),
        ("paid", 1, Decimal("50.00"), Decimal("16.67")),
    ]
    none = checkout_funnel(Window(date(2026, 5, 1), date(2026, 5, 1)), "GBP")
    assert [(step.count, step.step_rate, step.overall_rate) for step in none] == [(0, None, None)] * 4


def test_a_bag_counts_on_the_day_it_was_begun_in_the_stores_time_zone():
    bag(datetime(2026, 5, 31, 23, tzinfo=UTC), paid_at=BEGUN)  # midnight in London
    bag(datetime(2026, 5, 31, 22, 59, 59, tzinfo=UTC), paid_at=BEGUN)
    bag(datetime(2026, 6, 1, 23, tzinfo=UTC), paid_at=BEGUN)

    assert counts() == [1, 1, 1, 1]
    assert counts(window=Window(date(2026, 5, 31), date(2026, 6, 2))) == [3, 3, 3, 3]


def test_a_bag_whose_seven_days_are_not_over_is_left_out():
    now = timezone.now()
    bag(now - OPEN_FOR + timedelta(minutes=1), paid_at=now)
    bag(now - OPEN_FOR - timedelta(minutes=1))

    assert counts(window=Window((now - timedelta(days=9)).date(), now.date())) == [1, 0, 0, 0]


def test_a_bag_counts_in_the_currency_of_its_order_or_in_the_stores_own():
    bag()
    bag(paid_at=BEGUN)
    bag(paid_at=BEGUN, currency="EUR")

    assert (counts("GBP"), counts("EUR"), counts("USD"), counts(None)) == (
        [2, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [3, 2, 2, 2],
    )  # fmt: skip


def test_a_guests_bag_that_was_poured_into_another_at_sign_in_counts_once():
    user = make_user()
    guest, own = make_cart(created_at=BEGUN), make_cart(user=user, created_at=BEGUN)

    merge_bags(guest.token, user)

    assert counts() == [1, 0, 0, 0]
    assert Cart.objects.open().get() == own


def test_emptying_old_bags_changes_no_figure():
    long_ago = timezone.now() - KEEP - timedelta(days=2)
    day = Window((long_ago - timedelta(days=1)).date(), (long_ago + timedelta(days=1)).date())
    bag(long_ago, paid_at=long_ago)
    make_cart(created_at=long_ago)
    Cart.objects.update(updated_at=long_ago)

    before = counts(window=day)
    empty_old_bags()

    assert counts(window=day) == before == [2, 1, 1, 1]
    assert Cart.objects.filter(emptied_at=None).count() == 0
