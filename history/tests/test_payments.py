"""Attempts to pay and disputes as a history brings them."""

from datetime import UTC, date, datetime

import pytest

from core.models import DirtyDay
from history.tests.checks import assert_consistent
from history.tests.factories import attempt, dispute, feed, order, problems, product, ship
from orders.holding import kept_by_dispute
from orders.models import Order, OrderEvent, SalesEntry
from payments.models import Dispute, Payment, PaymentAttempt

pytestmark = pytest.mark.django_db

PAID = [product(), order()]
UNPAID = [product(), order(paid_at=None)]


def days(source_type):
    return set(DirtyDay.objects.filter(source_type=source_type).values_list("source_id", "day"))


def attempts():
    return list(PaymentAttempt.objects.order_by("pk"))


def test_a_success_and_the_payment_of_its_order_are_the_same():
    assert feed(*PAID, attempt("failed", code="card_declined"), attempt(at="2026-06-01T10:05:00+01:00")).bad == []

    payment = Payment.objects.get()
    assert (payment.tender, payment.disposition, payment.captured_minor) == ("imported", "applied", 1000)
    tried, done = attempts()
    assert (tried.payment, tried.outcome, tried.code) == (payment, "failed", "card_declined")
    assert (done.payment, done.outcome, done.code) == (payment, "succeeded", "")
    assert (done.amount_minor, done.currency, done.stripe_charge_id) == (1000, "GBP", None)
    assert done.at == datetime(2026, 6, 1, 9, 5, tzinfo=UTC)
    assert SalesEntry.objects.filter(kind="sale").count() == 1
    assert_consistent()


def test_it_is_the_same_payment_in_a_later_file_too():
    feed(*PAID)
    feed(attempt())
    assert PaymentAttempt.objects.get().payment == Payment.objects.get()


def test_an_attempt_without_an_order_is_an_attempt_only(settings):
    settings.STORE_CURRENCY = "EUR"
    feed(attempt("unconfirmed", order=None), attempt("requires_action", order=None, currency="JPY", amount=500))
    assert Payment.objects.count() == 0
    assert [(one.payment, one.outcome, one.currency, one.amount_minor) for one in attempts()] == [
        (None, "unconfirmed", "EUR", 0),
        (None, "requires_action", "JPY", 500),
    ]


def test_the_attempts_of_an_unpaid_order_share_a_payment_that_took_nothing():
    feed(*UNPAID, attempt("failed", code="expired_card"))
    feed(attempt("failed", at="2026-06-01T10:09:00+01:00"))
    payment = Payment.objects.get()
    assert [one.payment for one in attempts()] == [payment, payment]
    assert (payment.status, payment.disposition, payment.captured_minor, payment.amount_minor) == (
        "expired", "", 0, 1000,
    )  # fmt: skip
    assert (Order.objects.get().status, Order.objects.get().paid_minor) == ("canceled", 0)


def test_what_the_file_says_of_amount_and_currency_goes_before_what_the_order_says():
    feed(*PAID, attempt("failed", amount=700, currency="EUR"))
    assert [(one.amount_minor, one.currency) for one in attempts()] == [(700, "EUR")]


@pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])
def test_a_success_of_an_unpaid_order_is_a_bad_line(apart):
    if apart:
        feed(*UNPAID)
        assert problems(attempt()) == ["line 1: order: O1 has not been paid"]
    else:
        assert problems(*UNPAID, attempt()) == ["line 3: order: O1 has not been paid"]
    assert not PaymentAttempt.objects.exists()


def test_an_attempt_is_known_by_its_content():
    lines = [*PAID, attempt("failed"), attempt("failed"), attempt()]
    feed(*lines)
    again = feed(*lines)
    assert (again.bad, again.new.total(), again.known) == ([], 0, 5)
    assert PaymentAttempt.objects.count() == 2


def test_references_are_kept_apart_by_source_and_those_of_stripe_are_not():
    stripe = "pi_3Nq8bX2eZvKYlo2C0aBcDeFg"
    feed(attempt(order=None), attempt(order=None, intent=stripe))
    feed(attempt(order=None), source="other")
    assert [one.stripe_intent_id for one in attempts()] == ["history/I1", stripe, "other/I1"]


def test_an_attempt_marks_its_day_and_that_of_the_first_confirmation():
    feed(attempt("failed", order=None, at="2026-06-03T12:00:00Z"))
    feed(attempt("succeeded", order=None, at="2026-06-05T12:00:00Z"))
    first, second = (one.pk for one in attempts())
    assert days("payment_attempt") == {
        (first, date(2026, 6, 3)),
        (second, date(2026, 6, 3)),
        (second, date(2026, 6, 5)),
    }


def test_an_earlier_confirmation_that_comes_late_marks_the_day_that_was_the_first():
    feed(attempt("succeeded", order=None, at="2026-06-05T12:00:00Z"))
    feed(attempt("unconfirmed", order=None, at="2026-06-01T12:00:00Z"))
    feed(attempt("requires_action", order=None, at="2026-06-04T12:00:00Z"))
    late = PaymentAttempt.objects.get(outcome="requires_action").pk
    assert {day for pk, day in days("payment_attempt") if pk == late} == {date(2026, 6, 4), date(2026, 6, 5)}


def test_a_dispute_is_of_the_payment_of_its_order_and_books_nothing():
    feed(*PAID)
    booked = SalesEntry.objects.count()
    feed(dispute())
    one = Dispute.objects.get()
    assert (one.payment, one.amount_minor, one.currency) == (Payment.objects.get(), 1000, "GBP")
    assert (one.opened_at, one.opened_day) == (datetime(2026, 6, 8, 23, 30, tzinfo=UTC), date(2026, 6, 9))
    assert (one.is_inquiry, one.outcome, one.closed_at, one.stripe_dispute_id) == (False, "", None, None)
    assert (SalesEntry.objects.count(), Order.objects.get().refunded_minor) == (booked, 0)
    assert days("dispute") == {(one.pk, date(2026, 6, 9))}
    assert OrderEvent.objects.get(kind="dispute_opened").detail == {
        "by": "bank", "dispute": one.pk, "amount_minor": 1000, "status": "under_review",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"outcome": "won"}, "won"),
        ({"outcome": "lost"}, "lost"),
        ({"inquiry": True, "outcome": "inquiry_closed"}, "warning_closed"),
        ({"inquiry": True}, "warning_under_review"),
        ({}, "under_review"),
    ],
)
def test_how_a_dispute_ended(given, status):
    closed_at = {"closed_at": "2026-07-01T00:00:00Z"} if "outcome" in given else {}
    assert feed(*PAID, dispute(**given, **closed_at)).bad == []
    one = Dispute.objects.get()
    assert (one.status, one.outcome, one.is_inquiry) == (
        status, given.get("outcome", ""), given.get("inquiry", False),
    )  # fmt: skip
    assert one.closed_at == (datetime(2026, 7, 1, tzinfo=UTC) if closed_at else None)
    ended = OrderEvent.objects.filter(kind__in=("dispute_won", "dispute_lost", "inquiry_closed")).values_list(
        "kind", "at"
    )
    kinds = {"won": "dispute_won", "lost": "dispute_lost", "inquiry_closed": "inquiry_closed"}
    assert list(ended) == ([(kinds[given["outcome"]], one.closed_at)] if closed_at else [])


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({}, "its payment is disputed"),
        ({"inquiry": True}, "the bank asks about its payment"),
        ({"outcome": "lost"}, "a dispute of its payment was lost"),
        ({"outcome": "won"}, ""),
        ({"inquiry": True, "outcome": "inquiry_closed"}, ""),
    ],
)
@pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])
def test_an_order_that_was_not_sent_is_held_as_a_live_one_would_be(given, cause, apart):
    feed(*PAID, *([] if apart else [dispute(**given)]))
    feed(dispute(**given))
    held = Order.objects.get()
    assert (held.hold_reason, held.held_at) == (cause, Dispute.objects.get().opened_at if cause else None)
    assert (held.hold_reason, OrderEvent.objects.filter(kind="held").count()) == (
        kept_by_dispute(held),
        int(bool(cause)),
    )


def test_an_order_that_was_sent_is_not_held():
    feed(*PAID, ship(), dispute())
    assert Order.objects.get().held_at is None


def test_a_dispute_goes_before_an_inquiry():
    feed(*PAID, dispute(inquiry=True), dispute("DP2"))
    assert (Order.objects.get().hold_reason, OrderEvent.objects.filter(kind="held").count()) == (
        "its payment is disputed", 1,
    )  # fmt: skip


def test_without_a_time_of_its_end_a_dispute_ended_when_it_began():
    feed(*PAID, dispute(outcome="won"))
    one = Dispute.objects.get()
    assert one.closed_at == one.opened_at


def test_a_dispute_that_stripe_has_told_of_is_matched():
    feed(*PAID)
    ref = "dp_1Nq8bX2eZvKYlo2C0aBcDeFg"
    feed(dispute(ref))
    known = Dispute.objects.get()
    assert feed(dispute(ref), source="other").bad  # another source does not know the order
    assert problems(*PAID, dispute(ref, amount=999), source="other") == [
        f"line 3: ref: {ref} is known here with other content"
    ]
    assert feed(*PAID, dispute(ref), source="other").bad == []
    assert Dispute.objects.get() == known


BAD = [
    (PAID, attempt(order="O9"), "order: there is no order O9"),
    (PAID, attempt("done"), "outcome: must be one of failed, requires_action, succeeded, unconfirmed"),
    (PAID, attempt(intent=""), "intent: must not be empty"),
    (PAID, attempt(amount=-1), "amount: must lie between 0 and 1000000000000"),
    (PAID, attempt(code="x" * 61), "code: is longer than 60 characters"),
    (PAID, attempt(ref="A"), "ref: is no field of payment_attempt"),
    (PAID, dispute(order="O9"), "order: there is no order O9"),
    (UNPAID, dispute(), "order: O1 has not been paid"),
    (PAID, dispute(at="2026-06-01T09:59:59+01:00"), "at: lies before the order was paid"),
    (PAID, dispute(amount=0), "amount: must lie between 1 and 1000000000000"),
    (PAID, dispute(outcome="draw"), "outcome: must be one of won, lost, inquiry_closed"),
    (PAID, dispute(outcome="inquiry_closed"), "outcome: an inquiry ends as inquiry_closed, a dispute as won or lost"),
    (PAID, dispute(inquiry=True, outcome="won"),
     "outcome: an inquiry ends as inquiry_closed, a dispute as won or lost"),
    (PAID, dispute(closed_at="2026-07-01T00:00:00Z"), "closed_at: stands without an outcome"),
    (PAID, dispute(outcome="won", closed_at="2026-06-08T23:29:59Z"),
     "closed_at: lies before the dispute was opened"),
    ([*PAID, dispute()], dispute(amount=999), "ref: DP1 was imported before with other content"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "line", "reason"), BAD, ids=range(len(BAD)))
@pytest.mark.parametrize("apart", [False, True], ids=["one file", "two files"])
def test_bad_lines(before, line, reason, apart):
    if apart:
        feed(*before)
        assert problems(line) == [f"line 1: {reason}"]
    else:
        assert problems(*before, line) == [f"line {len(before) + 1}: {reason}"]


@pytest.mark.parametrize("missing", ["intent", "at", "outcome"])
def test_an_attempt_says_what_it_was(missing):
    line = attempt()
    del line[missing]
    assert problems(*PAID, line) == [f"line 3: {missing}: is missing"]


@pytest.mark.parametrize("missing", ["ref", "order", "at", "amount"])
def test_a_dispute_says_what_it_was(missing):
    line = dispute()
    del line[missing]
    assert problems(*PAID, line) == [f"line 3: {missing}: is missing"]
