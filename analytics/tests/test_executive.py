"""The executive page: every figure with its mark and rows, changes, what is drawn, and what it asks of the database."""

import csv
import gzip
import io
import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse

from accounts.tests.factories import make_user
from analytics.kpis import ALL, DASHBOARD
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from products.tests.factories import make_variant

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


def figure(response, kpi: str):
    page = response.context["page"]
    figures = [*page.figures, *(one for block in page.blocks for one in block.figures)]
    return next(one for one in figures if one.kpi.id == kpi)


def bars(response, block: str):
    return response.context["page"].block(block).drawings[0].rects


def test_the_page_shows_exactly_the_figures_that_name_it(analyst):
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)
    marks = re.findall(r'data-kpi="([a-z0-9_ ]+)"', analyst.get(PAGE).content.decode())

    assert {kpi for mark in marks for kpi in mark.split()} == {kpi.id for kpi in ALL if DASHBOARD in kpi.pages}


def test_every_figure_links_to_a_definition_that_is_there(analyst):
    definitions = analyst.get(reverse("analytics:definitions")).content.decode()
    linked = set(re.findall(r"definitions/#([a-z0-9_]+)", analyst.get(PAGE).content.decode()))

    assert linked <= set(re.findall(r'<tr id="([a-z0-9_]+)"', definitions))
    assert set(re.findall(r'<tr id="([a-z0-9_]+)"', definitions)) == {kpi.id for kpi in ALL}


@pytest.mark.parametrize("days", [7, 30, 90])
def test_there_is_a_bar_for_each_day_wide_and_narrow(analyst, days):
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)

    drawings = analyst.get(PAGE, {"days": days}).context["page"].block("net-by-day").drawings

    assert [(drawing.shape.shown, len(drawing.rects)) for drawing in drawings] == [
        ("only-wide", days),
        ("only-narrow", days),
    ]


def test_a_change_leaves_today_out_of_both_sides(analyst):
    for day in (date(2026, 6, 1), date(2026, 6, 5), date(2026, 6, 6), date(2026, 6, 10)):
        make_sale(day)
    build_snapshots(CHANGES)

    orders = figure(analyst.get(PAGE, {"days": 7}), "orders")

    assert (orders.text, orders.before, orders.change, orders.tone) == ("3", "1", "+100.0\u00a0%", "ok")


def test_against_last_year_the_same_weekdays_count(analyst):
    make_sale(date(2025, 6, 7))
    for day in (date(2026, 6, 5), date(2026, 6, 6)):
        make_sale(day)
    build_snapshots(CHANGES)

    page = analyst.get(PAGE, {"days": 7, "compare": "last-year"})

    assert (figure(page, "orders").before, figure(page, "orders").change) == ("1", "+100.0\u00a0%")
    assert "from the same days last year" in page.content.decode()


def test_a_rate_changes_by_points_less_refunding_is_good_and_few_orders_are_said_to_be_few(analyst):
    for day in (date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 5)):
        make_refund(make_sale(day), day)
    make_sale(date(2026, 6, 6))
    build_snapshots(CHANGES)

    page = analyst.get(PAGE, {"days": 7})
    rate = figure(page, "refund_rate_orders")

    assert (rate.text, rate.before, rate.change, rate.tone) == ("50.00\u00a0%", "100.00\u00a0%", "-50.00 points", "ok")
    assert (rate.badge, figure(page, "refund_rate_value").badge) == ("few orders: 1 of 2", "few orders: 2")
    assert "few orders: 1 of 2" in page.content.decode()


def test_without_anything_before_there_is_no_change(analyst):
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)

    assert figure(analyst.get(PAGE, {"days": 7}), "net_sales").change == ""


def test_the_best_sellers_are_ranked_by_net_sales(analyst):
    cheap, dear = make_variant(price_minor=100), make_variant(price_minor=900)
    make_sale(date(2026, 6, 9), variant=cheap, quantity=3)
    make_sale(date(2026, 6, 9), variant=dear)
    build_snapshots(CHANGES)

    page = analyst.get(PAGE)
    rows = page.context["page"].block("best-sellers").table.rows

    assert [(row[0].value, row[2].value) for row in rows] == [(dear.product.name, 750), (cheap.product.name, 250)]
    assert [rect.url for rect in bars(page, "best-sellers")] == [row[0].url for row in rows]


def test_a_day_with_more_given_back_than_sold_hangs_below_the_line(analyst):
    make_refund(make_sale(date(2026, 6, 8)), date(2026, 6, 9), goods_minor=500)
    build_snapshots(CHANGES)

    up, down = bars(analyst.get(PAGE, {"days": 7}), "net-by-day")[4:6]

    assert up.y + up.height == pytest.approx(down.y, abs=0.2)
    assert down.title == "9 Jun: -£5.00"


def test_every_bar_leads_to_the_rows_of_its_day_as_the_build_shown_has_them(analyst):
    make_sale(date(2026, 6, 9))
    build = build_snapshots(CHANGES).build

    page = analyst.get(PAGE, {"days": 7})
    address = bars(page, "net-by-day")[5].url

    assert "/rows/net_sales/" in address
    assert "day=2026-06-09" in address
    assert f"build={build.pk}" in address
    assert f"build={build.pk}" in figure(page, "orders").url
    assert address.replace("&", "&amp;") in page.content.decode()


def test_a_block_is_there_as_a_file_with_the_same_numbers(analyst):
    make_sale(date(2026, 6, 9), variant=make_variant(price_minor=900))
    build_snapshots(CHANGES)

    response = analyst.get(f"{PAGE}executive/net-by-day.csv", {"days": 7})
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))

    assert response["Content-Disposition"] == (
        'attachment; filename="executive_net-by-day_2026-06-04_2026-06-10_GBP.csv"'
    )
    assert rows[5] == {
        "day": "2026-06-09",
        "net_sales_minor": "750",
        "net_sales": "7.50",
        "compared_day": "2026-06-02",
        "compared_net_sales_minor": "0",
        "compared_net_sales": "0.00",
        "currency": "GBP",
    }


def test_a_product_named_like_a_formula_is_text_in_the_file(analyst):
    variant = make_variant()
    variant.product.name = "=HYPERLINK(1)"
    variant.product.save()
    make_sale(date(2026, 6, 9), variant=variant)
    build_snapshots(CHANGES)

    assert b"\n'=HYPERLINK(1)," in analyst.get(f"{PAGE}executive/best-sellers.csv").content


def test_why_net_sales_moved_is_said_drawn_and_adds_up(analyst):
    make_sale(date(2026, 6, 1), variant=make_variant(price_minor=1200))
    for day in (date(2026, 6, 5), date(2026, 6, 6)):
        make_refund(make_sale(day, variant=make_variant(price_minor=1500)), day, goods_minor=250)
    build_snapshots(CHANGES)

    block = analyst.get(PAGE, {"days": 7}).context["page"].block("why")
    before, *parts, now = [row[1] for row in block.table.rows]

    assert [sentence.replace("\u00a0", " ") for sentence in block.sentences] == [
        "Net sales rose 100.0 %: more orders +100.0 %, larger baskets +50.0 %, more returns -50.0 %."
    ]
    assert (before, parts, now) == (1000, [1000, 500, 0, -500], 2000)
    assert len(block.drawings[0].rects) == 6


def test_a_single_day_that_is_not_over_has_nothing_to_be_compared_with(analyst):
    make_sale(date(2026, 6, 10))
    build_snapshots(CHANGES)

    page = analyst.get(PAGE, {"from": "2026-06-10", "to": "2026-06-10"})

    assert page.context["page"].block("why") is None
    assert figure(page, "net_sales").change == ""


def test_page_stylesheets_and_scripts_are_light_even_with_what_is_loaded_for_zooming(analyst):
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)
    page = analyst.get(PAGE, {"days": 90}).content
    static = settings.BASE_DIR / "static"
    styles = re.findall(r'url\("([^"]+)"\)', (static / "css/console.css").read_text())
    files = [static / "css" / name for name in styles]
    scripts = [*(static / "js/modules").glob("*.js"), static / "js/plots.js"]

    sent = [
        page,
        b"".join(file.read_bytes() for file in files),
        b"".join(file.read_bytes() for file in scripts),
        (static / "vendor/uplot.min.js").read_bytes(),
    ]

    assert sum(len(gzip.compress(part)) for part in sent) <= 60 * 1024


@pytest.mark.parametrize("role", ["analyst", "admin"])
def test_the_page_costs_few_queries_however_much_was_sold(client, role, django_assert_max_num_queries):
    client.force_login(make_user(role))
    for day in range(1, 10):
        make_sale(date(2026, 6, day))
    build_snapshots(CHANGES)
    client.get(PAGE)

    with django_assert_max_num_queries(10):  # and the two around them, which a test's own transaction stands in for
        client.get(PAGE, {"days": 90})
