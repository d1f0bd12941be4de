"""Zoom and hover on a chart of days: drawn from the table by a script, under the policy of the page, and not needed."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from accounts.tests.factories import make_user
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale
from core.days import today
from products.tests.factories import make_variant
from tests.browser.acting import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def analytics(shop, visitor):
    """Open the analytics page of a shop that sold something yesterday."""

    def opened(**options: bool) -> Tab:
        make_sale(today() - timedelta(days=1), variant=make_variant(price_minor=1200))
        build_snapshots(CHANGES)
        tab = visitor(**options)
        sign_in(tab, shop, make_user("analyst", email="analyst@example.com"))
        tab.goto(f"{shop}/console/analytics/?days=7")
        return tab

    return opened


def chart(tab: Tab):
    return tab.locator("#net-by-day figure")


def test_under_the_mouse_a_chart_tells_its_numbers_zooms_and_leads_to_the_rows(analytics):
    tab = analytics()
    chart(tab).hover()
    expect(chart(tab).locator("canvas")).to_be_visible()
    expect(chart(tab).locator("svg.only-wide")).to_be_hidden()

    plot = chart(tab).locator(".u-over").bounding_box()
    assert plot
    day = plot["width"] / 7
    middle = plot["y"] + plot["height"] / 2
    tab.mouse.move(plot["x"] + 5.5 * day, middle)
    expect(chart(tab).locator(".u-legend")).to_contain_text("£10.00")

    tab.mouse.down()
    tab.mouse.move(plot["x"] + 6.8 * day, middle, steps=4)
    tab.mouse.up()
    assert "/rows/" not in tab.url  # that was a zoom
    tab.locator("#net-by-day").get_by_role("button", name="Show all days").click()

    tab.mouse.click(plot["x"] + 5.5 * day, middle)
    tab.wait_for_url(re.compile("/rows/net_sales/"))
    assert f"day={today() - timedelta(days=1)}" in tab.url


def test_a_button_does_the_same_where_there_is_no_mouse(analytics):
    tab = analytics(has_touch=True)
    tab.locator("#net-by-day").get_by_role("button", name="Zoom").tap()

    expect(chart(tab).locator("canvas")).to_be_visible()


def test_without_scripts_the_drawing_its_links_and_the_table_are_there(analytics):
    tab = analytics(java_script_enabled=False)

    expect(chart(tab).locator("svg.only-wide")).to_be_visible()
    expect(tab.locator("#net-by-day").get_by_role("button", name="Zoom")).to_have_count(0)
    tab.get_by_text("The same figures as a table").first.click()
    tab.locator("#net-by-day table").get_by_role("link", name="£10.00").click()
    tab.wait_for_url(re.compile("/rows/net_sales/"))
