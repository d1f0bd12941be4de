"""What Stripe would have booked for the demo's trade: fees, refunds, disputes, and a payout each Monday.

Read from what the trade has come to once it is imported, so that every amount is the one of its payment or refund.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from core.days import business_day, day_bounds
from core.money import divide_half_up
from payments.models import Dispute, Payment, Refund

Line = dict[str, Any]
Movement = tuple[datetime, str, str, int, int, str]  # when, ref, category, gross, fee, the order's number

FEE_BPS, FEE_FIXED, DISPUTE_FEE = 150, 20, 2_000
ARRIVES_AFTER = timedelta(days=2)
WEEK = timedelta(days=7)
BOOKED = (Refund.Status.SUCCEEDED, Refund.Status.PENDING)


def book_lines(*, currency: str, now: datetime) -> Iterator[Line]:
    """Yield balance transactions and payouts up to `now`, in lines of the history format; each week after its payout.

    The same trade gives the same lines. Memory holds one week.
    """
    week: list[Movement] = []
    monday: date | None = None
    for movement in heapq.merge(_charges(currency), _refunds(currency), _failures(currency), _disputes(currency)):
        if movement[0] > now:
            break
        day = business_day(movement[0])
        if monday is None:
            monday = _next_monday(day)
        while day >= monday:
            yield from _paid_out(week, monday, currency, now)
            monday += WEEK
        week.append(movement)
    if monday is not None and monday <= business_day(now):
        yield from _paid_out(week, monday, currency, now)
    for movement in week:
        yield _line(movement, currency)


def _paid_out(week: list[Movement], monday: date, currency: str, now: datetime) -> Iterator[Line]:
    """Yield the payout of all that waits, then its parts; nothing if there is nothing to pay out yet."""
    amount = sum(gross - fee for _, _, _, gross, fee, _ in week)
    at = day_bounds(monday)[0] + timedelta(hours=5)
    if amount <= 0 or at > now:
        return
    ref, arrives_on = f"payout-{monday}", monday + ARRIVES_AFTER
    status = "paid" if arrives_on <= business_day(now) else "in_transit"
    payout = {"type": "payout", "ref": ref, "amount": amount, "currency": currency, "arrives_on": f"{arrives_on}"}
    yield payout | {"status": status}
    for movement in week:
        yield _line(movement, currency) | {"payout": ref}
    week.clear()
    yield _line((at, f"{ref}-out", "payout", -amount, 0, ref), currency)


def _line(movement: Movement, currency: str) -> Line:
    at, ref, category, gross, fee, source = movement
    return {
        "type": "balance_transaction",
        "ref": ref,
        "reporting_category": category,
        "amount": gross,
        "fee": fee,
        "net": gross - fee,
        "currency": currency,
        "at": at.isoformat(),
        "source": source,
    }


def _charges(currency: str) -> Iterator[Movement]:
    taken = Payment.objects.filter(
        tender=Payment.Tender.IMPORTED, status=Payment.Status.SUCCEEDED, currency=currency, captured_minor__gt=0
    )
    for payment in _in_time(taken.exclude(succeeded_at=None), "succeeded_at"):
        fee = divide_half_up(payment.captured_minor * FEE_BPS, 10_000) + FEE_FIXED
        number = payment.order.number
        yield payment.succeeded_at, f"charge-{number}", "charge", payment.captured_minor, fee, number


def _refunds(currency: str) -> Iterator[Movement]:
    """Refunds are booked when they are made, pending ones too; one that failed later was booked as well."""
    made = Refund.objects.filter(payment__tender=Payment.Tender.IMPORTED, currency=currency)
    for refund in _in_time(made.filter(status__in=BOOKED) | made.filter(refunded_at__isnull=False), "created_at"):
        yield refund.created_at, f"refund-{refund.pk}", "refund", -refund.amount_minor, 0, refund.payment.order.number


def _failures(currency: str) -> Iterator[Movement]:
    failed = Refund.objects.filter(
        payment__tender=Payment.Tender.IMPORTED, currency=currency, refunded_at__isnull=False, failed_at__isnull=False
    )
    for refund in _in_time(failed, "failed_at"):
        ref, number = f"refund-{refund.pk}-failed", refund.payment.order.number
        yield refund.failed_at, ref, "refund_failure", refund.amount_minor, 0, number


def _disputes(currency: str) -> Iterator[Movement]:
    """A dispute takes its amount and a fee; one that is won gives the amount back. An inquiry takes nothing."""
    rows = Dispute.objects.filter(payment__tender=Payment.Tender.IMPORTED, currency=currency, is_inquiry=False)
    moves: list[Movement] = []
    for dispute in rows.select_related("payment__order"):
        number, amount = dispute.payment.order.number if dispute.payment else "", dispute.amount_minor
        moves.append((dispute.opened_at, f"dispute-{dispute.pk}", "dispute", -amount, DISPUTE_FEE, number))
        if dispute.outcome == Dispute.Outcome.WON and dispute.closed_at:
            moves.append((dispute.closed_at, f"dispute-{dispute.pk}-won", "dispute_reversal", amount, 0, number))
    return iter(sorted(moves))


def _in_time(rows: Any, moment: str) -> Iterable[Any]:
    related = "order" if rows.model is Payment else "payment__order"
    return rows.select_related(related).order_by(moment, "pk").iterator(chunk_size=2_000)


def _next_monday(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())
