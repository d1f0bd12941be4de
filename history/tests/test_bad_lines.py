"""Every kind of bad line is reported by number, field and reason, and leaves no trace."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection

from history.fields import LARGEST_MINOR
from history.models import ImportedRecord
from history.reading import LONGEST_LINE
from history.tests.factories import cancel, feed, order, problems, product, refund, row, ship, stock
from orders.models import Order

pytestmark = pytest.mark.django_db

PAID = [product(stock=10), order("O1", row(quantity=2, tax=400))]
UNPAID = [product(), order("O1", paid_at=None)]
ONE = [{"product": "P1", "quantity": 1}]

LINES = [
    ("{", "line: is not JSON (Expecting property name enclosed in double quotes: line 1...)"),
    ("[]", "line: must be an object, not a list"),
    ("null", "line: must be an object, not nothing (null)"),
    (b'{"type": "\xff"}', "line: is not UTF-8"),
    ("x" * (LONGEST_LINE + 1), f"line: is longer than {LONGEST_LINE} bytes"),
    ("[" * 200_000, "line: is nested too deeply"),
    ('{"type": "stock", "delta": NaN}', "line: holds NaN, which is no number"),
    ('{"type": "cancel", "type": "ship"}', "type: is given twice"),
    ({}, "type: is missing"),
    ({"type": "gift"}, "type: gift is no type of line"),
    ({"type": ["order"]}, "type: ['order'] is no type of line"),
    (order() | {"colour": "red"}, "colour: is no field of order"),
    (order(lines=[row(colour="red")]), "lines[0].colour: is no field of a line of an order"),
    (order(currency=None), "currency: is missing"),
    (order(ref=""), "ref: must not be empty"),
    (order(ref="x" * 121), "ref: is longer than 120 characters"),
    (order(ref="a\u0000b"), "ref: holds a control character"),
    (order(ref="\ud800"), "ref: holds a control character"),
    (order(ref=7), "ref: must be text, not a number"),
    (order(currency="XXX"), "currency: XXX is not a currency this shop knows"),
    (order(currency="gbp"), "currency: gbp is not a currency this shop knows"),
    (order(country="England"), "country: England is not a country code"),
    (order(email="alice"), "email: alice is not an e-mail address"),
    (order(email=None), "customer: an order has either a customer or an email"),
    (order(customer="A"), "customer: an order has either a customer or an email"),
    (order(email=None, customer="A"), "customer: there is no customer A"),
    (order(placed_at="2026-06-01T10:00:00"), "placed_at: has no offset from UTC"),
    (order(placed_at="2026-06-01"), "placed_at: has no offset from UTC"),
    (order(placed_at="yesterday"), "placed_at: yesterday is not an ISO 8601 time"),
    (order(placed_at=1780000000), "placed_at: must be a time in quotes, not a number"),
    (order(placed_at="9999-12-31T23:59:59-12:00"), "placed_at: lies outside the years 1970 to 2199"),
    (order(test=1), "test: must be true or false, not a number"),
    (order(lines={}), "lines: must be a list, not an object"),
    (order() | {"lines": []}, "lines: must hold 1 to 1000 rows"),
    (order(lines=[7]), "lines[0]: must be an object, not a number"),
    (order(lines=[row(), row(quantity=0)]), "lines[1].quantity: must lie between 1 and 1000000"),
    (order(lines=[row(quantity=True)]), "lines[0].quantity: must be a whole number, not true or false"),
    (order(lines=[row(unit_price=9.99)]), "lines[0].unit_price: must be a whole number, not a number with a fraction"),
    (order(lines=[row(unit_price="999")]), "lines[0].unit_price: must be a whole number, not text"),
    (order(lines=[row(unit_price=-1)]), f"lines[0].unit_price: must lie between 0 and {LARGEST_MINOR}"),
    (order(lines=[row(discount=None)]), "lines[0].discount: must be a whole number, not nothing (null)"),
    (order(lines=[row(discount=1001)]), "lines[0].discount: is more than the line"),
    (order(lines=[row("P9")]), "lines[0].product: there is no product P9"),
    (order(lines=[row(unit_price=LARGEST_MINOR, quantity=10**6)]), "lines: come to more than this shop can count"),
    (order(discount=1001), "discount: 1001 is more than the 1000 there is"),
    (order(shipping=100, shipping_discount=101), "shipping_discount: is more than the shipping"),
    (order(lines=[row(tax=1)], tax=1), "tax: stands beside the taxes of lines or delivery; give one or the other"),
    (order(shipping_tax=1, tax=1), "tax: stands beside the taxes of lines or delivery; give one or the other"),
    (
        order(lines=[row(tax=1001)], prices_include_tax=True),
        "lines[0].tax: 1001 is more than the 1000 that it lies in",
    ),
    (order(tax=1001, prices_include_tax=True), "tax: 1001 is more than the 1000 that it lies in"),
    (
        order(shipping=9, shipping_tax=10, prices_include_tax=True),
        "shipping_tax: 10 is more than the 9 that it lies in",
    ),
    (product(stock=-1), "stock: must lie between 0 and 1000000000"),
    (product("x" * 65), "ref: is longer than 64 characters"),
    (product(name=""), "name: must not be empty"),
    (stock(delta=0), "delta: must not be 0"),
    (stock(product="P9"), "product: there is no product P9"),
    (stock(reason=""), "reason: must not be empty"),
    (refund(), "amount: a refund needs an amount, goods, shipping, tax or lines"),
    (refund(amount=1, tax=1), "amount: stands beside goods, shipping or tax; give one or the other"),
    (refund(tax=1, lines=ONE), "lines: may stand alone, beside an amount, or beside goods"),
    (refund(amount=1, status="done"), "status: must be one of succeeded, pending, failed, canceled"),
    (refund(amount=1), "order: there is no order O1"),
    (ship(), "order: there is no order O1"),
    (cancel(), "order: there is no order O1"),
]

AFTER = [
    (PAID, refund(amount=2401), "amount: 2401 is more than the 2400 there is"),
    (PAID, refund(amount=0), "amount: comes to nothing"),
    (PAID, refund(goods=2001), "goods: refund of 2001 above what is refundable (2400)"),
    (PAID, refund(goods=100, tax=401), "goods: refund of 501 above what is refundable (2400)"),
    (PAID, refund(shipping=1), "shipping: refund of 1 above what is refundable (2400)"),
    (PAID, refund(amount=1, at="2026-06-01T09:59:59+01:00"), "at: lies before the order was paid"),
    (PAID, refund(lines=[{"product": "P1", "quantity": 3}]), "lines[0].quantity: 3 is 1 more than is left of P1"),
    (PAID, refund(lines=[{"product": "P2", "quantity": 1}]), "lines[0].product: the order has no P2"),
    (PAID, refund(lines=[ONE[0] | {"restock": "yes"}]), "lines[0].restock: must be true or false, not text"),
    (UNPAID, refund(amount=1), "order: O1 has not been paid"),
    (UNPAID, ship(), "order: O1 has not been paid"),
    ([*UNPAID, cancel()], ship(), "order: O1 has not been paid"),
    ([*PAID, refund(amount=2400), cancel()], ship(), "order: O1 was canceled"),
    (PAID, ship(lines=[{"product": "P1", "quantity": 3}]), "lines[0].quantity: 3 is 1 more than is left of P1"),
    (PAID, ship(lines=[ONE[0] | {"restock": True}]), "lines[0].restock: is no field of a line of a parcel"),
    ([*PAID, ship()], ship(at="2026-06-03T10:00:00Z"), "order: there is nothing left to ship of O1"),
    (PAID, cancel(), "order: 2400 of O1 has not been refunded"),
    ([*PAID, ship(), refund(amount=2400)], cancel(), "order: something of O1 has been shipped"),
    (PAID, order("O1"), "ref: O1 was imported before with other content"),
    (PAID, product(stock=11), "ref: P1 was imported before with other content"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "reason"), LINES, ids=range(len(LINES)))
def test_a_line_that_is_bad_by_itself(line, reason):
    assert problems(product(), line) == [f"line 2: {reason}"]
    assert ImportedRecord.objects.count() == 0


@pytest.mark.parametrize(("before", "line", "reason"), AFTER, ids=range(len(AFTER)))
@pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])
def test_a_line_that_does_not_fit_what_came_before(before, line, reason, apart):
    if apart:
        assert feed(*before).bad == []
        assert problems(line) == [f"line 1: {reason}"]
    else:
        assert problems(*before, line) == [f"line {len(before) + 1}: {reason}"]
        assert Order.objects.count() == 0


def test_a_product_must_stand_before_what_names_it():
    assert problems(order(), product()) == ["line 1: lines[0].product: there is no product P1"]


def test_an_order_must_stand_before_what_follows_it():
    assert problems(product(), ship(), order()) == ["line 2: order: there is no order O1"]


def test_a_batch_is_written_whole_or_not_at_all(monkeypatch):
    monkeypatch.setattr("history.importing.batch_size", lambda: 6)
    lines = [product(), order("O1"), order("O2"), order("O3"), order("O4", lines=[row("P9")]), order("O5")]
    outcome = feed(*lines)  # batches of P1 O1 O2 O3, and O4 O5
    assert [str(bad) for bad in outcome.bad] == ["line 5: lines[0].product: there is no product P9"]
    assert sorted(ImportedRecord.objects.filter(type="order").values_list("ref", flat=True)) == ["O1", "O2", "O3"]


def test_every_bad_line_of_a_batch_is_reported_and_nothing_after_it_is_read(monkeypatch):
    monkeypatch.setattr("history.importing.batch_size", lambda: 3)
    assert problems("{}", "[]", "7", "{}", "{}") == [
        "line 1: type: is missing",
        "line 2: line: must be an object, not a list",
        "line 3: line: must be an object, not a number",
    ]


def test_a_dry_run_reports_every_bad_line_and_writes_nothing(monkeypatch):
    monkeypatch.setattr("history.importing.batch_size", lambda: 1)
    lines = [
        product(stock=5),
        {"type": "customer", "ref": "A", "email": "ann@example.com"},
        order("O1", row(quantity=2), email=None, customer="A"),
        "{}",
        refund("R1", amount=1500),
        refund("R2", amount=501),
        order("O1", row(quantity=3)),
        order("O2", lines=[row("P9")]),
        refund("R3", amount=500),
        cancel(),
        refund("R4", amount=1),
    ]
    before = tables()
    outcome = feed(*lines, dry_run=True)
    assert [str(bad) for bad in outcome.bad] == [
        "line 4: type: is missing",
        "line 6: amount: 501 is more than the 500 there is",
        "line 7: ref: O1 was imported before with other content",
        "line 8: lines[0].product: there is no product P9",
        "line 11: amount: 1 is more than the 0 there is",
    ]
    assert outcome.new == {"product": 1, "customer": 1, "order": 1, "refund": 2, "cancel": 1}
    assert tables() == before


def test_a_dry_run_builds_on_what_is_there_already():
    feed(*PAID)
    outcome = feed(*PAID, refund("R1", amount=2000), refund("R2", amount=401), dry_run=True)
    assert [str(bad) for bad in outcome.bad] == ["line 4: amount: 401 is more than the 400 there is"]
    assert (outcome.known, Order.objects.get().refunded_minor) == (2, 0)


def test_blank_lines_and_a_byte_order_mark_are_no_lines():
    text = "﻿" + json.dumps(product())
    outcome = feed(text, "", "   ", order(), "\n")
    assert (outcome.bad, outcome.rows, Order.objects.count()) == ([], 2, 1)


def test_times_keep_their_instant():
    feed(product(), order(placed_at="2026-06-01T10:00:00-05:30", paid_at="2026-06-01T15:31:00Z"))
    sold = Order.objects.get()
    assert (sold.placed_at, sold.paid_at) == (
        datetime(2026, 6, 1, 15, 30, tzinfo=UTC),
        datetime(2026, 6, 1, 15, 31, tzinfo=UTC),
    )


def tables():
    """How many rows each table has."""
    names = connection.introspection.table_names()
    with connection.cursor() as cursor:
        return {name: cursor.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
