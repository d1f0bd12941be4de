"""Parquet: the rows of the CSV with types, in row groups; and what is said where pyarrow is missing."""

import io
import sys
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow
import pytest
from pyarrow import parquet

from accounts.tests.factories import make_user
from analytics.exports import parquet as writing_parquet
from analytics.exports.csv_text import Kind
from analytics.exports.datasets import DATASETS, Column, Dataset
from analytics.exports.exporting import Asked
from analytics.exports.parquet import MISSING, write_parquet
from analytics.exports.running import write_due_files
from analytics.exports.store import export_store
from analytics.figures.windows import Window
from analytics.models import ExportRun
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.export_scenes import DAY, make_dataset, make_run
from analytics.tests.factories import make_refund, make_sale

pytestmark = pytest.mark.django_db
WINDOW = Window(DAY, date(2026, 6, 4))


def written(dataset: Dataset, currency: str = "GBP") -> bytes:
    target = io.BytesIO()
    write_parquet(Asked(dataset, WINDOW, currency, dataset.columns), target, lambda _rows: None)
    return target.getvalue()


def test_a_worker_writes_orders_with_types():
    order = make_sale(datetime(2026, 6, 1, 22, 59, 59, 250_000, tzinfo=UTC), quantity=2, email="-ada@example.com")
    make_refund(order, date(2026, 6, 9), goods_minor=4000)
    run = make_run(actor=make_user("admin"), file_format="parquet")

    assert write_due_files() == 1

    run.refresh_from_db()
    assert run.file.endswith(".parquet")
    table = parquet.read_table(io.BytesIO(export_store().open(run.file).read()))
    assert table.schema.field("order_id").type == pyarrow.int64()
    assert table.schema.field("net_sales").type == pyarrow.decimal128(20, 2)
    assert table.schema.field("business_day").type == pyarrow.date32()
    assert table.schema.field("paid_at").type == pyarrow.timestamp("us", tz="UTC")
    (row,) = table.to_pylist()
    assert (row["order_id"], row["net_sales_minor"], row["net_sales"]) == (order.pk, -2333, Decimal("-23.33"))
    assert (row["paid_at"], row["business_day"]) == (datetime(2026, 6, 1, 22, 59, 59, 250_000, tzinfo=UTC), DAY)
    assert row["email"] == "-ada@example.com"  # for no spreadsheet runs it


def test_every_dataset_can_be_written(subtests):
    make_refund(make_sale(DAY), date(2026, 6, 2))
    build_snapshots(CHANGES)

    for dataset in DATASETS.values():
        with subtests.test(dataset.name):
            assert written(dataset)[:2] in (b"PA", b"PK")


@pytest.mark.parametrize(("currency", "expected"), [("JPY", "-1350"), ("KWD", "-1.350"), ("GBP", "-13.50")])
def test_money_has_the_places_of_its_currency(currency, expected):
    columns = tuple(column for column in DATASETS["products"].columns if column.name == "net_sales")
    one = Dataset(
        name="one", title="", summary="", columns=columns, rows="SELECT -1350 AS net_sales_minor", order_by="1"
    )

    (row,) = parquet.read_table(io.BytesIO(written(one, currency))).to_pylist()

    assert f"{row['net_sales']:f}" == expected


def test_a_long_file_has_row_groups(monkeypatch):
    monkeypatch.setattr(writing_parquet, "ROW_GROUP", 100)
    many = make_dataset("many", lambda: ((number, DAY, f"row {number}") for number in range(250)))

    file = parquet.ParquetFile(io.BytesIO(written(many)))

    assert (file.num_row_groups, file.metadata.num_rows) == (3, 250)


def test_a_dataset_by_month_is_an_archive_with_a_file_for_each_month(monkeypatch):
    def rows():
        yield from ((number, date(2026, 5, 30 + number), "May") for number in range(2))
        yield from ((number, date(2026, 6, 1), "June") for number in range(3))

    archive = zipfile.ZipFile(io.BytesIO(written(make_dataset("by_month", rows, by_month="day"))))

    assert archive.namelist() == ["by_month/month=2026-05/by_month.parquet", "by_month/month=2026-06/by_month.parquet"]
    counts = [parquet.read_metadata(io.BytesIO(archive.read(name))).num_rows for name in archive.namelist()]
    assert counts == [2, 3]


def test_nulls_stay_nulls_and_nothing_is_still_a_file():
    columns = (
        Column("amount", Kind.MONEY, "", source="amount"),
        Column("at", Kind.MOMENT, ""),
        Column("day", Kind.DAY, ""),
    )
    rows = "SELECT NULL AS amount, NULL AS at, NULL AS day"
    one = Dataset(name="one", title="", summary="", columns=columns, rows=rows, order_by="1")
    none = make_dataset("none", lambda: iter(()))

    assert parquet.read_table(io.BytesIO(written(one))).to_pylist() == [{"amount": None, "at": None, "day": None}]
    assert parquet.read_table(io.BytesIO(written(none))).num_rows == 0


def test_without_pyarrow_it_is_not_offered_and_a_sentence_says_what_to_install(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    writing_parquet._arrow.cache_clear()
    try:
        client.force_login(make_user("analyst"))
        page = client.get("/console/exports/orders/new/").content.decode()
        answer = client.post(
            "/console/exports/orders/", {"format": "parquet", "from": "2026-06-01", "to": "2026-06-04"}
        )
        run = make_run(file_format="parquet")
        write_due_files()
    finally:
        writing_parquet._arrow.cache_clear()

    assert 'value="parquet"' not in page
    assert MISSING in page
    assert (answer.status_code, answer.context["notices"]) == (422, [MISSING])
    assert ExportRun.objects.get(pk=run.pk).error == MISSING
