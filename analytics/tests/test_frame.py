"""What all pages of figures have in common: days, comparison and currency from the address, and how fresh it all is."""

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest
import time_machine

from accounts.tests.factories import make_user
from analytics.dashboards.frame import comparison_of
from analytics.figures.windows import Against, Window
from analytics.forms import read_selection
from analytics.models import DayState
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 10, 10, tzinfo=UTC)
PAGE = "/console/analytics/"


@pytest.fixture(autouse=True)
def wednesday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def analyst(client):
    client.force_login(make_user("analyst"))
    return client


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ({"days": "abc"}, "“abc” is not a number of days we show here. Showing the last 30 days."),
        ({"days": "-7"}, "“-7” is not a number of days we show here. Showing the last 30 days."),
        ({"days": "31"}, "“31” is not a number of days we show here. Showing the last 30 days."),
        ({"month": "next"}, "“next” is not a month we know; write this or last. Showing the last 30 days."),
        (
            {"compare": "<b>"},
            "“<b>” is nothing to compare with; write previous or last-year. Comparing with the days before.",
        ),
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
    assert len(page.context["page"].selection.window) == 30
    assert notice in unescape(page.content.decode())


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ({"days": "7"}, Window(date(2026, 6, 4), date(2026, 6, 10))),
        ({}, Window(date(2026, 5, 12), date(2026, 6, 10))),
        ({"days": "90"}, Window(date(2026, 3, 13), date(2026, 6, 10))),
        ({"month": "this"}, Window(date(2026, 6, 1), date(2026, 6, 10))),
        ({"month": "last"}, Window(date(2026, 5, 1), date(2026, 5, 31))),
        ({"from": "2026-01-01", "to": "2026-01-01"}, Window(date(2026, 1, 1), date(2026, 1, 1))),
    ],
)
def test_the_days_come_from_the_address_and_its_own_query_selects_them_again(query, window):
    selection = read_selection(query)

    assert (selection.window, selection.notices) == (window, [])
    assert read_selection(selection.query).window == window


def test_days_are_compared_with_those_before_or_with_last_year_and_today_is_left_out():
    before, last_year = (comparison_of(read_selection({"days": "7", "compare": against})) for against in Against)

    assert before.before == Window(date(2026, 5, 29), date(2026, 6, 3))
    assert last_year.before == Window(date(2025, 6, 5), date(2025, 6, 10))
    assert last_year.counterpart == Window(date(2025, 6, 5), date(2025, 6, 11))


def test_a_comparison_stays_when_other_days_are_chosen(analyst):
    page = analyst.get(PAGE, {"days": "7", "compare": "last-year"})

    assert [link["url"] for link in page.context["page"].ranges] == [
        "?days=7&currency=GBP&compare=last-year",
        "?days=30&currency=GBP&compare=last-year",
        "?days=90&currency=GBP&compare=last-year",
        "?month=this&currency=GBP&compare=last-year",
        "?month=last&currency=GBP&compare=last-year",
    ]
    assert '<input type="hidden" name="compare" value="last-year"' in page.content.decode()


def test_exactly_what_is_shown_is_marked_as_chosen(analyst):
    page = analyst.get(PAGE, {"month": "last"}).context["page"]

    assert [link["label"] for link in page.ranges if link["current"]] == ["Last month"]
    assert [link["label"] for link in page.comparisons if link["current"]] == ["Days before"]
    assert [link["label"] for link in page.tabs if link["current"]] == ["Executive"]


def freshness_line(response) -> str:
    line = response.content.decode().partition('<p class="range-fresh')[2].partition("</p>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", line.partition(">")[2]).split())


def test_the_page_says_how_fresh_it_is_and_what_came_since(analyst):
    make_sale(date(2026, 6, 9))
    build = build_snapshots(CHANGES).build
    with time_machine.travel(datetime(2026, 6, 10, 10, 30, tzinfo=UTC), tick=False):
        fresh = freshness_line(analyst.get(PAGE))
        make_sale(date(2026, 6, 9))
        behind = freshness_line(analyst.get(PAGE))
    with time_machine.travel(datetime(2026, 6, 11, 10, tzinfo=UTC), tick=False):
        later = freshness_line(analyst.get(PAGE))

    assert fresh == f"Data to 11:30 built 11:00 30/30 days build {build.pk} Today is not over"
    assert behind.startswith("Data to 11:00 built 11:00 30/30 days")
    assert "changes since this build" in behind
    assert later.startswith("Data to 10 Jun 2026, 11:00 built 10 Jun 2026, 11:00 30/30 days")


def test_today_is_marked_as_not_over_and_a_month_that_is_over_is_not(analyst):
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)

    assert "Today is not over" in analyst.get(PAGE).content.decode()
    assert "Today is not over" not in analyst.get(PAGE, {"month": "last"}).content.decode()


def test_days_that_were_never_built_are_named(analyst):
    make_sale(date(2026, 6, 1))
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)
    DayState.objects.filter(day__in=[date(2026, 6, 5), date(2026, 6, 7)]).delete()

    page = analyst.get(PAGE).content.decode()

    assert "28/30 days" in page
    assert "5 Jun 2026 and 7 Jun 2026: the figures are too low." in page


def test_many_missing_days_are_named_in_part(analyst):
    make_sale(date(2026, 6, 1))
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)
    DayState.objects.filter(day__range=(date(2026, 6, 2), date(2026, 6, 8))).delete()

    assert "6 Jun 2026 and 2 more: the figures" in analyst.get(PAGE).content.decode()


def test_a_shop_that_has_sold_nothing_says_what_will_appear(analyst):
    page = analyst.get(PAGE).content.decode()

    assert "Nothing has been built yet." in page
    assert "The first sale draws the first bar." in page
    assert "Nothing was sold." in page


@pytest.mark.parametrize("address", ["executive/nothing.csv", "nothing/why.csv"])
def test_a_block_that_is_not_there_has_no_file(analyst, address):
    assert analyst.get(f"{PAGE}{address}").status_code == 404
