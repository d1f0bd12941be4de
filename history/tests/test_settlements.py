"""How refunds of a history end: pending ones succeed or fail, and one that succeeded comes back."""

from datetime import UTC, date, datetime

import pytest

from core.models import DirtyDay
from history.tests.checks import assert_consistent
from history.tests.factories import cancel, failed, feed, order, problems, product, refund, row, succeeded
from orders.models import Order, OrderEvent, OrderLine, SalesEntry
from payments.models import Payment, Refund
from products.models import StockItem

pytestmark = pytest.mark.django_db

PAID = [product(stock=10), order("O1", row(quantity=4, tax=800, cost=300), shipping=300, shipping_tax=60)]
PENDING = refund(amount=1290, status="pending")
BACK = [{"product": "P1", "quantity": 2, "restock": True}, {"product": "P1", "quantity": 1}]
WAYS = pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])


def tell(before, *lines, apart):
    """Import lines in one file, or the last ones each in a file of its own."""
    for part in [*map(list, zip(lines, strict=True))] if apart else []:
        if before:
            assert feed(*before).bad == []
            before = []
        assert feed(*part).bad == []
    if not apart:
        assert feed(*before, *lines).bad == []


def entries(kind):
    found = SalesEntry.objects.filter(kind=kind).order_by("pk")
    return [
        (e.line_id is not None, e.at, e.day, e.returns_minor, e.shipping_minor, e.tax_minor, e.units, e.cost_minor)
        for e in found
    ]


@WAYS
def test_a_pending_refund_succeeds_and_counts_on_the_day_it_was_made(apart):
    tell([*PAID, PENDING], succeeded(), apart=apart)
    given = Refund.objects.get()
    made = datetime(2026, 6, 4, 9, tzinfo=UTC)
    assert (given.status, given.refunded_at, given.failed_at) == ("succeeded", made, None)
    assert (Order.objects.get().refunded_minor, Payment.objects.get().refund_committed_minor) == (1290, 1290)
    assert entries("refund") == [
        (True, made, date(2026, 6, 4), 1000, 0, -200, 0, 0),
        (False, made, date(2026, 6, 4), 0, -75, -15, 0, None),
    ]
    kinds = OrderEvent.objects.filter(detail__refund=given.pk).order_by("pk").values_list("kind", "at")
    assert list(kinds) == [("refund_pending", made), ("refunded", made)]
    assert_consistent()


@WAYS
def test_a_pending_refund_fails_and_gives_back(apart):
    tell([*PAID, refund(lines=BACK, status="pending")], failed(), apart=apart)
    given, line = Refund.objects.get(), OrderLine.objects.get()
    assert (given.status, given.refunded_at, given.failed_at) == (
        "failed", None, datetime(2026, 6, 7, 9, tzinfo=UTC),
    )  # fmt: skip
    assert (Order.objects.get().refunded_minor, Payment.objects.get().refund_committed_minor) == (0, 0)
    assert (line.quantity_refunded, line.quantity_restocked, StockItem.objects.get().on_hand) == (2, 2, 8)
    assert SalesEntry.objects.filter(refund_id=given.pk).count() == 0
    assert OrderEvent.objects.filter(kind="refund_failed").count() == 1
    assert problems(refund("R2", amount=5161)) == ["line 1: amount: 5161 is more than the 5160 there is"]
    assert feed(refund("R2", amount=5160)).bad == []
    assert_consistent()


@WAYS
@pytest.mark.parametrize("first", [[], [succeeded()]], ids=["at once", "after a wait"])
def test_a_refund_that_comes_back_is_reversed_on_the_day_it_did(first, apart):
    status = "pending" if first else "succeeded"
    tell([*PAID, refund(amount=1290, status=status)], *first, failed(), apart=apart)
    given = Refund.objects.get()
    back = datetime(2026, 6, 7, 9, tzinfo=UTC)
    assert (given.status, given.failed_at, given.refunded_at) == (
        "failed", back, datetime(2026, 6, 4, 9, tzinfo=UTC),
    )  # fmt: skip
    assert (Order.objects.get().refunded_minor, Payment.objects.get().refund_committed_minor) == (0, 0)
    assert entries("refund_reversal") == [
        (True, back, date(2026, 6, 7), -1000, 0, 200, 0, 0),
        (False, back, date(2026, 6, 7), 0, 75, 15, 0, None),
    ]
    assert len(entries("refund")) == 2
    reversal = SalesEntry.objects.filter(kind="refund_reversal").first()
    marked = DirtyDay.objects.filter(source_type="sales_entry", source_id=reversal.pk).values_list("day", flat=True)
    assert sorted(marked) == [date(2026, 6, 1), date(2026, 6, 7)]
    assert OrderEvent.objects.filter(kind="refund_reversed", at=back).count() == 1
    assert_consistent()


@WAYS
def test_units_that_came_back_to_the_shelf_stay_there(apart):
    tell([*PAID, refund(lines=BACK)], failed(), apart=apart)
    line = OrderLine.objects.get()
    assert (line.quantity_refunded, line.quantity_restocked, StockItem.objects.get().on_hand) == (2, 2, 8)
    assert entries("refund")[0][-2:] == (-3, -600)
    assert entries("refund_reversal")[0][-2:] == (3, 600)


@pytest.mark.parametrize("stock", [{}, {"stock": 10}], ids=["untracked", "tracked"])
@WAYS
def test_a_cost_that_came_back_in_part_is_known_later_too(stock, apart):
    tell([product(**stock), PAID[1], refund(lines=BACK, status="pending")], succeeded(), failed(), apart=apart)
    assert entries("refund")[0][-2:] == (-3, -600)
    assert entries("refund_reversal")[0][-2:] == (3, 600)


def test_a_later_refund_finds_what_a_failed_one_gave_back():
    feed(*PAID, refund(amount=5160), failed(), refund("R2", amount=5160), cancel())
    assert (Order.objects.get().refunded_minor, Order.objects.get().status) == (5160, "canceled")
    assert_consistent()


def test_a_test_order_books_nothing():
    feed(product(), order(test=True), refund(amount=500, status="pending"), succeeded())
    assert Order.objects.get().refunded_minor == 500
    feed(failed())
    assert (Order.objects.get().refunded_minor, SalesEntry.objects.count()) == (0, 0)


def test_times_may_come_in_any_order():
    feed(*PAID, PENDING, refund("R2", amount=100, at="2026-06-01T10:00:00+01:00"), succeeded())
    assert Order.objects.get().refunded_minor == 1390


@WAYS
def test_importing_again_changes_nothing(apart):
    lines = [*PAID, PENDING, succeeded(), failed(), refund("R2", amount=10, status="pending"), failed(refund="R2")]
    tell(lines[:3], *lines[3:], apart=apart)
    before = (list(Refund.objects.values()), list(SalesEntry.objects.values()), list(OrderLine.objects.values()))
    again = feed(*lines)
    assert (again.bad, again.new.total(), again.known) == ([], 0, 7)
    assert before == (
        list(Refund.objects.values()), list(SalesEntry.objects.values()), list(OrderLine.objects.values()),
    )  # fmt: skip


BAD = [
    ([], succeeded(refund="R9"), "refund: there is no refund R9"),
    ([], failed(refund="R9"), "refund: there is no refund R9"),
    ([], succeeded(at="2026-06-04T08:59:59Z"), "at: lies before the refund"),
    ([], failed(at="2026-06-04T08:59:59Z"), "at: lies before the refund"),
    ([succeeded()], succeeded(at="2026-06-09T10:00:00Z"), "refund: R1 has succeeded already"),
    ([failed()], succeeded(at="2026-06-09T10:00:00Z"), "refund: R1 has failed already"),
    ([failed()], failed(at="2026-06-09T10:00:00Z"), "refund: R1 has failed already"),
    ([refund("R2", amount=1, status="canceled")], failed(refund="R2"), "refund: R2 was canceled already"),
    ([], succeeded(ref="S1"), "ref: is no field of refund_succeeded"),
    ([], {"type": "refund_failed", "refund": "R1"}, "at: is missing"),
    ([], {"type": "refund_failed", "at": "2026-06-09T10:00:00Z"}, "refund: is missing"),
]


@pytest.mark.parametrize(("before", "line", "reason"), BAD, ids=range(len(BAD)))
@WAYS
def test_bad_lines(before, line, reason, apart):
    before = [*PAID, PENDING, *before]
    if apart:
        assert feed(*before).bad == []
        assert problems(line) == [f"line 1: {reason}"]
    else:
        assert problems(*before, line) == [f"line {len(before) + 1}: {reason}"]


@pytest.mark.parametrize("known", range(6))
@pytest.mark.parametrize("size", [1, 100])
def test_a_dry_run_follows_a_refund_through_its_batches(known, size, monkeypatch):
    """Whatever part of the file the database knows already, and wherever batches end."""
    monkeypatch.setattr("history.importing.batch_size", lambda: size)
    lines = [*PAID, PENDING, succeeded(), failed(), failed(at="2026-06-09T10:00:00Z"), refund("R2", amount=5161)]
    feed(*lines[:known])
    before = list(Refund.objects.values())
    outcome = feed(*lines, refund("R3", amount=5160), dry_run=True)
    assert [str(bad) for bad in outcome.bad] == [
        "line 6: refund: R1 has failed already",
        "line 7: amount: 5161 is more than the 5160 there is",
    ]
    assert list(Refund.objects.values()) == before
