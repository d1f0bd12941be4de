"""The dashboard: every figure with its mark, bad input, comparison, freshness, and how much it asks of the database."""

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import make_user
from analytics.kpis import ALL, DASHBOARD
from analytics.models import DayState
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 10, 10, tzinfo=UTC)
PAGE = "/console/analytics/"
OF_THE_FRAME = ("django_session", "accounts_user", "auth_permission", "auth_group", "monitoring_issue")


@pytest.fixture(autouse=True)
def wednesday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def analyst(client):
    client.force_login(make_user("analyst"))
    return client


def figure(page, kpi: str):
    figures = [*page.context["tiles"], *(one for group in page.context["groups"] for one in group.figures)]
    return next(one for one in figures if one.kpi.id == kpi)


def test_the_page_shows_exactly_the_figures_that_name_it(analyst):
    shown = re.findall(r'data-kpi="([a-z0-9_]+)"', analyst.get(PAGE).content.decode())

    assert sorted(shown) == sorted(kpi.id for kpi in ALL if DASHBOARD in kpi.pages)


def test_every_figure_links_to_a_definition_that_is_there(analyst):
    definitions = analyst.get(reverse("analytics:definitions")).content.decode()
    linked = set(re.findall(r"definitions/#([a-z0-9_]+)", analyst.get(PAGE).content.decode()))

    assert linked <= set(re.findall(r'<tr id="([a-z0-9_]+)"', definitions))
    assert set(re.findall(r'<tr id="([a-z0-9_]+)"', definitions)) == {kpi.id for kpi in ALL}


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ({"days": "abc"}, "“abc” is not a number of days we show here. Showing the last 30 days."),
        ({"days": "-7"}, "“-7” is not a number of days we show here. Showing the last 30 days."),
        ({"days": "31"}, "“31” is not a number of days we show here. Showing the last 30 days."),
        ({"currency": "GBX"}, "There are no figures in “GBX”. Showing GBP."),
        (
            {"from": "2026-06-04", "to": "2026-06-01"},
            "The first day, 2026-06-04, lies after the last one, 2026-06-01. Showing the last 30 days.",
        ),
        (
            {"from": "2026-06-31", "to": "2026-07-01"},
            "“2026-06-31” is not a day; write both like 2026-06-10. Showing the last 30 days.",
        ),
        (
            {"from": "2026-06-01"},
            "One of the two days is missing; write both like 2026-06-10. Showing the last 30 days.",
        ),
        (
            {"from": "2000-01-01", "to": "9999-12-31"},
            "More than 3,660 days cannot be shown at once. Showing the last 30 days.",
        ),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "There are no figures before 1990. Showing the last 30 days."),
    ],
)
def test_input_that_makes_no_sense_is_answered_with_a_sentence_and_the_default(analyst, query, notice):
    page = analyst.get(PAGE, query)

    assert page.status_code == 200
    assert page.context["page"].selection.notices == [notice]
    assert len(page.context["page"].days) == 30
    assert notice in unescape(page.content.decode())


@pytest.mark.parametrize("days", [7, 30, 90])
def test_a_period_ends_today_and_shows_as_many_days(analyst, days):
    page = analyst.get(PAGE, {"days": days}).context["page"]

    assert (len(page.days), page.days[-1].day, page.days[-1].is_partial) == (days, date(2026, 6, 10), True)
    assert [len(chart.bars) for _, chart in page.charts] == [days, days]


def test_a_change_leaves_today_out_of_both_sides(analyst):
    for day in (date(2026, 6, 1), date(2026, 6, 5), date(2026, 6, 6), date(2026, 6, 10)):
        make_sale(day)
    build_snapshots(CHANGES)

    orders = figure(analyst.get(PAGE, {"days": 7}), "orders")

    assert (orders.text, orders.before, orders.change, orders.tone) == ("3", "1", "+100.0\u00a0%", "ok")


def test_a_rate_changes_by_points_and_less_refunding_is_good(analyst):
    for day in (date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 5)):
        make_refund(make_sale(day), day)
    make_sale(date(2026, 6, 6))
    build_snapshots(CHANGES)

    rate = figure(analyst.get(PAGE, {"days": 7}), "refund_rate_orders")

    assert (rate.text, rate.before, rate.change, rate.tone) == ("50.00\u00a0%", "100.00\u00a0%", "-50.00 points", "ok")


def test_without_anything_before_there_is_no_change(analyst):
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)

    assert figure(analyst.get(PAGE, {"days": 7}), "net_sales").change == ""


def test_the_best_sellers_are_ranked_by_net_sales(analyst):
    cheap, dear = make_variant(price_minor=100), make_variant(price_minor=900)
    make_sale(date(2026, 6, 9), variant=cheap, quantity=3)
    make_sale(date(2026, 6, 9), variant=dear)
    build_snapshots(CHANGES)

    rows = analyst.get(PAGE).context["seller_rows"]

    assert [row["cells"][0]["text"] for row in rows] == [dear.product.name, cheap.product.name]
    assert rows[0]["cells"][1] == {"money_minor": 750, "currency": "GBP"}


def test_a_day_with_more_given_back_than_sold_hangs_below_the_line(analyst):
    make_refund(make_sale(date(2026, 6, 8)), date(2026, 6, 9), goods_minor=500)
    build_snapshots(CHANGES)

    chart = dict(analyst.get(PAGE, {"days": 7}).context["page"].charts)["only-wide"]
    up, down = chart.bars[4], chart.bars[5]

    assert up.y + up.height == pytest.approx(down.y, abs=0.2)
    assert down.title == "9 Jun: -£5.00"


def test_the_page_says_how_fresh_it_is_and_what_came_since(analyst):
    make_sale(date(2026, 6, 9))
    build = build_snapshots(CHANGES).build
    with time_machine.travel(datetime(2026, 6, 10, 10, 30, tzinfo=UTC), tick=False):
        fresh = " ".join(analyst.get(PAGE).content.decode().split())
        make_sale(date(2026, 6, 9))
        behind = " ".join(analyst.get(PAGE).content.decode().split())

    assert f"30/30 days, build {build.pk}." in fresh
    assert "10 Jun 2026, 11:30</time>, built" in fresh
    assert "10 Jun 2026, 11:00</time>, built" in behind
    assert "changes since this build" in behind


def test_days_that_were_never_built_are_said_to_be_missing(analyst):
    make_sale(date(2026, 6, 1))
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)
    DayState.objects.filter(day=date(2026, 6, 5)).delete()

    page = analyst.get(PAGE).content.decode()

    assert "29/30 days" in page
    assert "Some of these days have never been built" in page


def test_a_shop_that_has_sold_nothing_says_what_will_appear(analyst):
    page = analyst.get(PAGE).content.decode()

    assert "Nothing has been built yet." in page
    assert "Nothing was sold" in page


def test_the_page_costs_few_queries_however_much_was_sold(analyst):
    for day in range(1, 10):
        make_sale(date(2026, 6, day))
    build_snapshots(CHANGES)
    analyst.get(PAGE)

    with CaptureQueriesContext(connection) as queries:
        analyst.get(PAGE, {"days": 90})

    own = [query["sql"] for query in queries if not any(f'"{table}"' in query["sql"] for table in OF_THE_FRAME)]
    assert len(own) <= 12, "\n".join(own)
