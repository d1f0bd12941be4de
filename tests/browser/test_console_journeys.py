"""The other half of the loop, as staff do it: a sale is sent and partly refunded, counted, and found in a file."""

import csv
import re

import pytest
from django.db import connection
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from accounts.tests.factories import make_user
from analytics.jobs import build_changed_days
from mail.models import OutgoingMail
from monitoring.models import Issue
from orders.models import Order
from payments.models import Refund
from payments.tests.factories import make_paid
from products.models import StockItem, Variant
from tests.browser.acting import button, sign_in
from tests.browser.conftest import let_events_arrive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
CHARLIE = "charlie@example.com"


@pytest.fixture
def order(shelves: str) -> Order:
    """Two serums at £24.00, VAT and delivery included, paid by card."""
    made, _payment = make_paid(lines={Variant.objects.get(sku="PL-HYA-30"): 2}, email=CHARLIE)
    assert made.total_minor == 4800
    return made


@with_and_without_scripts
def test_a_sale_is_sent_and_partly_refunded_and_the_figures_and_the_file_say_so(shelves, visitor, order, scripts):
    ops = visitor(java_script_enabled=scripts)
    sign_in(ops, shelves, make_user("ops", email="ops@example.com"))
    find(ops, order)
    ship(ops)
    refund(ops, "10.00")
    let_events_arrive()
    build_changed_days()

    analyst = visitor(java_script_enabled=scripts)
    sign_in(analyst, shelves, make_user("analyst", email="analyst@example.com"))
    go_to(analyst, "Analytics", heading="Executive")
    analyst.get_by_role("link", name="7 days", exact=True).click()
    # Of £10.00 the shop's share is £8.33 and the tax office's £1.67.
    figures = {"orders": "1", "aov": "£40.00", "gross_sales": "£40.00", "returns": "£8.33", "net_sales": "£31.67"}
    assert {kpi: figure(analyst, kpi) for kpi in figures} == figures
    assert (figure(analyst, "refunds_cash"), figure(analyst, "total_sales")) == ("£10.00", "£38.00")

    assert row_of(order, in_file_of(analyst, "Orders")) == {
        "status": "fulfilled",
        "units": "2",
        "gross_sales": "40.00",
        "returns": "8.33",
        "net_sales": "31.67",
        "total_sales": "38.00",
        "refunds_cash": "10.00",
    }


def go_to(tab: Tab, place: str, heading: str = "") -> None:
    """Follow the sidebar to a page that is called like its place there, unless told otherwise."""
    tab.get_by_role("navigation", name="Console").get_by_role("link", name=place).click()
    expect(tab.get_by_role("heading", level=1)).to_have_text(heading or place)


def find(tab: Tab, order: Order) -> None:
    """Search for whoever bought, and open their order."""
    search = tab.get_by_role("searchbox", name="Search orders")
    search.fill(CHARLIE)
    search.press("Enter")
    tab.get_by_role("main").get_by_role("link", name=order.number).click()
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Order {order.number}")
    expect(tab.locator("[data-status=paid]").first).to_be_visible()


def ship(tab: Tab) -> None:
    tab.get_by_role("link", name="Fulfil", exact=True).click()
    tab.get_by_label("Carrier").fill("Royal Mail")
    tab.get_by_label("Tracking number").fill("AB123456789GB")
    button(tab, "Record parcel")
    expect(tab.locator("[data-status=sent]").first).to_be_visible()
    expect(tab.get_by_role("main")).to_contain_text("2 units sent, Royal Mail AB123456789GB")


def refund(tab: Tab, amount: str) -> None:
    """Refund an amount; until the preview is confirmed nothing is promised."""
    tab.get_by_role("link", name="Refund", exact=True).click()
    tab.get_by_role("radio", name="An amount").check()
    tab.get_by_role("textbox", name="Amount").fill(amount)
    tab.get_by_label("Reason").fill("One pump was broken")
    button(tab, "Preview")
    expect(tab.get_by_role("main")).to_contain_text(f"£{amount} of £48.00 to Visa 4242; £38.00 remains")
    assert Refund.objects.count() == 0
    button(tab, f"Refund £{amount}")
    expect(tab.locator("[data-status=partial]").first).to_be_visible()
    expect(tab.get_by_role("definition").filter(has_text="£38.00")).to_have_count(1)
    happened = tab.get_by_role("list", name="What happened").inner_text()
    assert happened.index("Refunded: £10.00") < happened.index("A refund of £10.00 was asked for")
    assert Refund.objects.get().status == Refund.Status.SUCCEEDED


def figure(tab: Tab, kpi: str) -> str:
    """The value of a figure on the dashboard, in its tile or in its row."""
    return tab.locator(f"[data-kpi={kpi}]").locator(".stat-value, td.num").first.inner_text().strip()


def in_file_of(tab: Tab, dataset: str) -> list[dict[str, str]]:
    """Download a dataset for the days that are shown."""
    go_to(tab, "Exports")
    with tab.expect_download() as download:
        button(tab, f"Download CSV {dataset}")
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def row_of(order: Order, rows: list[dict[str, str]]) -> dict[str, str]:
    row = next(row for row in rows if row["order_number"] == order.number)
    assert "email" not in row  # an analyst does not export people
    wanted = ("status", "units", "gross_sales", "returns", "net_sales", "total_sales", "refunds_cash")
    return {name: row[name] for name in wanted}


def test_a_refund_is_confirmed_once_however_often_it_is_pressed(shelves, visitor, order):
    ops = visitor()
    sign_in(ops, shelves, make_user("ops"))
    ops.goto(f"{shelves}/console/orders/{order.pk}/refund/")
    ops.get_by_label("Everything that is left").check()
    ops.get_by_label("Reason").fill("It never arrived")
    button(ops, "Preview")
    expect(ops.get_by_role("main")).to_contain_text("This also cancels the order")

    ops.get_by_role("button", name="Refund £48.00").dblclick(no_wait_after=True)

    expect(ops.get_by_role("heading", level=1)).to_have_text(f"Order {order.number}")
    let_events_arrive()
    assert list(Refund.objects.values_list("amount_minor", "status")) == [(4800, "succeeded")]
    order.refresh_from_db()
    assert (order.status, order.refunded_minor) == ("canceled", 4800)
    assert OutgoingMail.objects.filter(kind="order_refunded").count() == 1


def test_a_customer_finds_no_console_and_the_audit_record_keeps_the_refusal(shelves, visitor, order):
    alice = visitor()
    sign_in(alice, shelves, make_user("customer", email="alice@example.com"))
    for path in ("/console/", f"/console/orders/{order.pk}/", "/console/exports/"):
        response = alice.goto(shelves + path)
        assert response.status == 404
        expect(alice.get_by_role("heading", level=1)).not_to_contain_text(order.number)

    admin = visitor()
    sign_in(admin, shelves, make_user("admin", email="admin@example.com"))
    go_to(admin, "Audit record")
    admin.get_by_label("Outcome").select_option(label="Refused")
    button(admin, "Apply")
    refused = admin.get_by_role("row").filter(has_text="alice@example.com")
    expect(refused).to_have_count(3)
    expect(refused.first).to_contain_text("access.refused")
    refused.last.get_by_role("link").first.click()
    expect(admin.get_by_role("main")).to_contain_text("rbac.console")


@with_and_without_scripts
def test_an_issue_is_found_worked_on_and_repaired(shelves, visitor, scripts):
    item = StockItem.objects.get(variant__sku="PL-HYA-30")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE products_stockitem SET on_hand = on_hand + 7 WHERE id = %s", [item.pk])
    ops = visitor(java_script_enabled=scripts)
    sign_in(ops, shelves, make_user("ops", email="ops@example.com", name="Priya Raman"))

    go_to(ops, "Monitoring")
    button(ops, "Run all checks")
    expect(ops.get_by_role("status")).to_contain_text("The checks will run in a moment.")
    let_events_arrive()
    ops.reload()
    expect(ops.get_by_role("main")).to_contain_text("1 open issue, 1 critical")
    go_to(ops, "Issues")
    ops.get_by_role("row").filter(has_text="Stock of PL-HYA-30").get_by_role("link").click()
    evidence = ops.get_by_role("row").filter(has_text="On hand").get_by_role("cell")
    expect(evidence).to_have_text([str(item.on_hand), str(item.on_hand + 7)])
    button(ops, "Take it on")
    expect(ops.get_by_role("complementary")).to_contain_text("ops@example.com")
    button(ops, "Repair")

    expect(ops.get_by_role("complementary").locator("[data-status=resolved]")).to_be_visible()
    item.refresh_from_db()
    assert Issue.objects.get().state == "resolved"
    go_to(ops, "Monitoring")
    expect(ops.get_by_role("main")).to_contain_text(re.compile("All checks passed"))
