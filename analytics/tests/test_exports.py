"""The files: what stands in each, who gets which columns, what is recorded, and that no cell is taken for a formula."""

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings

from accounts.tests.factories import make_user
from analytics.exports import exporting
from analytics.exports.csv_text import guarded, line
from analytics.exports.datasets import DATASETS, Dataset, register
from analytics.exports.exporting import export
from analytics.figures.windows import Window
from analytics.kpis import SCALARS
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_refund, make_sale
from audit.models import AuditRecord
from products.tests.factories import make_category, make_product, make_variant

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)
WINDOW = {"from": "2026-06-01", "to": "2026-06-04", "currency": "GBP"}
HOSTILE = '=HYPERLINK("http://evil.example","x")'


def download(client, dataset: str, role: str = "analyst", **more: str):
    client.force_login(make_user(role))
    return client.post(f"/console/exports/{dataset}/", WINDOW | more)


def rows(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))


def test_the_figures_are_those_of_the_registry(client):
    make_sale(DAY)
    build = build_snapshots(CHANGES).build

    found = rows(download(client, "kpi_summary"))

    assert [row["kpi"] for row in found] == [kpi.id for kpi in SCALARS]
    assert found[3] == {
        "kpi": "net_sales",
        "title": "Net sales",
        "unit": "money",
        "currency": "GBP",
        "from": "2026-06-01",
        "to": "2026-06-04",
        "value_minor": "833",
        "value": "8.33",
        "build": str(build.pk),
    }


def test_orders_hold_what_the_ledger_says_of_those_sold_in_the_window(client):
    order = make_sale(datetime(2026, 6, 1, 22, 59, 59, 999_000, tzinfo=UTC), quantity=2)
    make_refund(order, date(2026, 6, 9), goods_minor=4000)
    make_sale(date(2026, 6, 5))
    make_sale(DAY, is_test=True)

    (row,) = rows(download(client, "orders"))

    assert (row["order_number"], row["order_id"], row["status"]) == (order.number, str(order.pk), "paid")
    assert (row["paid_at"], row["business_day"]) == ("2026-06-01T22:59:59Z", "2026-06-01")
    assert (row["units"], row["net_units"]) == ("2", "2")
    assert (row["gross_sales_minor"], row["gross_sales"]) == ("1667", "16.67")
    assert (row["returns_minor"], row["returns"]) == ("4000", "40.00")
    assert (row["net_sales_minor"], row["net_sales"]) == ("-2333", "-23.33")
    assert int(row["total_sales_minor"]) == order.total_minor - 4000
    assert row["refunds_cash"] == "40.00"


def test_products_stand_with_their_sums_and_a_margin_where_the_cost_is_known(client):
    shelf = make_category("Serums")
    known = make_product("Calm", variants=[{"price_minor": 1200, "cost_minor": 300, "sku": "CALM-1"}], category=shelf)
    unknown = make_variant(price_minor=120)
    make_sale(DAY, variant=known.variants.get(), quantity=2)
    make_sale(DAY, variant=unknown)
    build_snapshots(CHANGES)

    first, second = rows(download(client, "products"))

    assert (first["product"], first["sku"], first["category"]) == ("Calm", "CALM-1", "Serums")
    assert (first["units"], first["net_sales"], first["margin_minor"], first["margin"]) == (
        "2",
        "20.00",
        "1400",
        "14.00",
    )
    assert (second["product_id"], second["margin_minor"], second["margin"]) == (str(unknown.product_id), "", "")


def test_customers_stand_with_what_they_bought_and_gave_back_in_the_window(client):
    order = make_sale(date(2026, 5, 1), email="alice@example.com")
    make_refund(order, DAY, goods_minor=300)
    make_sale(date(2026, 6, 2), email="bob@example.com")
    make_sale(date(2026, 6, 3), email="Bob@example.com")
    build_snapshots(CHANGES)

    alice, bob = rows(download(client, "customers"))

    assert (alice["first_sale_day"], alice["last_sale_day"], alice["orders"]) == ("2026-05-01", "", "0")
    assert (alice["net_sales_minor"], alice["net_sales"]) == ("-300", "-3.00")
    assert (bob["first_sale_day"], bob["last_sale_day"], bob["orders"]) == ("2026-06-02", "2026-06-03", "2")


def test_the_rows_of_every_file_add_up_to_the_figures(client):
    for day in range(1, 5):
        make_refund(make_sale(date(2026, 6, day), quantity=day), date(2026, 6, day), goods_minor=day * 7)
    build_snapshots(CHANGES)
    figures = {row["kpi"]: row["value_minor"] for row in rows(download(client, "kpi_summary"))}

    for dataset in ("orders", "products", "customers"):
        found = rows(download(client, dataset))
        for kpi in ("gross_sales", "discounts", "returns", "net_sales"):
            assert str(sum(int(row[f"{kpi}_minor"]) for row in found)) == figures[kpi]


def test_people_are_left_out_unless_the_role_may_export_them(client):
    make_sale(DAY, email="alice@example.com", customer_name="Alice")

    for role in ("analyst", "ops"):
        for dataset in ("orders", "customers"):
            header = download(client, dataset, role).getvalue().decode().splitlines()[0].split(",")
            assert {"email", "name"} & set(header) == set()
    assert rows(download(client, "orders", "admin"))[0]["email"] == "alice@example.com"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(client, first):
    make_sale(DAY, variant=make_product(f"{first}cmd|' /C calc'!A0").variants.get())
    build_snapshots(CHANGES)

    (row,) = rows(download(client, "products"))

    assert row["product"] == f"'{first}cmd|' /C calc'!A0"


def test_an_address_that_is_a_formula_is_text(client):
    order = make_sale(DAY)
    order.email = HOSTILE
    order.save(update_fields=["email"])

    assert rows(download(client, "orders", "admin"))[0]["email"] == f"'{HOSTILE}"


def test_the_bytes_are_the_same_on_both_databases():
    product = make_product('Say "ah", then\nnothing', variants=[{"price_minor": 1200, "sku": "S,1"}], slug="say-ah")
    make_sale(DAY, variant=product.variants.get())
    build_snapshots(CHANGES)

    written = b"".join(export(DATASETS["products"], Window(DAY, DAY), "GBP"))

    assert written == (
        b"product_id,product,sku,category,currency,units,net_units,gross_sales_minor,gross_sales,discounts_minor,"
        b"discounts,returns_minor,returns,net_sales_minor,net_sales,margin_minor,margin\n"
        + f'{product.pk},"Say ""ah"", then\nnothing","S,1",,GBP,1,1,1000,10.00,0,0.00,0,0.00,1000,10.00,,\n'.encode()
    )


def test_a_long_window_is_read_another_way_to_the_same_bytes(monkeypatch):
    for day in range(1, 8):
        order = make_sale(date(2026, 6, day), quantity=1 + day % 3, email=f"b{day}@example.com")
        if day % 2:
            make_refund(order, date(2026, 6, 9), goods_minor=day, fails=day == 3)
    window = Window(date(2026, 6, 2), date(2026, 6, 6))

    found = []
    for most in (0, 9):  # every window holds most of the days, and none does
        monkeypatch.setattr(exporting, "MOST", most)
        found.append(b"".join(export(DATASETS["orders"], window, "GBP", with_personal=True)))

    assert found[0] == found[1]
    assert found[0].count(b"\n") == 6


def test_a_download_that_is_broken_off_leaves_the_connection_as_it_was():
    make_sale(DAY)
    pieces = export(DATASETS["orders"], Window(DAY, DAY), "GBP")
    assert [next(pieces)[:12], next(pieces)[:3]] == [b"order_number", b"PL-"]

    pieces.close()

    assert b"".join(export(DATASETS["orders"], Window(DAY, DAY), "GBP")).count(b"\n") == 2


@pytest.mark.parametrize(
    ("currency", "minor", "text"),
    [
        ("GBP", -4000, "-40.00"), ("GBP", 5, "0.05"), ("GBP", -5, "-0.05"), ("JPY", -1350, "-1350"),
        ("KWD", 1250, "1.250"), ("KWD", -7, "-0.007"), ("GBP", 0, "0.00"),
    ],
)  # fmt: skip
def test_money_has_the_decimals_of_its_currency(currency, minor, text):
    columns = tuple(column for column in DATASETS["products"].columns if column.name == "net_sales")
    source = f"SELECT '{currency}' AS currency, {minor} AS net_sales_minor"
    one = Dataset(name="one", title="", summary="", columns=columns, rows=source, order_by="1")

    assert b"".join(export(one, Window(DAY, DAY), currency)).decode() == f"net_sales\n{text}\n"


def test_for_excel_the_file_begins_with_a_byte_order_mark(client):
    plain = download(client, "kpi_summary").getvalue()
    marked = download(client, "kpi_summary", excel="1").getvalue()

    assert marked == b"\xef\xbb\xbf" + plain
    client.force_login(make_user("analyst"))
    by_address = client.post("/console/exports/kpi_summary/?excel=1", WINDOW)
    assert by_address.getvalue() == marked


def test_a_file_names_what_is_in_it_and_is_kept_by_nobody(client):
    answer = download(client, "orders")

    assert answer["Content-Disposition"] == 'attachment; filename="orders_2026-06-01_2026-06-04_GBP.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    assert answer.streaming


def test_each_export_is_recorded_and_so_is_each_refusal(client):
    download(client, "orders")

    done = AuditRecord.objects.get(action="export.run")
    assert (done.outcome, done.actor_role) == ("done", "analyst")
    assert done.changes == {"dataset": "orders", "personal": False} | WINDOW

    before = AuditRecord.objects.count()
    assert download(client, "orders", "customer").status_code == 404
    refused = AuditRecord.objects.order_by("-id")[0]
    assert (AuditRecord.objects.count(), refused.outcome, refused.actor_role) == (before + 1, "refused", "customer")


@pytest.mark.parametrize("bad", [{"from": "2026-06-09"}, {"currency": "GBX"}, {"from": "x"}])
def test_days_that_make_no_sense_give_a_sentence_and_no_file(client, bad):
    answer = download(client, "orders", **bad)

    assert (answer.status_code, answer.streaming) == (422, False)
    assert len(answer.context["notices"]) == 1
    assert AuditRecord.objects.filter(action="export.run").count() == 0


def test_there_is_no_file_of_another_name(client):
    assert download(client, "passwords").status_code == 404


def test_the_page_of_exports_shows_the_columns_that_somebody_gets(client):
    analyst = make_user("analyst")
    client.force_login(analyst)
    page = client.get("/console/exports/", WINDOW)
    shown = {
        dataset.name: [column.name for column in columns]
        for _, datasets in page.context["shelves"]
        for dataset, columns in datasets
    }

    assert set(shown) == {
        name for name, one in DATASETS.items() if analyst.has_perm(one.permission or "rbac.exports_run")
    }
    assert "email" not in shown["orders"]
    assert "1 Jun 2026 to 4 Jun 2026, in GBP" in page.content.decode()


def test_the_contract_locks_every_header():
    contract = json.loads((Path(settings.BASE_DIR) / "docs/contracts/kpi_contract.json").read_text())

    assert contract["exports"] == {
        name: [{"name": c.name, "kind": str(c.kind), "personal": c.is_personal} for c in dataset.columns]
        for name, dataset in DATASETS.items()
    }


def test_two_datasets_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two datasets named orders"):
        register(Dataset(name="orders", title="", summary="", columns=()))


def test_lines_are_quoted_as_copy_quotes_them():
    assert line(["a", "", None, 'b"c', "d,e", "f\ng", " h", "\0i"]) == 'a,,,"b""c","d,e","f\ng", h,\'\0i\n'
    assert [guarded(cell) for cell in ("=1", "-1", "1-", "")] == ["'=1", "'-1", "1-", ""]
