"""The accountant's files: tax by country, rate and month, and a balanced journal; both equal ledger and invoices."""

import csv
import io
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client

from accounts.tests.factories import make_user
from analytics.exports.accounts import ACCOUNTS
from analytics.exports.datasets import DATASETS
from analytics.exports.exporting import export
from analytics.figures.windows import Window
from analytics.tests.factories import noon
from audit.models import AuditRecord
from core.models import StoreSetting
from monitoring.tests.planting import triggers_lifted
from orders.ledger import RefundedLine, post, refund_entries
from orders.models import Invoice, Order, OrderLine, SalesEntry
from orders.refunding import book_refund
from orders.tests.factories import line_of, make_discount, make_order, make_shipping_method, make_tax_rate, pay
from payments.models import Payment
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db
ALL = Window(date(2026, 1, 1), date(2026, 12, 31))
JUNE = Window(date(2026, 6, 1), date(2026, 6, 30))
HOSTILE = '=HYPERLINK("http://evil.example","x")'


def rows(dataset: str, window: Window = ALL, currency: str = "GBP") -> list[dict[str, str]]:
    text = b"".join(export(DATASETS[dataset], window, currency)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sell(day: date | datetime, *, tender: str = "stripe", **order: Any) -> Order:
    """A sale of that moment whose money was taken."""
    at = day if isinstance(day, datetime) else noon(day)
    sold = pay(make_order(order.pop("lines", None), **order), at=at)
    Payment.objects.create(
        order=sold,
        tender=tender,
        amount_minor=sold.total_minor,
        captured_minor=sold.total_minor,
        currency=sold.currency,
        status=Payment.Status.SUCCEEDED,
        disposition=Payment.Disposition.APPLIED,
    )
    return sold


def give_back(order: Order, refund_id: int, day: date, goods: int, tax: int, **more: Any) -> None:
    values = {"shipping_minor": 0, "shipping_tax_minor": 0, "is_reversal": False} | more
    part = RefundedLine(line_of(order), 0, goods, tax)
    amount = goods + tax + values["shipping_minor"] + values["shipping_tax_minor"]
    book_refund(order, refund_id=refund_id, at=noon(day), amount_minor=amount, lines=[part], **values)


def trade() -> list[Order]:
    """Two rates, two countries, prices with tax and without it, a discount, refunds, and one that failed."""
    make_tax_rate(rate_bps=500, tax_class="reduced")
    make_tax_rate("DE", rate_bps=1900)
    make_discount("TENTH")
    both = make_shipping_method(countries=["GB", "DE"])
    lines = {make_variant(price_minor=3333): 3, make_variant(price_minor=777, tax_class="reduced"): 2}
    one = sell(date(2026, 6, 3), lines=lines, discount_code="TENTH", method=both)
    two = sell(date(2026, 6, 20), country="DE", lines={make_variant(price_minor=2500): 1}, method=both)
    StoreSetting.objects.create(prices_include_tax=False)
    three = sell(date(2026, 7, 1), lines={make_variant(price_minor=1001): 3}, method=both)
    give_back(one, 1, date(2026, 6, 30), 1000, 200)
    give_back(one, 2, date(2026, 7, 2), 500, 100, shipping_minor=292, shipping_tax_minor=58)
    give_back(two, 3, date(2026, 7, 4), 2101, 399)
    give_back(two, 3, date(2026, 8, 1), 2101, 399, is_reversal=True)
    return [one, two, three]


def test_the_tax_report_stands_by_month_country_and_rate_with_refunds_in_their_own_month() -> None:
    trade()

    found = rows("tax_report")

    assert [(row["month"], row["country"], row["rate_bps"], row["rate"]) for row in found] == [
        ("2026-06", "DE", "1900", "19.00"),
        ("2026-06", "GB", "500", "5.00"),
        ("2026-06", "GB", "2000", "20.00"),
        ("2026-07", "DE", "1900", "19.00"),
        ("2026-07", "GB", "2000", "20.00"),
        ("2026-08", "DE", "1900", "19.00"),
    ]
    assert found[1] == {
        "month": "2026-06",
        "country": "GB",
        "rate_bps": "500",
        "rate": "5.00",
        "currency": "GBP",
        "sales_net_minor": "1332",
        "sales_net": "13.32",
        "sales_tax_minor": "67",
        "sales_tax": "0.67",
        "refunds_net_minor": "0",
        "refunds_net": "0.00",
        "refunds_tax_minor": "0",
        "refunds_tax": "0.00",
        "net_minor": "1332",
        "net": "13.32",
        "tax_minor": "67",
        "tax": "0.67",
        "total_minor": "1399",
        "total": "13.99",
        "entries": "1",
    }
    assert (found[4]["refunds_net"], found[4]["refunds_tax"]) == ("7.92", "1.58")
    assert (found[3]["net"], found[3]["tax"], found[5]["net"], found[5]["tax"]) == ("-21.01", "-3.99", "21.01", "3.99")


def test_the_tax_report_comes_to_the_ledger_and_to_invoices_less_credit_notes() -> None:
    trade()
    assert Invoice.objects.filter(kind="credit_note").count() == 4

    for window in (ALL, JUNE, Window(date(2026, 7, 1), date(2026, 7, 31))):
        found = rows("tax_report", window)
        days = {"day__range": (window.start, window.end)}
        ledger = SalesEntry.objects.filter(**days).aggregate(
            net=Sum("gross_minor") - Sum("discount_minor") - Sum("returns_minor") + Sum("shipping_minor"),
            tax=Sum("tax_minor"),
        )
        documents = {"net": 0, "tax": 0}
        by_rate: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for document in Invoice.objects.filter(**days):
            sign = -1 if document.is_credit_note else 1
            documents["net"] += sign * document.net_minor
            documents["tax"] += sign * document.tax_minor
            for rate in document.tax_rates:
                by_rate[str(rate["rate_bps"])][0] += sign * rate["net_minor"]
                by_rate[str(rate["rate_bps"])][1] += sign * rate["tax_minor"]
        reported: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for row in found:
            reported[row["rate_bps"]][0] += int(row["net_minor"])
            reported[row["rate_bps"]][1] += int(row["tax_minor"])
        assert reported == by_rate
        assert documents == ledger
        assert sum(int(row["net_minor"]) for row in found) == ledger["net"]
        assert sum(int(row["tax_minor"]) for row in found) == ledger["tax"]


def test_a_rate_or_a_country_that_an_import_does_not_know_is_empty() -> None:
    order = sell(date(2026, 6, 3), tender="imported")
    OrderLine.objects.filter(order=order).update(tax_rate_bps=None)
    Order.objects.filter(pk=order.pk).update(country="", shipping_tax_rate_bps=None)

    (row,) = rows("tax_report")

    assert (row["country"], row["rate_bps"], row["rate"]) == ("", "", "")
    assert int(row["total_minor"]) == order.total_minor


def test_a_month_ends_at_midnight_in_the_store() -> None:
    sell(datetime(2026, 6, 30, 22, 59, tzinfo=UTC))
    sell(datetime(2026, 6, 30, 23, 0, tzinfo=UTC))

    assert [row["month"] for row in rows("tax_report")] == ["2026-06", "2026-07"]


def test_a_sale_debits_where_the_money_is_and_credits_what_was_sold() -> None:
    make_discount("TENTH")
    cream = make_variant(make_product("Night Cream", variants=()), price_minor=1500, sku="NC-50")
    order = sell(date(2026, 6, 3), lines={cream: 3}, discount_code="TENTH")

    found = rows("journal")

    assert [(row["account"], row["debit"], row["credit"]) for row in found] == [
        ("1100", "40.50", ""),
        ("2200", "", "6.75"),
        ("4000", "", "37.50"),
        ("4010", "3.75", ""),
        ("1100", "3.50", ""),
        ("2200", "", "0.58"),
        ("4100", "", "2.92"),
    ]
    assert found[0] == {
        "date": "2026-06-03",
        "entry": f"sale-{order.pk}",
        "entry_id": str(SalesEntry.objects.get(kind="line").pk),
        "account": "1100",
        "account_name": "Stripe clearing",
        "debit_minor": "4050",
        "debit": "40.50",
        "credit_minor": "",
        "credit": "",
        "currency": "GBP",
        "order_number": order.number,
        "document": order.invoices.get().reference,
        "description": "NC-50 Night Cream",
        "country": "GB",
        "rate_bps": "2000",
    }


def test_a_refund_and_its_failure_are_booked_against_each_other_under_their_own_documents() -> None:
    order = sell(date(2026, 6, 3))
    give_back(order, 7, date(2026, 6, 4), 500, 100)
    give_back(order, 7, date(2026, 6, 5), 500, 100, is_reversal=True)

    found = [row for row in rows("journal") if row["entry"] != f"sale-{order.pk}"]

    assert [(row["entry"], row["document"], row["account"], row["debit"], row["credit"]) for row in found] == [
        ("refund-7", "CN-000001", "1100", "", "6.00"),
        ("refund-7", "CN-000001", "2200", "1.00", ""),
        ("refund-7", "CN-000001", "4020", "5.00", ""),
        ("refund-failed-7", "CN-000002", "1100", "6.00", ""),
        ("refund-failed-7", "CN-000002", "2200", "", "1.00"),
        ("refund-failed-7", "CN-000002", "4020", "", "5.00"),
    ]


def test_every_entry_balances_and_the_accounts_come_to_the_ledger() -> None:
    orders = trade()

    found = rows("journal")

    balances: dict[str, int] = defaultdict(int)
    groups: dict[str, int] = defaultdict(int)
    accounts: dict[str, int] = defaultdict(int)
    for row in found:
        assert (row["debit_minor"] == "") != (row["credit_minor"] == "")
        amount = int(row["debit_minor"] or 0) - int(row["credit_minor"] or 0)
        balances[row["entry_id"]] += amount
        groups[row["entry"]] += amount
        accounts[row["account"]] += amount
    assert set(balances.values()) == set(groups.values()) == {0}
    ledger = SalesEntry.objects.aggregate(
        **{name: Sum(f"{name}_minor") for name in ("gross", "discount", "returns", "shipping", "tax")}
    )
    assert accounts == {
        "1100": sum(order.paid_minor for order in orders) - (1200 + 600 + 350),
        "2200": -ledger["tax"],
        "4000": -ledger["gross"],
        "4010": ledger["discount"],
        "4020": ledger["returns"],
        "4100": -ledger["shipping"],
    }
    assert set(balances) == {str(pk) for pk in SalesEntry.objects.exclude(kind="sale").values_list("pk", flat=True)}


def test_money_that_was_taken_elsewhere_is_in_an_account_of_its_own_without_a_document() -> None:
    order = sell(date(2026, 6, 3), tender="imported")
    post(refund_entries(order, refund_id=9, at=noon(date(2026, 6, 4)), lines=[RefundedLine(line_of(order), 0, 5, 1)]))

    found = rows("journal")

    assert {row["account"] for row in found} == {"1190", "2200", "4000", "4100", "4020"}
    assert {row["document"] for row in found if row["entry"] == "refund-9"} == {""}


@pytest.mark.parametrize("number", [1, 999_999, 1_000_000])
def test_a_document_is_named_as_it_is_printed(number: int) -> None:
    order = sell(date(2026, 6, 3))
    with triggers_lifted():
        Invoice.objects.filter(order=order).update(number=number)

    assert {row["document"] for row in rows("journal")} == {Invoice.objects.get().reference}


def test_days_and_currency_narrow_both_files() -> None:
    trade()

    assert {row["date"][:7] for row in rows("journal", JUNE)} == {"2026-06"}
    assert rows("journal", ALL, "EUR") == rows("tax_report", ALL, "EUR") == []


def test_no_cell_is_taken_for_a_formula_and_amounts_stay_numbers() -> None:
    variant = make_variant(make_product(HOSTILE, slug="hostile", variants=()), sku="=1+1")
    order = sell(date(2026, 6, 3), lines={variant: 1})
    give_back(order, 1, date(2026, 7, 1), 500, 100)

    assert {row["description"][:2] for row in rows("journal")} == {"'=", "De"}
    assert rows("tax_report")[-1]["net"] == "-5.00"


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_amounts_have_the_decimals_of_their_currency(currency: str, settings: Any) -> None:
    settings.STORE_CURRENCY = currency
    method = make_shipping_method(price_minor=0, currency=currency)
    sell(date(2026, 6, 3), lines={make_variant(price_minor=1200, currency=currency): 1}, method=method)

    (taxed,) = rows("tax_report", ALL, currency)
    debit = rows("journal", ALL, currency)[0]

    assert (taxed["total"], debit["debit"]) == {"JPY": ("1200", "1200"), "KWD": ("1.200", "1.200")}[currency]


def test_the_bytes_are_the_same_on_both_databases() -> None:
    variant = make_variant(make_product('Say "ah", then\nnothing', slug="ah", variants=()), sku="S,1", price_minor=1200)
    order = sell(date(2026, 6, 3), lines={variant: 1}, method=make_shipping_method(price_minor=0))
    entry = SalesEntry.objects.get(kind="line")

    journal = b"".join(export(DATASETS["journal"], JUNE, "GBP"))
    report = b"".join(export(DATASETS["tax_report"], JUNE, "GBP"))

    head = f"2026-06-03,sale-{order.pk},{entry.pk}"
    tail = f'GBP,{order.number},INV-000001,"S,1 Say ""ah"", then\nnothing",GB,2000\n'
    assert journal.decode().split("\n", 1)[1] == (
        f"{head},1100,Stripe clearing,1200,12.00,,,{tail}"
        f"{head},2200,VAT,,,200,2.00,{tail}"
        f"{head},4000,Sales,,,1000,10.00,{tail}"
    )
    assert report == (
        b"month,country,rate_bps,rate,currency,sales_net_minor,sales_net,sales_tax_minor,sales_tax,refunds_net_minor,"
        b"refunds_net,refunds_tax_minor,refunds_tax,net_minor,net,tax_minor,tax,total_minor,total,entries\n"
        b"2026-06,GB,2000,20.00,GBP,1000,10.00,200,2.00,0,0.00,0,0.00,1000,10.00,200,2.00,1200,12.00,1\n"
    )


@pytest.mark.parametrize("dataset", ["tax_report", "journal"])
def test_a_role_that_may_export_gets_the_file_and_it_is_recorded(client: Client, dataset: str) -> None:
    trade()
    window = {"from": "2026-06-01", "to": "2026-06-30", "currency": "GBP"}

    client.force_login(make_user())
    assert client.post(f"/console/exports/{dataset}/", window).status_code == 404
    client.force_login(make_user("analyst"))
    answer = client.post(f"/console/exports/{dataset}/", window)

    header = answer.getvalue().decode().splitlines()[0].split(",")
    assert header == [column.name for column in DATASETS[dataset].columns]
    done = AuditRecord.objects.get(action="export.run")
    assert done.changes == {"dataset": dataset, "personal": False} | window


def test_the_accounts_have_codes_of_their_own() -> None:
    assert len({account.code for account in ACCOUNTS}) == len(ACCOUNTS)
