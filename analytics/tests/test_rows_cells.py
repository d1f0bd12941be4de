"""A bar or a cell of a table opens exactly its rows: they add up to it, and all of them together to the whole."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from accounts.tests.factories import make_user
from analytics.figures.ages import ages_of
from analytics.figures.declines import declines_of
from analytics.figures.windows import Window, compared
from analytics.rows.asking_forms import read_asked
from analytics.rows.figure import figure_of, shown_figure
from analytics.rows.links import rows_url
from analytics.rows.reading import RowSet
from analytics.tests import oracle
from analytics.tests.oracle import Entry
from analytics.tests.scenes import NOW, quarter
from history.tests.factories import feed

pytestmark = pytest.mark.django_db
WINDOW = Window(date(2026, 8, 10), date(2026, 9, 8))
MONEY = {"gross_sales": "gross_minor", "returns": "returns_minor", "net_sales": "net_minor"}


@pytest.fixture
def entries() -> Iterator[list[Entry]]:
    """A quarter of trade, built: every entry of the ledger."""
    with time_machine.travel(NOW, tick=False):
        assert feed(*quarter()).bad == []
        call_command("build_snapshots")
        yield oracle.ledger()


def of_window(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.day in WINDOW and entry.currency == "GBP"]


def kind_of_customer(entries: list[Entry]) -> Callable[[Entry], str]:
    first: dict[int, date] = {}
    sold: dict[int, date] = {}
    for entry in entries:
        if entry.kind == "sale" and entry.currency == "GBP":
            customer = entry.order.customer_id
            first[customer] = min(first.get(customer, entry.day), entry.day)
            sold[entry.order_id] = entry.day
    return lambda entry: "new" if sold[entry.order_id] == first[entry.order.customer_id] else "existing"


def keys(name: str, entries: list[Entry]) -> Callable[[Entry], Any]:
    """What an entry is told apart by; None for one that lies in no cell."""
    of_line: dict[str, Callable[[Any], Any]] = {
        "product": lambda variant: variant.product_id,
        "category": lambda variant: variant.product.category.slug if variant.product.category else "",
        "variant": lambda variant: variant.pk,
    }
    if name in of_line:
        return lambda entry: of_line[name](entry.line.variant) if entry.line else None
    whole = {
        "day": lambda entry: entry.day,
        "country": lambda entry: str(entry.order.country),
        "code": lambda entry: entry.order.discount_code,
        "customer": kind_of_customer(entries),
    }
    return whole[name]


def read(client, kpi: str, **cell: object) -> list[dict[str, str]]:
    answered = client.post(rows_url(kpi, WINDOW, "GBP", **cell), {"format": "csv"})
    assert answered.status_code == 200
    return list(csv.DictReader(io.StringIO(answered.getvalue().decode(), newline="")))


@pytest.mark.parametrize("name", ["day", "product", "category", "variant", "country", "code", "customer"])
def test_each_cell_of_a_breakdown_has_its_rows_and_they_add_up_to_it(client, entries, name):
    client.force_login(make_user("analyst"))
    key, expected = keys(name, entries), defaultdict(lambda: dict.fromkeys(MONEY, 0))
    for entry in of_window(entries):
        if key(entry) is not None:
            expected[key(entry)]["gross_sales"] += entry.gross_minor
            expected[key(entry)]["returns"] += entry.returns_minor
            expected[key(entry)]["net_sales"] += oracle.net_of(entry)

    found = {
        value: {kpi: sum(int(row["adds_minor"]) for row in read(client, kpi, **{name: value})) for kpi in MONEY}
        for value in expected
    }

    assert len(found) > 1
    assert found == expected
    for kpi in MONEY:
        whole = sum(int(row["adds_minor"]) for row in read(client, kpi))
        assert sum(cell[kpi] for cell in found.values()) == whole


CELLS: dict[str, tuple[str, ...]] = {
    "product": ("gross_sales", "discounts", "returns", "net_sales", "units", "net_units", "product_margin",
                "product_margin_rate", "margin_coverage", "refund_rate_value", "best_sellers"),
    "category": ("net_sales", "units", "product_margin"),
    "country": ("net_sales", "orders", "aov", "units"),
    "code": ("net_sales", "orders", "aov", "units", "refund_rate_value"),
    "customer": ("net_sales", "orders", "aov", "units"),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_what_the_snapshots_say_of_a_cell_is_what_its_rows_come_to(entries, name):
    key = keys(name, entries)
    values = {key(entry) for entry in of_window(entries)} - {None}

    for kpi in CELLS[name]:
        for value in values:
            assert agrees(kpi, **{name: value}), (kpi, value)


def agrees(kpi: str, **cell: object) -> bool:
    """Whether the snapshots hold a figure, and it is that of the rows."""
    given = {"from": str(WINDOW.start), "to": str(WINDOW.end), "currency": "GBP"}
    asked = read_asked(kpi, given | {name: str(value) for name, value in cell.items()})
    assert asked is not None
    assert asked.notices == ()
    is_kept, shown = shown_figure(asked)
    return is_kept and figure_of(asked, RowSet(asked)) == shown


def test_cohorts_steps_stock_and_ages_are_cells_of_their_own(entries):
    assert agrees("ltv_to_date", cohort="2026-08")
    assert agrees("cohort_retention", cohort="2026-08", month="2026-09")
    assert all(agrees("checkout_funnel", step=step) for step in ("cart", "checkout", "attempt", "paid"))
    variants = {entry.line.variant_id for entry in of_window(entries) if entry.line}
    assert all(agrees("stock_cover_days", variant=variant) for variant in variants if is_counted(variant))
    assert all(agrees("backlog", age=age.key) for age in ages_of("GBP"))


def is_counted(variant: int) -> bool:
    asked = read_asked("stock_cover_days", {"variant": str(variant)})
    assert asked is not None
    return RowSet(asked).count() > 0


def test_a_reason_opens_the_attempts_that_failed_for_it(client, entries):
    client.force_login(make_user("analyst"))
    today = NOW.date() + timedelta(days=1)

    for decline in declines_of(compared(WINDOW, today), "GBP"):
        rows = read(client, "payment_attempt_success", reason=decline.code)
        assert (len(rows), {row["outcome"] for row in rows}) == (decline.count, {"failed"})
        assert {row["reason"] for row in rows} == {decline.code}
        assert sum(int(row["adds"]) for row in rows) == decline.count
        page = client.get(rows_url("payment_attempt_success", WINDOW, "GBP", reason=decline.code)).content.decode()
        assert f"<strong>{decline.count}</strong> from" in page
