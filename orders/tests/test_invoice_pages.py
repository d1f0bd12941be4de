"""Invoices and credit notes as pages: for owner, guest and staff, found again, added up, and as PDF where that is."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.tests.factories import make_user
from core.models import StoreSetting
from orders import pdf
from orders.ledger import RefundedLine
from orders.links import guest_path, guest_signature
from orders.models import Invoice, Order, OrderAddress
from orders.refunding import book_refund
from orders.tests.factories import (
    line_of,
    make_cart,
    make_discount,
    make_order,
    make_shipping_method,
    make_tax_rate,
    pay,
    place,
)
from products.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db
LIST = "/console/invoices/"
Kind = Invoice.Kind


def refund(order: Order, refund_id: int = 1, *, at: datetime | None = None, quantity: int = 0, **more: Any) -> Invoice:
    goods, tax = more.pop("goods", 100), more.pop("tax", 20)
    book_refund(
        order,
        refund_id=refund_id,
        at=at or timezone.now(),
        amount_minor=goods + tax + more.get("shipping_minor", 0) + more.get("shipping_tax_minor", 0),
        lines=[RefundedLine(line_of(order), quantity, goods, tax)],
        **{"shipping_minor": 0, "shipping_tax_minor": 0, **more},
    )
    return Invoice.objects.filter(kind=Kind.CREDIT_NOTE).latest("number")


def page(client: Client, url: str, **query: Any) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def words(html: str) -> str:
    return " ".join(strip_tags(html.replace("<", " <")).split()).replace("\u00a0", " ")


@pytest.fixture
def ops(client: Client) -> Client:
    client.force_login(make_user("ops"))
    return client


def test_an_invoice_shows_lines_rates_discounts_delivery_and_totals(client: Client) -> None:
    make_shipping_method(price_minor=350)
    make_tax_rate(rate_bps=550, tax_class="reduced")
    make_discount("TENTH")
    cream = make_variant(make_product("Night Cream", variants=()), price_minor=1500, name="50 ml", sku="NC-50")
    book = make_variant(make_product("Skin Book", variants=()), price_minor=1000, tax_class="reduced", sku="BOOK")
    order = make_order({cream: 3, book: 1}, paid=True, discount_code="TENTH")

    shown = words(page(client, f"{guest_path(order)}invoice/"))

    assert "Invoice INV-000001" in shown
    assert "Night Cream, 50 ml NC-50 3 £15.00 £4.50 20 % £33.75 £6.75 £40.50" in shown
    assert "Skin Book BOOK 1 £10.00 £1.00 5.5 % £8.53 £0.47 £9.00" in shown
    assert "Delivery, Standard 1 £3.50 – 20 % £2.92 £0.58 £3.50" in shown
    assert "20 % £36.67 £7.33 £44.00 5.5 % £8.53 £0.47 £9.00 Total £45.20 £7.80 £53.00" in shown
    assert "Charlie Clay 1 Green Lane Leeds LS1 4AP United Kingdom" in shown
    assert "Prices and discounts include VAT." in shown


def test_a_credit_note_says_what_it_credits_with_lines_as_they_were_given_back(client: Client) -> None:
    StoreSetting.objects.create(seller_name="Laka Ltd", seller_address="1 Kiln Road", vat_number="GB123")
    cream = make_variant(make_product("Night Cream", variants=()), price_minor=1500, sku="NC-50")
    order = make_order({cream: 3}, paid=True)
    when = datetime(2026, 6, 3, 23, 30, tzinfo=UTC)
    refund(order, 41, at=when, quantity=1, goods=1250, tax=250, shipping_minor=292, shipping_tax_minor=58)

    shown = words(page(client, f"{guest_path(order)}credit-notes/1/"))

    assert "Credit note CN-000001" in shown
    assert "Date 4 June 2026" in shown
    assert "Credits Invoice INV-000001 of" in shown
    assert "Refund Number 41" in shown
    assert "Laka Ltd 1 Kiln Road VAT number GB123" in shown
    assert "Night Cream NC-50 1 20 % £12.50 £2.50 £15.00" in shown
    assert "Delivery – a part of the price 20 % £2.92 £0.58 £3.50" in shown
    assert "Net £15.42 VAT £3.08 Credited £18.50" in shown
    assert "20 % £15.42 £3.08 £18.50 Total £15.42 £3.08 £18.50" in shown


def test_a_credit_note_that_takes_one_back_says_which_and_counts_the_other_way(client: Client) -> None:
    order = make_order(paid=True)
    refund(order, quantity=1)
    refund(order, quantity=1, is_reversal=True)

    first = words(page(client, f"{guest_path(order)}credit-notes/1/"))
    second = words(page(client, f"{guest_path(order)}credit-notes/2/"))

    assert "takes back" not in first
    assert "It takes back credit note CN-000001: the refund failed" in second
    assert "20 % -£1.00 -£0.20 -£1.20" in second
    assert "Credited -£1.20" in second


def test_the_buyer_is_gone_from_a_document_once_they_are_erased(client: Client) -> None:
    order = make_order(paid=True)
    OrderAddress.objects.filter(order=order).delete()

    shown = page(client, f"{guest_path(order)}invoice/")

    assert "Charlie Clay" not in shown
    assert "<dt>Buyer</dt>" not in shown


def test_owner_guest_and_staff_see_the_same_and_nobody_else_does(client: Client) -> None:
    owner = make_user()
    order = pay(place(make_cart(), user=owner))
    note = refund(order)
    signature = guest_signature(order)
    of_owner = [f"/orders/{order.public_id}/invoice/", f"/orders/{order.public_id}/credit-notes/{note.number}/"]
    of_guest = [f"/orders/{order.public_id}/{signature}/invoice/"]
    of_guest += [f"/orders/{order.public_id}/{signature}/credit-notes/{note.number}/"]
    of_staff = [reverse("orders:console_invoice", args=[document.pk]) for document in Invoice.objects.order_by("-kind")]

    assert [client.get(url).status_code for url in of_owner] == [302, 302]
    as_guest = [words(page(client, url)) for url in of_guest]
    client.force_login(owner)
    assert [words(page(client, url)) for url in of_owner] == as_guest
    assert [client.get(url).status_code for url in of_staff] == [404, 404]
    client.force_login(make_user())
    assert [client.get(url).status_code for url in of_owner] == [404, 404]
    client.force_login(make_user("analyst"))
    assert [client.get(url).status_code for url in of_staff] == [403, 403]
    client.force_login(make_user("ops"))
    assert [words(page(client, url)) for url in of_staff] == as_guest


@pytest.mark.parametrize("number", [0, 2, 99999999999999999999])
def test_a_credit_note_of_another_order_or_none_does_not_exist(client: Client, number: int) -> None:
    order, other = make_order(paid=True), make_order(paid=True)
    refund(order)
    refund(other, 2)

    assert client.get(f"{guest_path(order)}credit-notes/{number}/").status_code == 404
    assert client.get(f"/orders/{order.public_id}/wrong-signature/credit-notes/1/").status_code == 404


def test_the_pages_of_an_order_link_its_documents(client: Client) -> None:
    order = make_order(paid=True)
    note = refund(order)

    shown = page(client, guest_path(order))
    client.force_login(make_user("ops"))
    of_staff = page(client, reverse("orders:console_detail", args=[order.pk]))
    client.force_login(make_user("analyst"))

    assert f'href="{guest_path(order)}invoice/">Invoice INV-000001' in shown
    assert f'href="{guest_path(order)}credit-notes/1/">Credit note CN-000001' in shown
    assert f'href="/console/invoices/{order.invoices.get(kind=Kind.INVOICE).pk}/">INV-000001' in of_staff
    assert f'href="/console/invoices/{note.pk}/">CN-000001' in of_staff


def listed(client: Client, **query: Any) -> list[str]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return [document.reference for document in response.context["page"]]


def test_documents_are_found_by_their_number_their_order_and_their_buyer(ops: Client) -> None:
    first = make_order(paid=True, email="alice@example.com", customer_name="Alice Ash")
    second = make_order(paid=True, email="bob@example.com")
    refund(first)

    assert listed(ops) == ["CN-000001", "INV-000002", "INV-000001"]
    assert listed(ops, q="INV-000002") == ["INV-000002"]
    assert listed(ops, q="cn 1") == ["CN-000001"]
    assert listed(ops, q="2") == ["INV-000002"]
    assert listed(ops, q=first.number) == ["CN-000001", "INV-000001"]
    assert listed(ops, q="alice@") == ["CN-000001", "INV-000001"]
    assert listed(ops, q="Ash", kind="invoice") == ["INV-000001"]
    assert listed(ops, q=second.number, kind="credit_note") == []
    assert listed(ops, q="nobody") == []


def test_a_month_is_that_of_the_store_and_its_sums_stand_below(ops: Client) -> None:
    make_tax_rate()
    june = make_order()
    pay(june, at=datetime(2026, 5, 31, 23, 30, tzinfo=UTC))  # half past midnight in London
    may = make_order()
    pay(may, at=datetime(2026, 5, 31, 22, 30, tzinfo=UTC))
    refund(june, at=datetime(2026, 6, 30, 22, 59, tzinfo=UTC), goods=500, tax=100)
    refund(may, 2, at=datetime(2026, 6, 30, 23, 1, tzinfo=UTC))

    response = ops.get(LIST, {"month": "2026-06"})

    assert [document.reference for document in response.context["page"]] == ["CN-000001", "INV-000001"]
    (sums,) = response.context["sums"]
    assert (sums.currency, sums.invoices, sums.credit_notes) == ("GBP", 1, 1)
    assert (sums.invoiced_minor, sums.credited_minor) == (june.total_minor, 600)
    assert sums.total_minor == sums.net_minor + sums.tax_minor == june.total_minor - 600


def test_currencies_are_never_added(ops: Client, settings: Any) -> None:
    make_order(paid=True)
    settings.STORE_CURRENCY = "JPY"
    method = make_shipping_method("Yen", currency="JPY", price_minor=500)
    make_order({make_variant(price_minor=3000, currency="JPY"): 1}, paid=True, method=method)

    shown = words(page(ops, LIST))

    assert "GBP 1 £13.50 0 £0.00" in shown
    assert "JPY 1 ¥3,500 0 ¥0" in shown


@pytest.mark.parametrize("month", ["2026-13", "2026-6", "0001-01", "x", "2026-06-01"])
def test_a_month_that_is_none_narrows_nothing_and_is_said(ops: Client, month: str) -> None:
    make_order(paid=True)

    response = ops.get(LIST, {"month": month})

    assert [document.reference for document in response.context["page"]] == ["INV-000001"]
    assert "Enter a month like 2026-11." in response.content.decode()


def test_an_empty_list_says_what_will_be_there(ops: Client) -> None:
    assert "No invoices yet" in page(ops, LIST)
    assert "No document matches" in page(ops, LIST, q="INV-1")


def test_the_list_costs_as_many_queries_for_many_as_for_one(ops: Client) -> None:
    make_order(paid=True)
    with CaptureQueriesContext(connection) as for_one:
        page(ops, LIST)
    for number in range(15):
        refund(make_order(paid=True), number + 1)

    with CaptureQueriesContext(connection) as for_many:
        shown = page(ops, LIST)

    assert "1–25 of 31 documents" in shown
    assert len(for_many) == len(for_one)


def test_without_weasyprint_there_is_no_pdf_and_no_link(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    pdf._renderer.cache_clear()
    order = make_order(paid=True)

    try:
        assert "format=pdf" not in page(client, f"{guest_path(order)}invoice/")
        assert client.get(f"{guest_path(order)}invoice/", {"format": "pdf"}).status_code == 404
        with pytest.raises(RuntimeError, match="not installed"):
            pdf.render_pdf("<p>x</p>")
    finally:
        pdf._renderer.cache_clear()


@pytest.mark.skipif(not pdf.is_available(), reason="WeasyPrint is an extra: pip install weasyprint")
def test_with_weasyprint_the_same_page_comes_as_pdf(client: Client) -> None:
    order = make_order(paid=True)

    assert 'href="?format=pdf"' in page(client, f"{guest_path(order)}invoice/")
    answer = client.get(f"{guest_path(order)}invoice/", {"format": "pdf"})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
    assert answer.content.startswith(b"%PDF-")
    assert len(answer.content) > 3_000


@pytest.mark.skipif(not pdf.is_available(), reason="WeasyPrint is an extra: pip install weasyprint")
def test_a_pdf_fetches_nothing(caplog: pytest.LogCaptureFixture) -> None:
    made = pdf.render_pdf('<p>x</p><img alt="gone" src="http://127.0.0.1:9/a.png"><img src="file:///etc/hostname">')

    assert made.startswith(b"%PDF-")
    assert b"/Subtype /Image" not in made
