"""Each row of ours beside the movement that Stripe booked for it, and what one side holds and the other does not.

A matched row counts on the day of its movement: Stripe may book up to an hour after the charge, past midnight too.
Imported history is left out; it agrees with itself only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from core.days import business_day, day_bounds
from core.money import EXPONENTS
from payments.booked import SIDES, Side
from payments.client import is_live
from payments.models import BalanceTransaction

GRACE = timedelta(hours=2)  # Stripe books a charge within the hour, and its event may take as long
BATCH = 2_000
NET = "net"
TOLERANCE = 10_000  # one part in so many, and a minor unit: exchange rates come rounded

BOOKED = """
SELECT '{category}', '{entity}', f.id, f.source, f.amount, f.currency, b.id, b.source_id, b.amount_minor, b.currency,
    b.exchange_rate, b.day, CASE WHEN EXISTS ({earlier}) THEN 1 ELSE 0 END
FROM payments_balancetransaction b LEFT JOIN ({facts}) f ON f.source = b.source_id
WHERE b.reporting_category = '{category}' AND NOT b.is_imported AND {within} AND {wanted}
"""
EARLIER = """SELECT 1 FROM payments_balancetransaction e
    WHERE e.source_id = b.source_id AND e.reporting_category = b.reporting_category AND e.id < b.id"""
APART = """((f.id IS NULL AND b.at < %(due)s) OR f.amount <> b.amount_minor OR f.currency <> b.currency
    OR EXISTS ({earlier}))"""
UNBOOKED = """
SELECT '{category}', '{entity}', f.id, f.source, f.amount, f.currency, f.at FROM ({facts}) f
WHERE f.is_expected = 1 AND f.at < %(due)s AND {within} AND NOT EXISTS (
    SELECT 1 FROM payments_balancetransaction b
    WHERE b.source_id = f.source AND b.reporting_category = '{category}')
"""


class Problem(StrEnum):
    """Why two sides differ, in a sentence for people; nothing where they agree."""

    NONE = ""
    NOT_BOOKED = "Stripe's balance shows no movement for it."
    NOT_HERE = "This shop does not know what Stripe booked it for."
    AMOUNT = "The two amounts differ."
    TWICE = "Stripe booked it a second time."
    NET = "Gross less fees is not net."


@dataclass(frozen=True)
class Days:
    """Business days from `start` to `end`, both included."""

    start: date
    end: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The instants that they lie between, half-open."""
        return day_bounds(self.start)[0], day_bounds(self.end)[1]


@dataclass(frozen=True)
class Pair:
    """A row of ours and the movement Stripe booked for it; one of the two may be missing. Amounts are signed.

    `currency` is the settlement currency, `entity` and `pk` name our row, `movement` is the key of Stripe's.
    """

    day: date
    currency: str
    category: str
    entity: str
    pk: int | None
    source_id: str
    ours_minor: int
    movement: int | None
    stripe_minor: int
    problem: Problem

    @property
    def difference_minor(self) -> int:
        """What Stripe holds more than we do."""
        return self.stripe_minor - self.ours_minor


def differing_pairs(days: Days | None = None, *, currency: str = "") -> Iterator[Pair]:
    """Yield the rows on which the two sides do not agree, all of them or those of some days and one currency.

    What is younger than two hours is not missed yet.
    """
    pairs = (*_booked(days, APART.format(earlier=EARLIER)), *_unbooked(days), *_wrong_net(days))
    for pair in pairs:
        if pair.problem and currency in ("", pair.currency):
            yield pair


def pairs_of(day: date, category: str, currency: str) -> list[Pair]:
    """Return every row of a category on a day, both sides, the differing first; none of a category without sides."""
    days = Days(day, day)
    sides = [side for side in SIDES if side.category == category]
    pairs = [*_booked(days, "1 = 1", sides), *_unbooked(days, sides)]
    found = [pair for pair in pairs if pair.currency == currency]
    return sorted(found, key=lambda pair: (not pair.problem, pair.source_id))


def _booked(days: Days | None, wanted: str, sides: Iterable[Side] = SIDES) -> Iterator[Pair]:
    """Yield what Stripe booked, each beside the row of ours that it is for, if there is one."""
    within = "b.day BETWEEN %(start)s AND %(end)s" if days else "1 = 1"
    for category, entity, pk, source, ours, ours_in, key, booked_for, amount, currency, rate, day, is_second in _rows(
        BOOKED, days, sides, within=within, wanted=wanted, earlier=EARLIER
    ):
        expected = 0 if pk is None or is_second else _settled(ours, ours_in, amount, currency, rate)
        problem = Problem.NONE if expected == amount else Problem.AMOUNT
        if is_second:
            problem = Problem.TWICE
        elif pk is None:
            problem = Problem.NOT_HERE
        on = day if isinstance(day, date) else date.fromisoformat(day)
        yield Pair(on, currency, category, entity, pk, source or booked_for, expected, key, amount, problem)


def _unbooked(days: Days | None, sides: Iterable[Side] = SIDES) -> Iterator[Pair]:
    """Yield what is ours and long enough ago, and is on no balance."""
    within = "f.at >= %(start_at)s AND f.at < %(end_at)s" if days else "1 = 1"
    for category, entity, pk, source, ours, currency, at in _rows(UNBOOKED, days, sides, within=within):
        day = business_day(_moment(at))
        yield Pair(day, currency, category, entity, pk, source or "", ours, None, 0, Problem.NOT_BOOKED)


def _wrong_net(days: Days | None) -> Iterator[Pair]:
    wrong = BalanceTransaction.objects.exclude(net_minor=F("amount_minor") - F("fee_minor"))
    if days:
        wrong = wrong.filter(day__range=(days.start, days.end))
    for row in wrong.order_by("pk").iterator():
        right = row.amount_minor - row.fee_minor
        pair = (row.day, row.currency, NET, "balance_transaction", row.pk, row.source_id, right, row.pk, row.net_minor)
        yield Pair(*pair, Problem.NET)


def _rows(sql: str, days: Days | None, sides: Iterable[Side], **parts: str) -> Iterator[tuple[Any, ...]]:
    statement = " UNION ALL ".join(
        sql.format(category=side.category, entity=side.entity, facts=side.facts, **parts) for side in sides
    )
    if not statement:
        return
    moment, day = connection.ops.adapt_datetimefield_value, connection.ops.adapt_datefield_value
    params: dict[str, Any] = {"live": is_live(), "due": moment(timezone.now() - GRACE)}
    if days:
        start_at, end_at = days.bounds
        params |= {"start": day(days.start), "end": day(days.end)}
        params |= {"start_at": moment(start_at), "end_at": moment(end_at)}
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        while found := cursor.fetchmany(BATCH):
            yield from found


def _moment(value: datetime | str) -> datetime:
    """Return an instant read by hand: SQLite gives it without a zone or as text, in UTC."""
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _settled(ours: int, ours_in: str, amount: int, currency: str, rate: Any) -> int:
    """Return what a row of ours comes to in the settlement currency; Stripe's own amount where the two agree.

    Without an exchange rate nothing can be said, so being there is enough. Stripe says that `amount` times the rate is
    the amount settled; where the two currencies differ in their decimals, either reading of that is taken.
    """
    if ours_in == currency:
        return ours
    if rate is None:
        return amount
    exact = Decimal(ours) * Decimal(str(rate))
    shift = EXPONENTS.get(currency, 2) - EXPONENTS.get(ours_in, 2)
    room = 1 + abs(amount) // TOLERANCE
    readings = [exact.scaleb(shift), exact]
    if any(abs(reading - amount) <= room for reading in readings):
        return amount
    return int(readings[0].to_integral_value())
