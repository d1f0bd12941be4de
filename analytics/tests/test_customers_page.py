"""The customers page: new against existing, cohorts with what is not over, the way from bag and wish to sale."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from accounts.tests.factories import make_user
from analytics.dashboards.cohort_blocks import cohort_window, heat_of
from analytics.figures.windows import Window
from analytics.kpis import ALL, CUSTOMERS
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale, noon
from orders.models import Cart
from products.tests.factories import make_variant
from wishlist.tests.factories import make_wish_event

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 10, 10, tzinfo=UTC)
PAGE = "/console/analytics/customers/"
OF_THE_FRAME = ("django_session", "accounts_user", "auth_permission", "auth_group", "monitoring_issue")


@pytest.fixture(autouse=True)
def wednesday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def analyst(client):
    client.force_login(make_user("analyst"))
    return client


@pytest.fixture
def trade():
    """Alice buys in April, May and June, Bob in May; Bob wishes for what he buys; two old bags, one of them paid."""
    variant = make_variant(price_minor=1200)
    for day in (date(2026, 4, 20), date(2026, 5, 20), date(2026, 6, 5)):
        make_sale(day, variant=variant, email="alice@example.com")
    make_sale(date(2026, 5, 25), variant=variant, email="bob@example.com")
    bob = Customer.objects.get(email_canonical="bob@example.com")
    make_wish_event(bob, variant.product, noon(date(2026, 5, 24)))
    Cart.objects.update(created_at=noon(date(2026, 1, 1)))  # the bags that these orders came of
    Cart.objects.create(created_at=noon(date(2026, 6, 1)))
    Cart.objects.create(created_at=noon(date(2026, 6, 1)), checkout_at=noon(date(2026, 6, 1)) + timedelta(hours=1))
    build_snapshots(CHANGES)


def shown(response):
    return response.context["page"]


def values(block) -> list[list[object]]:
    return [[getattr(cell, "value", cell) for cell in row] for row in block.table.rows]


def test_the_page_shows_exactly_the_figures_that_name_it(analyst, trade):
    marks = re.findall(r'data-kpi="([a-z0-9_ ]+)"', analyst.get(PAGE).content.decode())

    assert {kpi for mark in marks for kpi in mark.split()} == {kpi.id for kpi in ALL if CUSTOMERS in kpi.pages}


def test_new_customers_stand_upon_existing_ones_day_by_day(analyst, trade):
    block = shown(analyst.get(PAGE, {"days": "30"})).block("new-and-existing")
    bought = [row for row in values(block) if row[1] or row[2]]

    assert bought == [
        [date(2026, 5, 20), 0, 1],
        [date(2026, 5, 25), 1, 0],
        [date(2026, 6, 5), 0, 1],
    ]
    assert len(block.drawings[0].rects) == 60
    assert [rect.title for rect in block.drawings[0].rects[-2:]] == [
        "10 Jun: 0 new, not over",
        "10 Jun: 0 existing, not over",
    ]


def test_a_long_window_is_shown_by_week_and_a_week_counts_its_customers_once(analyst, trade):
    block = shown(analyst.get(PAGE, {"days": "90"})).block("new-and-existing")

    assert block.title == "New and existing customers by week"
    assert [date(2026, 5, 18), date(2026, 5, 24), 0, 1] in values(block)
    assert [date(2026, 5, 25), date(2026, 5, 31), 1, 0] in values(block)


def test_cohorts_say_who_came_back_and_mark_the_month_that_is_not_over(analyst, trade):
    april, may = shown(analyst.get(PAGE)).block("cohorts").table.rows

    assert [cell.value for cell in april[:6]] == ["Apr 2026", 1, 3000, 100, 100, 100]
    assert [cell.note for cell in april[3:6]] == ["", "", "*"]
    assert [cell.value for cell in may[:6]] == ["May 2026", 1, 1000, 100, 0, ""]
    assert april[1].note == "few"
    assert (april[3].heat, may[4].heat, may[5].heat) == (5, 0, None)
    assert "cohort=2026-04&month=2026-05" in april[4].url


def test_the_cohorts_of_a_file_have_a_column_for_each_month(analyst, trade):
    rows = list(csv.DictReader(io.StringIO(analyst.get("/console/analytics/customers/cohorts.csv").content.decode())))

    assert (rows[0]["month_1_percent"], rows[0]["month_2_percent"], rows[0]["month_3_percent"]) == (
        "100.00",
        "100.00",
        "",
    )
    assert (rows[0]["ltv_minor"], rows[0]["currency"]) == ("3000", "GBP")


def test_twelve_months_of_cohorts_end_with_the_window():
    assert cohort_window(Window(date(2026, 6, 1), date(2026, 6, 10))) == Window(date(2025, 7, 1), date(2026, 6, 10))
    assert cohort_window(Window(date(2020, 1, 1), date(2026, 1, 31))) == Window(date(2025, 2, 1), date(2026, 1, 31))


@pytest.mark.parametrize(("rate", "heat"), [(0, 0), (1, 1), (4, 1), (5, 2), (19, 3), (20, 4), (35, 5), (100, 5)])
def test_a_cell_is_the_darker_the_more_came_back(rate, heat):
    assert heat_of(rate) == heat


def test_the_way_from_bag_to_sale_has_both_rates_and_says_that_bags_are_few(analyst, trade):
    block = shown(analyst.get(PAGE)).block("checkout-funnel")

    assert [[str(value) for value in row[1:]] for row in values(block)] == [
        ["2", "None", "100.00"],
        ["1", "50.00", "50.00"],
        ["0", "0.00", "0.00"],
        ["0", "None", "0.00"],
    ]
    assert block.badge == "few bags: 2"
    assert all(f"step={step}" in row[0].url for step, row in zip(("cart", "checkout"), block.table.rows, strict=False))


def test_the_way_from_wish_to_sale(analyst, trade):
    block = shown(analyst.get(PAGE)).block("wishes")

    assert [row[1] for row in values(block)] == [1, 1]
    assert block.figures[0].badge == "few customers who wish: 1 of 1"


def test_a_shop_without_customers_says_what_will_appear(analyst):
    page = analyst.get(PAGE).content.decode()

    for sentence in (
        "The first customer draws the first bar.",
        "The first one begins the first row.",
        "Each counts once its seven days are over.",
        "Hearts on products fill this block.",
    ):
        assert sentence in page


def test_the_page_costs_few_queries_however_long_the_window(analyst, trade):
    analyst.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        analyst.get(PAGE, {"days": 90})

    own = [query["sql"] for query in queries if not any(f'"{table}"' in query["sql"] for table in OF_THE_FRAME)]
    assert len(own) <= 18, "\n".join(own)
