"""Invoices and credit notes: tax by rate that adds up, the seller as it was, numbers that the database itself holds."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.models import NumberSeries, StoreSetting
from core.tests.races import at_once
from orders.invoices import Rated, by_rate, issue, issue_invoice
from orders.ledger import RefundedLine
from orders.models import Invoice, Order
from orders.refunding import book_refund
from orders.tests.factories import line_of, make_order, make_shipping_method, make_tax_rate, pay
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db
Kind = Invoice.Kind


def refund(order: Order, refund_id: int = 1, *, goods: int = 100, tax: int = 20, **more: Any) -> None:
    values = {"shipping_minor": 0, "shipping_tax_minor": 0} | more
    book_refund(
        order,
        refund_id=refund_id,
        at=timezone.now(),
        amount_minor=goods + tax + values["shipping_minor"] + values["shipping_tax_minor"],
        lines=[RefundedLine(line_of(order), 0, goods, tax)],
        **values,
    )


def order_with_two_rates(**changes: Any) -> Order:
    """3 x 33.33 at 20 %, 2 x 7.77 at 5 %, delivery 3.50 at 20 %."""
    make_tax_rate(rate_bps=500, tax_class="reduced")
    lines = {make_variant(price_minor=3333): 3, make_variant(price_minor=777, tax_class="reduced"): 2}
    return make_order(lines, paid=True, **changes)


@pytest.mark.parametrize("prices_include_tax", [True, False])
def test_an_invoice_holds_its_tax_by_rate_with_delivery_under_its_own(prices_include_tax: bool) -> None:
    StoreSetting.objects.create(prices_include_tax=prices_include_tax)
    order = order_with_two_rates()

    invoice = Invoice.objects.get(order=order)

    inside = {2000: (8624, 1725), 500: (1480, 74)}
    on_top = {2000: (10349, 2070), 500: (1554, 78)}
    expected = inside if prices_include_tax else on_top
    assert {row["rate_bps"]: (row["net_minor"], row["tax_minor"]) for row in invoice.tax_rates} == expected
    assert [row["rate_bps"] for row in invoice.tax_rates] == [2000, 500]
    assert (invoice.total_minor, invoice.tax_minor) == (order.total_minor, order.tax_minor)
    assert sum(row["net_minor"] for row in invoice.tax_rates) == invoice.net_minor
    assert sum(row["tax_minor"] for row in invoice.tax_rates) == invoice.tax_minor


def test_amounts_stand_under_their_rate_the_unknown_last_and_nothing_under_none_of_it() -> None:
    rated = [Rated(None, 5, 1), Rated(0, 700, 0), Rated(2000, 100, 20), Rated(500, 0, 0), Rated(2000, 50, 10)]

    assert by_rate(rated) == [
        {"rate_bps": 2000, "net_minor": 150, "tax_minor": 30},
        {"rate_bps": 0, "net_minor": 700, "tax_minor": 0},
        {"rate_bps": None, "net_minor": 5, "tax_minor": 1},
    ]
    assert by_rate([]) == []


def test_a_free_order_has_an_invoice_over_nothing() -> None:
    make_shipping_method(price_minor=0)
    order = make_order({make_variant(price_minor=0): 1}, paid=True)

    invoice = Invoice.objects.get(order=order)

    assert (invoice.total_minor, invoice.tax_rates) == (0, [])


def test_the_seller_is_frozen_on_each_document_as_it_is_on_its_day() -> None:
    StoreSetting.objects.create(seller_name="Laka Ltd", seller_address="1 Kiln Road\nLeeds", vat_number="GB123")
    order = make_order(paid=True)
    StoreSetting.objects.update(seller_name="Laka plc", vat_number="GB456")
    refund(order)

    invoice, note = Invoice.objects.get(kind=Kind.INVOICE), Invoice.objects.get(kind=Kind.CREDIT_NOTE)

    assert invoice.seller == {"name": "Laka Ltd", "address": "1 Kiln Road\nLeeds", "vat_number": "GB123"}
    assert note.seller == {"name": "Laka plc", "address": "1 Kiln Road\nLeeds", "vat_number": "GB456"}


def test_a_refund_is_credited_under_the_rates_of_its_lines_and_of_delivery() -> None:
    order = order_with_two_rates()
    reduced = line_of(order, 2)
    at = timezone.now()

    book_refund(
        order,
        refund_id=7,
        at=at,
        amount_minor=740 + 37 + 292 + 58,
        lines=[RefundedLine(reduced, 1, 740, 37)],
        shipping_minor=292,
        shipping_tax_minor=58,
    )

    note = Invoice.objects.get(kind=Kind.CREDIT_NOTE)
    assert (note.reference, note.refund_id, note.issued_at, note.currency) == ("CN-000001", 7, at, "GBP")
    assert note.tax_rates == [
        {"rate_bps": 2000, "net_minor": 292, "tax_minor": 58},
        {"rate_bps": 500, "net_minor": 740, "tax_minor": 37},
    ]
    assert (note.net_minor, note.tax_minor, note.total_minor) == (1032, 95, 1127)


def test_a_refund_that_fails_afterwards_gets_a_credit_note_that_takes_the_first_one_back() -> None:
    order = make_order(paid=True)

    refund(order)
    refund(order, is_reversal=True)

    first, second = Invoice.objects.filter(kind=Kind.CREDIT_NOTE)
    assert (first.number, second.number) == (1, 2)
    assert second.total_minor == -first.total_minor == -120
    assert second.tax_rates == [{"rate_bps": 2000, "net_minor": -100, "tax_minor": -20}]
    assert second.refund_id == first.refund_id


def test_an_order_that_was_invoiced_elsewhere_gets_no_credit_note() -> None:
    order = make_order(paid=True)
    other = make_order()
    other.paid_at, other.status, other.paid_minor = timezone.now(), Order.Status.PAID, other.total_minor
    other.save()

    refund(order, 1)
    refund(other, 2)

    assert list(Invoice.objects.filter(kind=Kind.CREDIT_NOTE).values_list("order", flat=True)) == [order.pk]


def test_one_refund_is_credited_once_and_taken_back_once() -> None:
    order = make_order(paid=True)
    refund(order)
    refund(order, is_reversal=True)

    for sign in (1, -1):
        with pytest.raises(IntegrityError), transaction.atomic():
            issue(order, kind=Kind.CREDIT_NOTE, at=timezone.now(), rated=[Rated(2000, sign, 0)], refund_id=1)


def test_a_credit_note_names_a_refund_and_an_invoice_none() -> None:
    order = make_order(paid=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        issue(order, kind=Kind.CREDIT_NOTE, at=timezone.now(), rated=[Rated(2000, 1, 0)])
    with pytest.raises(IntegrityError), transaction.atomic():
        issue(make_order(), kind=Kind.INVOICE, at=timezone.now(), rated=[Rated(2000, 1, 0)], refund_id=1)


def row(number: int, kind: str = "credit_note", refund_id: int | None = None) -> Invoice:
    """A document as any code could try to write it, past the series."""
    return Invoice(
        order=Order.objects.first() or make_order(),
        kind=kind,
        number=number,
        issued_at=timezone.now(),
        day=timezone.now().date(),
        currency="GBP",
        net_minor=1,
        tax_minor=0,
        total_minor=1,
        refund_id=refund_id or number,
    )


@pytest.mark.parametrize("number", [0, 1, 2, 4, 100])
def test_the_database_refuses_a_number_that_is_not_the_next_one(number: int) -> None:
    for good in (1, 2):
        row(good).save()

    with pytest.raises(IntegrityError), transaction.atomic():
        row(number, refund_id=50).save()

    row(3).save()
    assert list(Invoice.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_the_first_number_is_one_and_each_kind_has_its_own() -> None:
    make_order(paid=True)
    make_order(paid=True)

    with pytest.raises(IntegrityError, match="without gaps"), transaction.atomic():
        row(3).save()
    row(1).save()

    assert sorted(Invoice.objects.values_list("kind", "number")) == [
        ("credit_note", 1),
        ("invoice", 1),
        ("invoice", 2),
    ]


def test_many_rows_of_one_statement_follow_each_other_or_none_is_written() -> None:
    with pytest.raises(IntegrityError, match="without gaps"), transaction.atomic():
        Invoice.objects.bulk_create([row(1), row(2), row(4)])
    Invoice.objects.bulk_create([row(1), row(2), row(3)])

    assert list(Invoice.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_no_way_of_inserting_gets_past_the_guard() -> None:
    row(1).save()
    names = [field.column for field in Invoice._meta.local_fields if not field.primary_key]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join({"number": "number + 2", "refund_id": "99"}.get(name, f'"{name}"') for name in names)
    verbs = {"sqlite": ("INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"), "postgresql": ("INSERT",)}
    ending = {"sqlite": "", "postgresql": " ON CONFLICT DO NOTHING"}

    for verb in verbs[connection.vendor]:
        statement = f"{verb} INTO orders_invoice ({columns}) SELECT {values} FROM orders_invoice"
        for tail in ("", ending[connection.vendor]):
            with (
                pytest.raises(IntegrityError, match="without gaps"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement + tail)

    assert Invoice.objects.count() == 1


def test_a_number_is_not_freed_by_deleting_or_changed_by_an_update() -> None:
    row(1).save()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Invoice.objects.all().delete()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Invoice.objects.update(number=2)


def test_a_rollback_leaves_no_gap() -> None:
    orders = [make_order() for _ in range(3)]
    pay(orders[0])
    with transaction.atomic():
        pay(orders[1])
        transaction.set_rollback(True)
    pay(orders[2])
    pay(orders[1])

    assert list(Invoice.objects.order_by("number").values_list("number", "order")) == [
        (1, orders[0].pk),
        (2, orders[2].pk),
        (3, orders[1].pk),
    ]
    assert NumberSeries.objects.get(name="invoice").last == 3


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_thirty_refunds_at_once_of_which_ten_are_rolled_back_leave_no_gap() -> None:
    orders = [make_order(paid=True) for _ in range(30)]

    def book(place: int, order: Order) -> None:
        with transaction.atomic():
            refund(Order.objects.lock().get(pk=order.pk), place)
            if place % 3 == 0:
                transaction.set_rollback(True)

    at_once([lambda place=place, order=order: book(place, order) for place, order in enumerate(orders, start=1)])

    assert sorted(Invoice.objects.filter(kind=Kind.CREDIT_NOTE).values_list("number", flat=True)) == list(range(1, 21))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_writers_past_the_series_never_take_a_number_twice_or_leave_one_out() -> None:
    make_order()

    def write(place: int) -> None:
        for _ in range(40):
            last = Invoice.objects.filter(kind=Kind.CREDIT_NOTE).order_by("-number").first()
            try:
                row(last.number + 1 if last else 1, refund_id=1000 + place).save()
            except IntegrityError:
                continue
            return

    at_once([lambda place=place: write(place) for place in range(8)])

    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 4


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_invoices_of_one_order_are_one() -> None:
    order = make_order()

    def write() -> None:
        with transaction.atomic():
            locked = Order.objects.lock().get(pk=order.pk)
            if not locked.invoices.exists():
                issue_invoice(locked, list(locked.lines.all()), at=timezone.now())

    at_once([write] * 5)

    assert Invoice.objects.get().number == 1
