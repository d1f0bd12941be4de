"""Random trade, imported in pieces and built in odd ways: every table of facts is what its rows come to, recounted."""

import json
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
import time_machine

from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES, FULL, one_day
from analytics.tests.recounting import KEPT, assert_facts_are_recounted, kept
from history.importing import import_history

pytestmark = pytest.mark.django_db

FIRST, DAYS = date(2026, 3, 5), 70  # three months, and the night of 29 March, which has one hour less in London
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
PRODUCTS, PEOPLE = [f"P{number}" for number in range(4)], [f"c{number}@example.com" for number in range(6)]
PIECES = 4


def trade(seed: int, orders: int) -> list[dict]:
    """Orders with tries, refunds and disputes, and Stripe's books; each line stands after those it names."""
    rng, lines = Random(seed), []
    for number in range(orders):
        at = _moment(rng)
        is_paid, unit_price = rng.random() < 0.9, rng.randint(100, 4000)
        order = {
            "type": "order",
            "ref": f"O{number}",
            "email": rng.choice(PEOPLE),
            "currency": rng.choice(["GBP", "GBP", "EUR"]),
            "country": rng.choice(["GB", "FR"]),
            "placed_at": at,
            "shipping": rng.choice([0, 300]),
            "tax": unit_price // 7,
            "lines": [{"product": rng.choice(PRODUCTS), "quantity": rng.randint(1, 3), "unit_price": unit_price}],
        }
        order |= {"paid_at": at} if is_paid else {}
        order |= {"test": True} if rng.random() < 0.1 else {}
        order |= {"discount": unit_price // 10, "discount_code": "SPRING"} if rng.random() < 0.3 else {}
        own = [order, *(_attempt(rng, number, nth, at, is_paid=is_paid) for nth in range(rng.randint(0, 3)))]
        if is_paid and rng.random() < 0.4:
            own.append(_refund(rng, number, at, unit_price))
        if is_paid and rng.random() < 0.2:
            own.append(_dispute(rng, number, at))
        if rng.random() < 0.5:
            own += _books(rng, number, at)
        lines += own
    return lines


def _attempt(rng: Random, number: int, attempt: int, at: datetime, *, is_paid: bool) -> dict:
    outcomes = ["failed", "requires_action", "unconfirmed", *(["succeeded"] if is_paid else [])]
    moment = at + timedelta(hours=rng.randint(-40, 40), seconds=attempt)
    line = {"type": "payment_attempt", "intent": f"I{number}", "at": moment, "outcome": rng.choice(outcomes)}
    return line | {"order": f"O{number}"}


def _refund(rng: Random, number: int, at: datetime, unit_price: int) -> dict:
    status = rng.choice(["succeeded", "succeeded", "succeeded", "pending", "failed"])
    moment, amount = at + timedelta(hours=rng.randint(0, 900)), rng.randint(1, unit_price // 2)
    return {"type": "refund", "ref": f"R{number}", "order": f"O{number}", "at": moment, "amount": amount} | {
        "status": status
    }


def _dispute(rng: Random, number: int, at: datetime) -> dict:
    moment, is_inquiry = at + timedelta(hours=rng.randint(0, 200)), rng.random() < 0.3
    line = {"type": "dispute", "ref": f"D{number}", "order": f"O{number}", "at": moment, "amount": 50}
    return line | {"inquiry": is_inquiry}


def _books(rng: Random, number: int, at: datetime) -> list[dict]:
    category = rng.choice(["charge", "refund", "dispute", "dispute_reversal", "fee", "payout", "topup", "other"])
    amount, fee = rng.randint(-500, 500), rng.randint(0, 30)
    movement = {"type": "balance_transaction", "ref": f"T{number}", "reporting_category": category, "at": at}
    movement |= {"amount": amount, "fee": fee, "net": amount - fee, "currency": "GBP"}
    payout = {"type": "payout", "ref": f"B{number}", "amount": amount, "currency": rng.choice(["GBP", "EUR"])}
    payout |= {"arrives_on": at.date() + timedelta(days=2), "status": rng.choice(["paid", "failed", "pending"])}
    return [movement, payout]


def _moment(rng: Random) -> datetime:
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    return start + timedelta(minutes=rng.randrange(DAYS * 24 * 60))


def _pieces(seed: int, orders: int) -> list[list[dict]]:
    """Lines in a few files. What is about an order may come in a later file than the order."""
    goods = [{"type": "product", "ref": ref, "name": f"Product {ref}"} for ref in PRODUCTS]
    rng, pieces = Random(seed), [goods, *([] for _ in range(PIECES - 1))]
    place_of: dict[str, int] = {}
    for line in trade(seed, orders):
        earliest = place_of.get(line.get("order", ""), 0)
        place = rng.randint(earliest, PIECES - 1)
        pieces[place].append(line)
        place_of[line.get("ref", "")] = place
    return pieces


def feed(lines: list[dict]) -> None:
    outcome = import_history(json.dumps(line, default=_in_words).encode() for line in lines)
    assert outcome.bad == []


def _in_words(value: date) -> str:
    return value.isoformat()


@pytest.mark.parametrize("seed", range(3))
def test_facts_built_in_pieces_are_what_their_rows_come_to(seed: int) -> None:
    rng = Random(seed)
    with time_machine.travel(NOW, tick=False):
        for piece in _pieces(seed, orders=60):
            feed(piece)
            for _ in range(rng.randint(0, 4)):
                build_snapshots(one_day(FIRST + timedelta(days=rng.randrange(DAYS))))
            if rng.random() < 0.6:
                build_snapshots(CHANGES)
                assert_facts_are_recounted()
        build_snapshots(CHANGES)

        assert_facts_are_recounted()
        assert all(kept()[name] for name in KEPT), "a table that holds nothing proves nothing"
        before = kept()
        build_snapshots(FULL)
        assert kept() == before
