"""Files of what lies behind the figures: lines, refunds, movements of stock, the acts, and the figures by day."""

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from accounts.tests.factories import make_user
from analytics.exports.datasets import DATASETS
from analytics.exports.exporting import export
from analytics.figures.reading import facts_of
from analytics.figures.windows import Window
from analytics.kpis import KPIS
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from audit.recording import record
from history.tests.factories import feed, order, product, refund, row
from orders.models import Order
from products.stock import adjust
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db

JUNE = Window(date(2026, 6, 1), date(2026, 6, 4))
POST = {"from": "2026-06-01", "to": "2026-06-04", "currency": "GBP"}


def rows(name, window=JUNE, currency="GBP"):
    text = b"".join(export(DATASETS[name], window, currency)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def total(found, column):
    return sum(int(row[column] or 0) for row in found)


def trade():
    feed(
        *(product(sku, stock=100) for sku in ("P1", "P2")),
        order("O1", row("P1", 3, 1500, discount=450, cost=400), row("P2", 1, 2500), shipping=300, tax=870),
        order("O2", row("P2", 2, 2500, cost=900), email="b@example.com", currency="EUR"),
        order("O3", test=True),
        refund("R1", lines=[{"product": "P1", "quantity": 1, "restock": True}]),
        refund("R2", order="O1", shipping=300),
        {"type": "refund_failed", "refund": "R2", "at": "2026-06-04T12:00:00+01:00"},
    )
    build_snapshots(CHANGES)


def test_lines_hold_what_the_ledger_has_of_each_to_date():
    trade()

    first, second = rows("order_lines")

    number = Order.objects.get(checkout_key__startswith="import:", total_minor=7720).number
    assert (first["order_number"], first["position"], first["sku"], first["product"]) == (
        number,
        "1",
        "P1",
        "Product P1",
    )
    assert (first["units"], first["net_units"], first["units_restocked"]) == ("3", "2", "1")
    assert (first["gross_sales"], first["discounts"], first["returns"]) == ("45.00", "4.50", "13.50")
    assert (first["net_sales"], first["cost"], first["margin"]) == ("27.00", "8.00", "19.00")
    assert (second["sku"], second["net_sales_minor"], second["cost"], second["margin"]) == ("P2", "2500", "", "")
    assert (first["paid_at"], first["business_day"]) == ("2026-06-01T09:00:00Z", "2026-06-01")
    assert [line["sku"] for line in rows("order_lines", currency="EUR")] == ["P2"]


def test_refunds_add_up_to_the_figures_and_one_that_failed_stands_twice():
    trade()

    found = rows("refunds")

    assert [(one["entry"], one["refunds_cash"]) for one in found][-1] == ("refund_reversal", "-3.00")
    facts = facts_of([JUNE], "GBP")[0]
    assert (len(found), total(found, "returns_minor"), total(found, "refunds_cash_minor")) == (
        3, facts.returns, facts.refunds_cash,
    )  # fmt: skip
    assert -total(found, "units") == facts.net_units - facts.units
    assert {one["sold_on"] for one in found} == {"2026-06-01"}


def test_movements_of_stock_stand_with_their_day_and_cause():
    variant = make_variant(sku="CALM", stock=5, product=make_product("Calm"))
    late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    adjust(variant.pk, delta=-2, reason="Breakage", source_type="count", source_id=1, at=late)

    (moved,) = rows("stock_movements")

    assert (moved["sku"], moved["product"], moved["delta"], moved["kind"], moved["reason"]) == (
        "CALM", "Calm", "-2", "adjusted", "Breakage",
    )  # fmt: skip
    assert (moved["at"], moved["business_day"]) == ("2026-06-01T23:30:00Z", "2026-06-02")


def test_the_days_add_up_to_the_figures_and_quiet_days_are_zero():
    for day in (1, 2, 4):
        make_refund(make_sale(date(2026, 6, day), quantity=day), date(2026, 6, day), goods_minor=70)
    build_snapshots(CHANGES)

    found = rows("daily")

    assert [one["business_day"] for one in found] == [f"2026-06-0{day}" for day in (1, 2, 3, 4)]
    facts = facts_of([JUNE], "GBP")[0]
    for kpi in ("gross_sales", "net_sales", "returns", "total_sales"):
        assert total(found, f"{kpi}_minor") == KPIS[kpi].value(facts)
    assert (found[2]["orders"], found[2]["net_sales"], found[2]["aov"], found[2]["refund_rate_value"]) == (
        "0", "0.00", "", "",
    )  # fmt: skip


def test_the_record_of_acts_is_a_file_for_those_who_may_read_it(client):
    today = {"from": f"{date.today():%Y-%m-%d}", "to": f"{date.today():%Y-%m-%d}"}  # noqa: DTZ011  any day around now
    user = make_user("admin")
    record("order.cancel", actor=user, changes={"reason": "=1+1", "units": 2}, reason="=HYPERLINK()")

    for role, status in (("analyst", 403), ("ops", 403), ("admin", 200)):
        client.force_login(make_user(role))
        answer = client.post("/console/exports/audit/", POST | today)
        assert answer.status_code == status
    text = answer.getvalue().decode()
    (kept,) = [one for one in csv.DictReader(io.StringIO(text)) if one["action"] == "order.cancel"]
    assert (kept["outcome"], kept["actor_id"], kept["actor_role"]) == ("done", str(user.pk), "admin")
    assert json.loads(kept["changes"]) == {"units": 2, "reason": "changed"}
    assert kept["reason"] == "'=HYPERLINK()"
