"""The tables by example: what customers of a month are worth, who of them came back, and how long stock will last."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.figures.cohorts import CohortValue, cohort_retention, ltv_to_date
from analytics.figures.fulfilment import lead_times_of
from analytics.figures.stock_cover import stock_cover_days
from analytics.figures.windows import Window
from history.tests.factories import feed, order, product, refund, row, ship

pytestmark = pytest.mark.django_db

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
SPRING = Window(MARCH, date(2026, 5, 31))


def sale(ref: str, day: str, email: str, *rows: dict, **changes: object) -> dict:
    moment = f"{day}T12:00:00Z"
    return order(ref, *rows, email=f"{email}@example.com", placed_at=moment, paid_at=moment, **changes)


@pytest.fixture
def spring():
    """Ann comes in March and again in May, Bob in March, Cem in April; Bob is given something back in May."""
    with time_machine.travel(datetime(2026, 5, 20, 10, tzinfo=UTC), tick=False):
        lines = [
            product(),
            sale("O1", "2026-03-02", "ann"),
            sale("O2", "2026-03-31", "bob", row(quantity=2)),
            sale("O3", "2026-04-10", "cem", currency="EUR"),
            sale("O4", "2026-05-04", "ann", currency="EUR"),
            sale("O5", "2026-05-10", "ann"),
            refund(order="O2", goods=301, at="2026-05-11T10:00:00Z"),
        ]
        assert feed(*lines).bad == []
        call_command("build_snapshots")
        yield


def rates(window: Window, currency: str | None) -> dict[tuple[date, int], tuple[int, Decimal, bool]]:
    return {
        (one.cohort, one.age): (one.customers, one.rate, one.is_complete) for one in cohort_retention(window, currency)
    }


def test_whole_months_are_read_from_cells_and_a_month_that_lasts_is_marked(spring):
    with CaptureQueriesContext(connection) as queries:
        values, found = ltv_to_date(SPRING, "GBP"), rates(SPRING, "GBP")

    assert not any("customer_day" in query["sql"] for query in queries)
    assert values == [CohortValue(MARCH, 2, 3699, 1850)]
    assert found == {
        (MARCH, 0): (2, Decimal("100.00"), True),
        (MARCH, 1): (0, Decimal("0.00"), True),
        (MARCH, 2): (1, Decimal("50.00"), False),
    }


def test_a_window_that_cuts_months_holds_those_who_came_in_it_and_what_they_did_until_its_end(spring):
    window = Window(date(2026, 3, 3), date(2026, 5, 10))

    assert ltv_to_date(window, "GBP") == [CohortValue(MARCH, 1, 2000, 2000)]
    assert ltv_to_date(Window(MARCH, date(2026, 5, 9)), "GBP") == [CohortValue(MARCH, 2, 3000, 1500)]
    assert rates(window, "GBP")[MARCH, 2] == (0, Decimal("0.00"), False)


def test_over_all_currencies_the_first_sale_in_any_counts(spring):
    assert rates(SPRING, None) == {
        (MARCH, 0): (2, Decimal("100.00"), True),
        (MARCH, 1): (0, Decimal("0.00"), True),
        (MARCH, 2): (1, Decimal("50.00"), False),
        (APRIL, 0): (1, Decimal("100.00"), True),
        (APRIL, 1): (0, Decimal("0.00"), False),
    }
    assert set(rates(SPRING, "EUR")) == {(APRIL, 0), (APRIL, 1), (MAY, 0)}


def test_before_the_first_build_there_are_no_cohorts():
    assert ltv_to_date(Window(MARCH, date(2026, 5, 9)), "GBP") == []
    assert cohort_retention(SPRING, None) == []


def test_stock_lasts_as_long_as_the_pace_of_the_days_on_which_there_was_any():
    lines = [
        product(stock=0),
        product("P2", stock=5),
        product("P3"),
        product("P4", stock=2),
        sale("O0", "2026-09-01", "ann", row("P2")),
        {"type": "stock", "product": "P1", "at": "2026-10-20T08:00:00Z", "delta": 10, "reason": "Delivery"},
        sale("O1", "2026-10-21", "ann", row("P1", 3)),
        sale("O2", "2026-11-01", "bob", row("P1"), row("P3", 7)),
        sale("O3", "2026-11-01", "bob", row("P1", 2), test=True),
        sale("O4", "2026-10-25", "cem", row("P4", 2)),
    ]
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False):
        assert feed(*lines).bad == []
        found = [
            (one.sku, one.available, one.units_30d, one.days_in_stock, one.cover_days) for one in stock_cover_days()
        ]

    assert found == [
        ("P4", 0, 2, 21, Decimal("0.00")),
        ("P1", 6, 4, 15, Decimal("22.50")),
        ("P2", 4, 0, 30, None),
    ]


def test_percentiles_lie_between_orders_and_are_rounded_away_from_zero():
    """Leads of 1 h, 2 h and 2 h 0 min 18 s: the 90th percentile is 1.8 places up, at 2 h and 14.4 s."""
    sold = "2026-06-01T10:00:00Z"
    sent = {"O1": "11:00:00", "O2": "12:00:18", "O3": "12:00:00"}
    lines = [product(), *(order(ref, placed_at=sold, paid_at=sold) for ref in sent)]
    assert feed(*lines, *(ship(order=ref, at=f"2026-06-01T{at}Z") for ref, at in sent.items())).bad == []
    day = Window(date(2026, 6, 1), date(2026, 6, 1))

    assert lead_times_of([day, Window(date(2026, 6, 2), date(2026, 6, 2))], "GBP") == [
        {"lead_time_p50": 200, "lead_time_p90": 200},
        {},
    ]
    assert lead_times_of([day], "EUR") == [{}]


def test_half_a_hundredth_of_an_hour_is_rounded_up():
    sold, sent = "2026-06-01T10:00:00Z", "2026-06-01T12:00:18Z"
    assert feed(product(), order(placed_at=sold, paid_at=sold), ship(at=sent)).bad == []

    found = lead_times_of([Window(date(2026, 6, 1), date(2026, 6, 1))], None)

    assert found == [{"lead_time_p50": 201, "lead_time_p90": 201}]
