"""The tables for a warehouse: what they add up to, how they join, and that nobody is to be recognised in them."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime

import pytest
from pyarrow import parquet

from analytics.exports.datasets import DATASETS, Shelf
from analytics.exports.exporting import Asked, export
from analytics.exports.parquet import write_parquet
from analytics.figures.reading import facts_of
from analytics.figures.windows import Window
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from payments.models import BalanceTransaction

pytestmark = pytest.mark.django_db
WINDOW = Window(date(2026, 5, 30), date(2026, 6, 4))


def rows(dataset: str) -> list[dict[str, str]]:
    written = b"".join(export(DATASETS[dataset], WINDOW, "GBP", with_personal=True)).decode()
    return list(csv.DictReader(io.StringIO(written, newline="")))


def test_the_entries_add_up_to_the_figures_and_join_with_everything_they_point_to():
    make_sale(date(2026, 5, 30), email="bob@example.com")
    order = make_sale(date(2026, 6, 1), quantity=3, email="alice@example.com")
    make_refund(order, date(2026, 6, 4), goods_minor=700)
    make_sale(date(2026, 6, 2), email="Alice@example.com")
    make_sale(date(2026, 6, 9))
    build_snapshots(CHANGES)

    entries = rows("fct_entry")

    (facts,) = facts_of([WINDOW], "GBP")
    assert sum(int(row["net_minor"]) for row in entries) == facts.net
    assert sum(row["kind"] == "sale" for row in entries) == facts.orders
    assert len({row["customer_key"] for row in entries if row["kind"] == "sale"}) == facts.unique_customers == 2
    assert {row["customer_key"] for row in entries} == {row["customer_key"] for row in rows("dim_customer")}
    assert {row["variant_id"] for row in entries} - {""} <= {row["variant_id"] for row in rows("dim_product")}
    assert {row["day"] for row in entries} <= {row["day"] for row in rows("dim_date")}
    days = [row["day"] for row in entries]
    assert days == sorted(days)


def test_nobody_can_be_recognised_and_another_installation_gives_other_names(settings):
    make_sale(date(2026, 6, 1), email="alice@example.com", customer_name="Alice")
    build_snapshots(CHANGES)
    columns = {column.name for one in DATASETS.values() if one.shelf is Shelf.STAR for column in one.columns}
    assert {"email", "name", "customer_id"} & columns == set()

    (here,) = rows("dim_customer")
    settings.SECRET_KEY = "another installation"
    (there,) = rows("dim_customer")

    assert len(here["customer_key"]) == 32
    assert here["customer_key"] != there["customer_key"]
    assert (here["first_sale_day"], here["cohort"]) == ("2026-06-01", "2026-06")


def test_days_are_those_of_iso_weeks():
    assert rows("dim_date")[0] == {
        "day": "2026-05-30",
        "year": "2026",
        "quarter": "2",
        "month_number": "5",
        "month": "2026-05",
        "week_year": "2026",
        "week": "22",
        "weekday": "6",
        "is_weekend": "1",
    }


def test_facts_come_as_parquet_by_month_of_one_read():
    for day in (date(2026, 5, 30), date(2026, 6, 1), date(2026, 6, 2)):
        make_sale(day)
    wanted, target = DATASETS["fct_entry"], io.BytesIO()

    count = write_parquet(Asked(wanted, WINDOW, "GBP", wanted.columns), target, lambda _rows: None)

    archive = zipfile.ZipFile(target)
    names = [f"fct_entry/month=2026-0{month}/fct_entry.parquet" for month in (5, 6)]
    assert archive.namelist() == names
    tables = [parquet.read_table(io.BytesIO(archive.read(name))) for name in names]
    assert sum(table.num_rows for table in tables) == count == len(rows("fct_entry"))
    assert {str(day)[:7] for day in tables[0]["day"].to_pylist()} == {"2026-05"}


def test_movements_of_the_balance_stand_as_stripe_booked_them():
    amounts = {"type": "charge", "reporting_category": "charge", "amount_minor": 1200, "fee_minor": 38}
    for number, (day, currency) in enumerate([(2, "GBP"), (1, "GBP"), (1, "EUR"), (9, "GBP")]):
        at = datetime(2026, 6, day, 12, tzinfo=UTC)
        money = amounts | {"net_minor": 1162, "currency": currency}
        BalanceTransaction.objects.create(stripe_id=f"txn_{number}", at=at, day=at.date(), source_id="ch_1", **money)

    found = rows("fct_balance_txn")

    assert [row["balance_transaction"] for row in found] == ["txn_1", "txn_0"]
    assert [int(row["amount_minor"]) - int(row["fee_minor"]) for row in found] == [1162, 1162]
