"""The definitions read once more, in plain Python over rows: payments, Stripe's books, and how orders were sent."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from analytics.tests.oracle import Entry, Values, rate, two_decimals
from orders.models import Cart, Fulfilment, FulfilmentLine, OrderLine
from payments.models import BalanceTransaction, Dispute, Payment, PaymentAttempt, Payout
from products.models import StockItem, StockMovement

HOUR = timedelta(hours=1)


@dataclass
class Books:
    """Every row that these figures are read from, as it stands at `now`; `live` is the mode of Stripe in use."""

    entries: list[Entry]
    now: datetime
    zone: ZoneInfo
    store_currency: str
    live: bool = False
    sla: timedelta = timedelta(hours=48)
    attempts: list[Any] = field(default_factory=lambda: list(PaymentAttempt.objects.select_related("payment__order")))
    payments: list[Any] = field(default_factory=lambda: list(Payment.objects.select_related("order")))
    disputes: list[Any] = field(default_factory=lambda: list(Dispute.objects.select_related("payment__order")))
    transactions: list[Any] = field(default_factory=lambda: list(BalanceTransaction.objects.all()))
    payouts: list[Any] = field(default_factory=lambda: list(Payout.objects.all()))
    lines: list[Any] = field(default_factory=lambda: list(OrderLine.objects.select_related("order")))
    parcels: list[Any] = field(default_factory=lambda: list(Fulfilment.objects.all()))
    parcel_lines: list[Any] = field(default_factory=lambda: list(FulfilmentLine.objects.all()))
    carts: list[Any] = field(default_factory=lambda: list(Cart.objects.select_related("order")))
    items: list[Any] = field(default_factory=lambda: list(StockItem.objects.select_related("variant__product")))
    movements: list[Any] = field(default_factory=lambda: list(StockMovement.objects.order_by("at", "pk")))

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def counts(self, payment: Any) -> bool:
        """Whether a payment is none of a test order, nor of the other mode of Stripe."""
        if payment is None:
            return True
        return not payment.order.is_test and (payment.tender != "stripe" or payment.livemode == self.live)


def figures(books: Books, start: date, end: date, currency: str | None, *, of_now: bool = True) -> Values:
    """Every scalar figure of a window that is no sale; without a currency only those that hold no money."""
    found = _payments(books, start, end, currency) | _lead_times(books, start, end, currency)
    if of_now:
        found |= _backlog(books, currency)
    return found if currency is None else found | _stripe(books, start, end, currency)


def _payments(books: Books, start: date, end: date, currency: str | None) -> Values:
    mine = [a for a in books.attempts if a.outcome != "unconfirmed" and books.counts(a.payment)]
    intents: dict[str, list[Any]] = defaultdict(list)
    for attempt in sorted(mine, key=lambda attempt: attempt.at):
        intents[attempt.stripe_intent_id].append(attempt)
    begun = [tries for tries in intents.values() if _within(books.day(tries[0].at), start, end, tries[0], currency)]
    tried = [attempt for attempt in mine if _within(books.day(attempt.at), start, end, attempt, currency)]
    charges = [
        payment
        for payment in books.payments
        if payment.captured_minor and payment.tender != "free" and books.counts(payment)
        if _within(books.day(payment.succeeded_at), start, end, payment, currency)
    ]
    opened = [
        dispute
        for dispute in books.disputes
        if not dispute.is_inquiry and books.counts(dispute.payment)
        if _within(books.day(dispute.opened_at), start, end, dispute, currency)
    ]
    succeeded = [tries for tries in begun if any(attempt.outcome == "succeeded" for attempt in tries)]
    return {
        "payment_success": rate(len(succeeded), len(begun)),
        "payment_attempt_success": rate(sum(a.outcome == "succeeded" for a in tried), len(tried)),
        "dispute_rate": rate(len(opened), len(charges)),
    }


def _stripe(books: Books, start: date, end: date, currency: str) -> Values:
    moved = [t for t in books.transactions if _within(books.day(t.at), start, end, t, currency)]
    disputed = [t for t in moved if t.reporting_category in ("dispute", "dispute_reversal")]
    aside = ("payout", "payout_reversal", "topup", "topup_reversal")
    own_fees = sum(t.amount_minor for t in moved if t.reporting_category == "fee")
    arrived = [p for p in books.payouts if p.status == "paid" and _within(p.arrives_on, start, end, p, currency)]
    return {
        "disputed_amount": -sum(t.amount_minor for t in disputed),
        "stripe_fees": sum(t.fee_minor for t in moved) - own_fees,
        "stripe_net": sum(t.net_minor for t in moved if t.reporting_category not in aside),
        "payouts": sum(payout.amount_minor for payout in arrived),
    }


def _lead_times(books: Books, start: date, end: date, currency: str | None) -> Values:
    sold_at = {entry.order_id: entry.at for entry in books.entries if entry.kind == "sale"}
    last: dict[int, datetime] = {}
    for parcel in books.parcels:
        last[parcel.order_id] = max(last.get(parcel.order_id, parcel.at), parcel.at)
    orders = {line.order_id: line.order for line in books.lines}
    leads = sorted(
        Fraction((sent_at - sold_at[key]) // timedelta(microseconds=1), HOUR // timedelta(microseconds=1))
        for key, sent_at in last.items()
        if orders[key].status == "fulfilled" and not orders[key].is_test
        if _within(books.day(sent_at), start, end, orders[key], currency)
    )
    return {f"lead_time_p{p}": _percentile(leads, Fraction(p, 100)) for p in (50, 90)}


def _percentile(values: list[Fraction], p: Fraction) -> str | None:
    if not values:
        return None
    place = (len(values) - 1) * p
    low, high = values[int(place)], values[min(int(place) + 1, len(values) - 1)]
    return two_decimals(low + (high - low) * (place - int(place)))


def _backlog(books: Books, currency: str | None) -> Values:
    sent: dict[int, int] = defaultdict(int)
    for row in books.parcel_lines:
        sent[row.line_id] += row.quantity
    sold_at = {entry.order_id: entry.at for entry in books.entries if entry.kind == "sale"}
    waiting = {
        line.order_id
        for line in books.lines
        if line.order.status == "paid" and not line.order.is_test and currency in (None, line.order.currency)
        if line.quantity - sent[line.pk] - line.quantity_canceled > 0
    }
    return {
        "backlog": len(waiting),
        "sla_breach": sum(1 for key in waiting if books.now - sold_at[key] > books.sla),
    }


def _within(day: date, start: date, end: date, row: Any, currency: str | None) -> bool:
    return start <= day <= end and currency in (None, row.currency)
