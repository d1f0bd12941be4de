"""The pages of operations, products, finance and breakdowns: every cell is what its rows come to, and sums add up."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_user
from analytics.dashboards import breakdown_page, products_page
from analytics.dashboards.frame import Page
from analytics.dashboards.tables import Cell
from analytics.figures.breakdowns import By
from analytics.kpis import ALL
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from analytics.tests.scenes import NOW, quarter
from analytics.tests.test_rows_add_up import FIGURES
from history.tests.factories import feed
from payments.tests.factories import make_event
from payments.tests.factories import make_refund as make_refund_of_payment
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db

ROOT = "/console/analytics/"
PAGES = ("operations", "products", "finance", "breakdown")
OF_THE_FRAME = ("django_session", "accounts_user", "auth_permission", "auth_group", "monitoring_issue")
JUNE = datetime(2026, 6, 10, 10, tzinfo=UTC)
MOST_QUERIES = 15


@pytest.fixture
def analyst(client: Client) -> Client:
    client.force_login(make_user("analyst"))
    return client


@pytest.fixture
def trade() -> Iterator[None]:
    """A quarter of trade of every kind, built."""
    with time_machine.travel(NOW, tick=False):
        assert feed(*quarter()).bad == []
        call_command("build_snapshots")
        yield


@pytest.fixture
def wednesday() -> Iterator[None]:
    with time_machine.travel(JUNE, tick=False):
        yield


def page_of(client: Client, name: str, **query: str) -> Page:
    response = client.get(f"{ROOT}{name}/", query)
    assert response.status_code == 200
    return response.context["page"]


def linked(page: Page) -> dict[str, Any]:
    """Return the value of each cell of the page's tables and each of its figures that leads to rows, by its address.

    The steps of the waterfall carry the sign with which they are added, so they stand apart.
    """
    blocks = [block for block in page.blocks if block.key != "waterfall"]
    cells = [cell for block in blocks for row in block.table.rows for cell in row if isinstance(cell, Cell)]
    found = {cell.url: cell.value for cell in cells if "/rows/" in cell.url and not isinstance(cell.value, str)}
    return found | {figure.url: figure.value for figure in page.figures}


def rows_of(client: Client, url: str) -> list[dict[str, str]]:
    response = client.post(url)
    assert response.status_code == 200, url
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def came_to(url: str, rows: list[dict[str, str]]) -> Any:
    """Return what rows give for the figure of their address, as the page holds it."""
    kpi, cells = urlsplit(url).path.split("/")[-2], parse_qs(urlsplit(url).query, keep_blank_values=True)
    if kpi == "best_sellers":
        return FIGURES["net_sales"](rows)
    if "reason" in cells:
        return len(rows)
    value = FIGURES[kpi](rows)
    return Decimal(value) if isinstance(value, str) else value


@pytest.mark.parametrize("name", ["operations", "products", "finance", *(f"breakdown {by}" for by in By)])
def test_every_cell_is_what_its_rows_come_to(analyst, trade, name):
    page, _, by = name.partition(" ")
    shown = linked(page_of(analyst, page, days="30", **({"by": by} if by else {})))
    shown = {url: value for url, value in shown.items() if "/stock_cover_days/" not in url}

    assert {url: came_to(url, rows_of(analyst, url)) for url in shown} == shown
    assert any(shown.values())


@pytest.mark.parametrize("currency", ["GBP", "EUR"])
@pytest.mark.parametrize("by", list(By))
def test_slices_and_their_pages_add_up_to_the_figure_above(analyst, trade, monkeypatch, by, currency):
    monkeypatch.setattr(breakdown_page, "PER_PAGE", 2)
    query = {"days": "90", "currency": currency, "by": by.value}
    net, shown, number = next(iter(page_of(analyst, "breakdown", **query).figures)).value, [], 0
    while number < page_of(analyst, "breakdown", **query).shown.paginator.num_pages:
        number += 1
        page = page_of(analyst, "breakdown", **query, page=str(number))
        shown += page.blocks[0].table.rows
        assert page.blocks[0].table.totals[1].value == net

    file = analyst.get(f"{ROOT}breakdown/{by}.csv", query)
    filed = list(csv.DictReader(io.StringIO(file.content.decode())))

    assert sum(row[1].value for row in shown) == net != 0
    assert [int(row["net_sales_minor"]) for row in filed] == [row[1].value for row in shown]


def test_each_page_shows_the_figures_that_name_it(analyst, trade):
    for name in PAGES:
        html = analyst.get(f"{ROOT}{name}/").content.decode()
        marks = re.findall(r'data-kpi="([a-z0-9_ ]+)"', html)
        assert {kpi for mark in marks for kpi in mark.split()} == {
            kpi.id for kpi in ALL if f"analytics:{name}" in kpi.pages
        }, name


def test_each_page_costs_few_queries_however_much_was_sold(analyst, trade):
    for name in PAGES:
        analyst.get(f"{ROOT}{name}/")
        with CaptureQueriesContext(connection) as queries:
            analyst.get(f"{ROOT}{name}/", {"days": "90"})
        own = [query["sql"] for query in queries if not any(f'"{table}"' in query["sql"] for table in OF_THE_FRAME)]
        assert len(own) <= MOST_QUERIES, "\n".join([name, *own])


def test_the_bridge_leads_from_the_shop_to_the_bank_without_a_gap(analyst, trade):
    page = page_of(analyst, "finance", days="90")
    steps = {row[0].value: row[1].value for row in page.block("bridge").table.rows}
    figures = {figure.kpi.id: figure.value for figure in page.figures}

    assert steps["Total sales"] == figures["total_sales"]
    assert steps["Total sales"] + steps["On other days"] == steps["Booked by Stripe"]
    assert (
        steps["Booked by Stripe"] + steps["Disputes"] + steps["Fees"] + steps.get("Other", 0) == figures["stripe_net"]
    )
    assert steps["Net of Stripe"] + steps["Paid out"] == steps["Not paid out"]
    assert (-steps["Fees"], -steps["Paid out"]) == (figures["stripe_fees"], figures["payouts"])


def test_the_waterfall_ends_where_each_step_leads(analyst, trade):
    block = page_of(analyst, "finance", days="90").block("waterfall")
    steps = [row[1].value for row in block.table.rows]
    gross, discounts, returns, net, shipping, tax, total = steps
    rows = [came_to(row[1].url, rows_of(analyst, row[1].url)) for row in block.table.rows]

    assert (gross + discounts + returns, net + shipping + tax) == (net, total)
    assert rows == [gross, -discounts, -returns, net, shipping, tax, total]
    assert len(block.drawings[0].rects) == len(steps)


def test_products_are_shown_a_page_at_a_time_in_the_order_asked_for(analyst, wednesday, monkeypatch):
    monkeypatch.setattr(products_page, "PER_PAGE", 2)
    variants = [make_variant(price_minor=price, cost_minor=cost) for price, cost in ((900, 800), (600, 60), (300, 60))]
    for variant in variants:
        make_sale(date(2026, 6, 9), variant=variant)
    build_snapshots(CHANGES)
    dear, middle, cheap = [variant.product.name for variant in variants]

    def names(**query: str) -> list[str]:
        return [row[0].value for row in page_of(analyst, "products", **query).block("ranked").table.rows]

    assert (names(), names(page="2"), names(page="99"), names(page="x")) == (
        [dear, middle], [cheap], [cheap], [dear, middle],
    )  # fmt: skip
    assert (names(sort="-margin-rate"), names(sort="zzz")) == ([middle, cheap], [dear, middle])
    file = analyst.get(f"{ROOT}products/ranked.csv").content.decode()
    assert [row["product"] for row in csv.DictReader(io.StringIO(file))] == [dear, middle, cheap]
    html = analyst.get(f"{ROOT}products/", {"sort": "-margin-rate", "days": "7"}).content.decode()
    assert "?days=90&amp;currency=GBP&amp;sort=-margin-rate" in html
    assert '<input type="hidden" name="sort" value="-margin-rate">' in html


def test_one_order_is_a_page_with_its_warning(analyst, wednesday):
    make_refund(make_sale(date(2026, 6, 9)), date(2026, 6, 10), goods_minor=100)
    build_snapshots(CHANGES)

    texts = {name: analyst.get(f"{ROOT}{name}/").content.decode() for name in PAGES}

    assert "few: 1" in texts["products"]
    assert "Stripe has booked nothing in GBP in these days" in texts["finance"]
    assert "24 to 48 hours" not in texts["finance"]
    assert "Under 24 hours" in texts["operations"]
    assert "New customers" in analyst.get(f"{ROOT}breakdown/", {"by": "customer"}).content.decode()


def test_a_shop_that_has_sold_nothing_says_what_will_appear(analyst, wednesday):
    texts = {name: analyst.get(f"{ROOT}{name}/").content.decode() for name in PAGES}

    assert "Nothing waits to be sent. Orders appear here as soon as they are paid." in texts["operations"]
    assert "Nobody tried to pay in these days." in texts["operations"]
    assert "Products appear here with their first sale in these days." in texts["products"]
    assert "Nothing was sold or refunded in these days." in texts["finance"]
    assert "Nothing was sold or refunded in these days." in texts["breakdown"]


def test_an_odd_way_to_tell_sales_apart_gets_a_notice(analyst, wednesday):
    response = analyst.get(f"{ROOT}breakdown/", {"by": "<moon>"})

    assert response.context["page"].by is By.PRODUCT
    assert "Sales cannot be told apart by “&lt;moon&gt;”. Showing them by product." in response.content.decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("operations/backlog.csv", 200),
        ("finance/tax.csv", 200),
        ("breakdown/country.csv", 200),
        ("breakdown/moon.csv", 404),
        ("products/moon.csv", 404),
        ("moon/backlog.csv", 404),
    ],
)
def test_only_blocks_that_are_there_are_files(analyst, wednesday, path, status):
    assert analyst.get(f"{ROOT}{path}").status_code == status


def test_what_waits_leads_on_only_for_those_who_may_deal_with_it(client, wednesday):
    make_refund_of_payment(status="requested", refunded_at=None)
    make_event(state="dead")
    texts = {}
    for role in ("analyst", "ops"):
        client.force_login(make_user(role))
        texts[role] = " ".join(client.get(f"{ROOT}operations/").content.decode().split())

    for text in texts.values():
        assert "<strong>1</strong> refund waits for approval" in text
        assert "<strong>1</strong> event of Stripe was given up" in text
    assert 'href="/console/refunds/?tab=waiting"' in texts["ops"]
    assert "/console/refunds/?tab=waiting" not in texts["analyst"]


def test_a_figure_of_this_moment_is_compared_with_nothing(analyst, wednesday):
    make_sale(date(2026, 5, 1))
    build_snapshots(CHANGES)

    backlog, late, *_ = page_of(analyst, "operations").figures

    assert [(one.text, one.change, one.before) for one in (backlog, late)] == [("1", "", ""), ("1", "", "")]
