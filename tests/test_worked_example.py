"""The worked example of the definitions, imported from a file, by command, on the dashboard and as CSV."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.tests.factories import make_user
from analytics.kpis import ALL, DASHBOARD, SCALARS, TABLES
from analytics.models import Build, FactDay
from core.models import DirtyDay
from orders.models import SalesEntry

pytestmark = pytest.mark.django_db

FILE = Path(__file__).parent / "worked_example.jsonl"
WINDOW = {"from": "2026-06-01", "to": "2026-06-04", "currency": "GBP"}
VALUES = {
    "gross_sales": 12000,
    "discounts": 450,
    "returns": 1350,
    "net_sales": 10200,
    "shipping": 600,
    "tax": 2160,
    "total_sales": 12960,
    "orders": 3,
    "units": 6,
    "net_units": 6,
    "aov": 3850,
    "refunds_cash": 1620,
    "refunded_orders": 1,
    "refund_rate_orders": "33.33",
    "refund_rate_orders_cohort": "33.33",
    "refund_rate_value": "11.69",
    "unique_customers": 2,
    "new_customers": 2,
    "existing_customers": 0,
    "repeat_customers": 1,
    "repeat_rate": "50.00",
    "returning_customer_rate": "50.00",
    "wishlist_conversion": None,
    "product_margin": None,
    "product_margin_rate": None,
    "margin_coverage": "0.00",
    "payment_success": None,
    "payment_attempt_success": None,
    "dispute_rate": "0.00",
    "disputed_amount": 0,
    "stripe_fees": 0,
    "stripe_net": 0,
    "payouts": 0,
    "lead_time_p50": None,
    "lead_time_p90": None,
    "backlog": 3,
    "sla_breach": 3,
}
TABLE_ROWS = {
    "ltv_to_date": [{"cohort": "2026-06", "size": 2, "net_sales": 10200, "ltv": 5100}],
    "cohort_retention": [
        {
            "cohort": "2026-06", "size": 2, "month": "2026-06", "age": 0, "customers": 2, "rate": "100.00",
            "is_complete": False,
        }
    ],
    "checkout_funnel": [
        {"step": step, "count": 0, "step_rate": None, "overall_rate": None}
        for step in ("cart", "checkout", "attempt", "paid")
    ],
}  # fmt: skip
NOT_OVER_ALL = {  # money, and rates of money
    "gross_sales", "discounts", "returns", "net_sales", "shipping", "tax", "total_sales", "aov", "refunds_cash",
    "refund_rate_value", "product_margin", "product_margin_rate", "margin_coverage", "disputed_amount", "stripe_fees",
    "stripe_net", "payouts",
}  # fmt: skip
IN_WORDS = {
    "gross_sales": "£120.00",
    "discounts": "£4.50",
    "returns": "£13.50",
    "net_sales": "£102.00",
    "shipping": "£6.00",
    "tax": "£21.60",
    "total_sales": "£129.60",
    "aov": "£38.50",
    "refunds_cash": "£16.20",
}


@pytest.fixture
def imported():
    call_command("import_history", str(FILE), verbosity=0)
    call_command("build_snapshots")


def kpis(capsys, *more: str) -> dict:
    capsys.readouterr()
    call_command("kpis", "--from", WINDOW["from"], "--to", WINDOW["to"], "--json", *more)
    return json.loads(capsys.readouterr().out)


def test_the_command_gives_the_figures(imported, capsys):
    found = kpis(capsys, "--currency", "GBP", "--daily")

    tables = {kpi.id: found["values"].pop(kpi.id) for kpi in TABLES}
    assert found["values"] == VALUES
    sellers = tables.pop("best_sellers")
    assert [(row["sku"], row["cover_days"]) for row in tables.pop("stock_cover_days")] == [("P1", None), ("P2", None)]
    assert tables == TABLE_ROWS
    assert [day["net_sales"] for day in found["daily"]] == [4050, 0, 7500, -1350]
    assert [day["day"] for day in found["daily"]] == ["2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04"]
    assert [(s["product"], s["sku"], s["net_sales"], s["units"], s["net_units"], s["margin"]) for s in sellers] == [
        ("Barrier Cream", "P2", 7500, 3, 3, None),
        ("Calm Serum", "P1", 2700, 3, 3, None),
    ]
    head = {name: found[name] for name in ("from", "to", "currency", "time_zone", "build", "complete", "missing_days")}
    assert head == WINDOW | {
        "time_zone": "Europe/London",
        "build": Build.objects.get().pk,
        "complete": True,
        "missing_days": [],
    }


def test_the_last_day_alone_has_no_order_and_no_average(imported, capsys):
    last = kpis(capsys, "--currency", "GBP", "--daily")["daily"][-1]

    assert (last["orders"], last["net_sales"], last["aov"]) == (0, -1350, None)
    assert (last["refunded_orders"], last["refund_rate_orders"], last["refund_rate_value"]) == (1, None, None)


def test_without_a_currency_there_is_no_money_over_all(imported, capsys):
    found = kpis(capsys)

    for kpi in TABLES:
        found["currencies"]["GBP"]["values"].pop(kpi.id)
    assert set(found["all"]) == {kpi.id for kpi in ALL if kpi.crosses_currencies}
    assert found["currencies"] == {"GBP": {"values": VALUES}}
    scalars = {kpi: value for kpi, value in found["all"].items() if not isinstance(value, list)}
    assert scalars == {name: value for name, value in VALUES.items() if name not in NOT_OVER_ALL}


def test_importing_twice_changes_nothing(imported, capsys):
    entries, facts = SalesEntry.objects.count(), list(FactDay.objects.order_by("day").values())

    call_command("import_history", str(FILE), verbosity=0)
    call_command("build_snapshots")

    assert SalesEntry.objects.count() == entries
    assert DirtyDay.objects.count() == 0
    assert list(FactDay.objects.order_by("day").values()) == facts
    assert "Nothing to do" in capsys.readouterr().out


def test_the_dashboard_shows_the_figures(imported, client):
    client.force_login(make_user("analyst"))

    page = client.get(reverse("analytics:dashboard"), WINDOW)

    shown = {
        figure.kpi.id: figure.text
        for figures in (page.context["page"].figures, *(block.figures for block in page.context["page"].blocks))
        for figure in figures
    }
    on_the_page = {kpi.id for kpi in SCALARS if DASHBOARD in kpi.pages}
    assert shown == {kpi: _in_words(value) for kpi, value in (VALUES | IN_WORDS).items() if kpi in on_the_page}
    assert all(text in page.content.decode() for text in shown.values())


def test_the_csv_holds_the_figures(imported, client):
    client.force_login(make_user("analyst"))

    answer = client.post(reverse("analytics:export", args=["kpi_summary"]), WINDOW)

    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert {row["kpi"]: row["value_minor"] or row["value"] for row in rows} == {
        kpi: "" if value is None else str(value) for kpi, value in VALUES.items()
    }


def _in_words(value: int | str | None) -> str:
    if value is None:
        return "–"
    is_rate = isinstance(value, str) and not value.startswith("£")
    return f"{value}\u00a0%" if is_rate else str(value)
