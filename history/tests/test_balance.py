"""Stripe's books in a history: movements of the balance and payouts."""

from datetime import UTC, date, datetime

import pytest

from core.models import DirtyDay
from history.tests.factories import feed, payout, problems, transaction
from payments.models import BalanceTransaction, Payout, PayoutItem

pytestmark = pytest.mark.django_db

AT_STRIPE, PAID_BY_STRIPE = "txn_1Nq8bX2eZvKYlo2C0aBcDeFg", "po_1Nq8bX2eZvKYlo2C0aBcDeFg"
REFUNDED = {"reporting_category": "refund", "amount": -300, "fee": 0, "net": -300}


def days(source_type):
    return list(DirtyDay.objects.filter(source_type=source_type).values_list("day", flat=True))


def test_a_transaction_is_kept_as_it_stands():
    assert feed(transaction(source="ch_1")).bad == []
    one = BalanceTransaction.objects.get()
    assert (one.amount_minor, one.fee_minor, one.net_minor, one.currency) == (1000, 40, 960, "GBP")
    assert (one.reporting_category, one.type, one.source_id) == ("charge", "charge", "ch_1")
    assert (one.at, one.day) == (datetime(2026, 6, 8, 23, 30, tzinfo=UTC), date(2026, 6, 9))
    assert (one.stripe_id, one.is_imported) == ("history/T1", True)
    assert days("balance_transaction") == [date(2026, 6, 9)]


@pytest.mark.parametrize(
    ("category", "kind"),
    [("refund", "refund"), ("dispute", "adjustment"), ("dispute_reversal", "adjustment"), ("fee", "stripe_fee"),
     ("something_new", "something_new")],
)  # fmt: skip
def test_the_type_follows_from_the_category(category, kind):
    feed(transaction(reporting_category=category))
    assert BalanceTransaction.objects.get().type == kind


def test_amounts_and_fees_may_be_negative():
    feed(transaction(amount=-1000, fee=-40, net=-960))
    assert BalanceTransaction.objects.get().net_minor == -960


def test_a_payout_and_its_parts():
    lines = [payout(amount=660), transaction(payout="PO1"), transaction("T2", payout="PO1", **REFUNDED)]
    assert feed(*lines).bad == []
    one = Payout.objects.get()
    assert (one.stripe_id, one.amount_minor, one.currency, one.status) == ("history/PO1", 660, "GBP", "paid")
    assert (one.is_automatic, one.arrives_on, one.is_imported) == (True, date(2026, 6, 15), True)
    assert one.created_at == datetime(2026, 6, 14, 23, tzinfo=UTC)
    assert [item.balance_transaction.net_minor for item in one.items.order_by("pk")] == [960, -300]
    assert one.items_complete
    assert days("payout") == [date(2026, 6, 15)]


def test_a_payout_of_which_no_part_is_named_says_so():
    feed(payout(automatic=False, status="in_transit", amount=-200))
    one = Payout.objects.get()
    assert (one.is_automatic, one.status, one.amount_minor, one.items_complete) == (False, "in_transit", -200, False)


def test_parts_may_come_in_a_later_file():
    feed(payout())
    feed(transaction(payout="PO1"))
    assert PayoutItem.objects.get().payout == Payout.objects.get()
    assert Payout.objects.get().items_complete


def test_the_movement_of_a_payout_itself_is_no_part_of_it():
    out = {"reporting_category": "payout", "amount": -960, "fee": 0, "net": -960}
    feed(payout(), transaction(payout="PO1"), transaction("T2", payout="PO1", **out))
    assert PayoutItem.objects.get().balance_transaction.reporting_category == "charge"


def test_importing_again_changes_nothing():
    lines = [payout(), transaction(payout="PO1"), transaction("T2")]
    feed(*lines)
    again = feed(*lines)
    assert (again.bad, again.new.total(), again.known) == ([], 0, 3)
    assert (BalanceTransaction.objects.count(), Payout.objects.count(), PayoutItem.objects.count()) == (2, 1, 1)


def test_references_of_two_sources_do_not_clash():
    for source in ("history", "other"):
        assert feed(payout(), transaction(payout="PO1"), source=source).bad == []
    names = BalanceTransaction.objects.order_by("pk").values_list("stripe_id", flat=True)
    assert list(names) == ["history/T1", "other/T1"]


def make_known():
    """A transaction and its payout that Stripe itself has told of."""
    at = datetime(2026, 6, 8, 23, 30, tzinfo=UTC)
    known = BalanceTransaction.objects.create(
        stripe_id=AT_STRIPE, type="charge", reporting_category="charge", amount_minor=1000, fee_minor=40,
        net_minor=960, currency="GBP", at=at, day=date(2026, 6, 9),
    )  # fmt: skip
    paid = Payout.objects.create(
        stripe_id=PAID_BY_STRIPE, amount_minor=960, currency="GBP", status="paid", arrives_on=date(2026, 6, 15),
        created_at=at,
    )  # fmt: skip
    return known, paid


def test_what_stripe_has_told_of_is_matched():
    known, paid = make_known()
    outcome = feed(payout(PAID_BY_STRIPE), transaction(AT_STRIPE, payout=PAID_BY_STRIPE))
    assert (outcome.bad, outcome.new) == ([], {"payout": 1, "balance_transaction": 1})
    assert (BalanceTransaction.objects.get(), Payout.objects.get()) == (known, paid)
    item = PayoutItem.objects.get()
    assert (item.payout, item.balance_transaction, Payout.objects.get().items_complete) == (paid, known, False)
    assert feed(payout(PAID_BY_STRIPE), transaction(AT_STRIPE, payout=PAID_BY_STRIPE), source="other").bad == []
    assert PayoutItem.objects.get() == item


def test_what_stripe_tells_otherwise_is_a_bad_line():
    make_known()
    other = f"ref: {AT_STRIPE} is known here with other content"
    assert problems(transaction(AT_STRIPE, amount=999, net=959)) == [f"line 1: {other}"]
    assert problems(payout(PAID_BY_STRIPE, arrives_on="2026-06-16")) == [
        f"line 1: ref: {PAID_BY_STRIPE} is known here with other content"
    ]
    feed(payout(PAID_BY_STRIPE), transaction(AT_STRIPE, payout=PAID_BY_STRIPE))
    moved = [payout("PO2"), transaction(AT_STRIPE, payout="PO2")]
    assert problems(*moved, source="other") == [f"line 2: payout: {AT_STRIPE} is part of another payout here"]


BAD = [
    (transaction(net=961), "net: 961 is not the amount less the fee (960)"),
    (transaction(payout="PO9"), "payout: there is no payout PO9"),
    (transaction(payout="PO1", currency="EUR"), "currency: EUR is not the GBP of its payout"),
    (transaction(currency="XXX"), "currency: XXX is not a currency this shop knows"),
    (transaction(reporting_category=""), "reporting_category: must not be empty"),
    (transaction(amount=1.5), "amount: must be a whole number, not a number with a fraction"),
    (transaction(at="2026-06-08"), "at: has no offset from UTC"),
    (transaction("T0", fee=50, net=950), "ref: T0 was imported before with other content"),
    (payout("PO2", arrives_on="15.6.2026"), "arrives_on: 15.6.2026 is not a date of the form 2026-06-01"),
    (payout("PO2", arrives_on="2026-06-31"), "arrives_on: 2026-06-31 is no day of the calendar"),
    (payout("PO2", arrives_on="1826-06-30"), "arrives_on: lies outside the years 1970 to 2199"),
    (payout("PO2", arrives_on=20260615), "arrives_on: must be a date in quotes, not a number"),
    (payout("PO2", status="gone"), "status: must be one of paid, pending, in_transit, failed, canceled"),
    (payout("PO2", automatic=1), "automatic: must be true or false, not a number"),
    (payout(amount=1), "ref: PO1 was imported before with other content"),
    (payout("PO2", at="2026-06-15T00:00:00Z"), "at: is no field of payout"),
]


@pytest.mark.parametrize(("line", "reason"), BAD, ids=range(len(BAD)))
@pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])
def test_bad_lines(line, reason, apart):
    before = [payout(), transaction("T0", payout="PO1")]
    if apart:
        feed(*before)
        assert problems(line) == [f"line 1: {reason}"]
    else:
        assert problems(*before, line) == [f"line 3: {reason}"]
        assert not Payout.objects.exists()


@pytest.mark.parametrize("line", [transaction(), payout()], ids=["transaction", "payout"])
def test_every_field_that_is_required(line):
    optional = {"type"}
    for missing in line.keys() - optional:
        short = {name: value for name, value in line.items() if name != missing}
        assert problems(short) == [f"line 1: {missing}: is missing"]


@pytest.mark.parametrize("size", [1, 100])
def test_a_dry_run_knows_the_payouts_of_its_file(size, monkeypatch):
    monkeypatch.setattr("history.importing.batch_size", lambda: size)
    outcome = feed(payout(), transaction(payout="PO1"), transaction("T2", payout="PO2"), dry_run=True)
    assert [str(bad) for bad in outcome.bad] == ["line 3: payout: there is no payout PO2"]
    assert not Payout.objects.exists()
