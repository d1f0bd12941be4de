"""A quarter of trade of every kind, as lines of history: the ground that figures and their rows are compared on."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from history.tests.factories import product

Line = dict[str, Any]
NOW = datetime(2026, 11, 5, 12, 30, tzinfo=UTC)  # the clocks in London went back on 25 October
DAYS = 100
PRODUCTS = [f"P{number}" for number in range(1, 6)]
PEOPLE = [f"c{number}" for number in range(1, 15)]
CODES = ["WELCOME", "", "", ""]


def quarter(seed: int = 7, orders: int = 90) -> list[Line]:
    """Orders paid, free, unpaid, canceled and for a test, in two currencies, with all that may follow."""
    rng = Random(seed)
    lines: list[Line] = [{"type": "customer", "ref": ref, "email": f"{ref}@example.com"} for ref in PEOPLE]
    lines += [
        product(ref, category=f"Shelf {place % 2}", cost=200 if place % 2 else None, currency="GBP", stock=400)
        if place
        else product(ref, currency="GBP")
        for place, ref in enumerate(PRODUCTS)
    ]
    lines = [{name: value for name, value in line.items() if value is not None} for line in lines]
    for number in range(orders):
        lines += _order(rng, f"O{number}")
    lines += [_wish(rng, number) for number in range(40)]
    lines += [
        _attempt(rng, f"X{number}", None, _moment(rng), rng.choice(["failed", "unconfirmed"]), "GBP")
        for number in range(25)
    ]
    return [*lines, *_books(rng)]


def _order(rng: Random, ref: str) -> list[Line]:
    at, currency = _moment(rng), rng.choice(["GBP", "GBP", "GBP", "EUR"])
    kind = rng.choice(["paid"] * 10 + ["unpaid", "test", "free"])
    line: Line = {
        "type": "order",
        "ref": ref,
        "customer": rng.choice(PEOPLE),
        "currency": currency,
        "country": rng.choice(["GB", "GB", "FR", ""]),
        "discount_code": rng.choice(CODES),
        "placed_at": at.isoformat(),
        "prices_include_tax": rng.random() < 0.5,
        "shipping": rng.choice([0, 300]) if kind != "free" else 0,
        "lines": [
            {"product": sku, "quantity": rng.randint(1, 3), "unit_price": rng.randint(500, 4000)}
            | ({"cost": rng.randint(50, 900)} if rng.random() < 0.6 else {})
            for sku in rng.sample(PRODUCTS, rng.randint(1, 3))
        ],
    }
    goods = sum(one["quantity"] * one["unit_price"] for one in line["lines"])
    line |= {"discount": goods} if kind == "free" else {"discount": goods // 10} if rng.random() < 0.4 else {}
    line["tax"] = 0 if kind == "free" else goods // 9
    line = {name: value for name, value in line.items() if value != ""}
    line |= {"paid_at": at.isoformat()} if kind != "unpaid" else {}
    line |= {"test": True} if kind == "test" else {}
    bag = _bag(rng, ref if kind != "free" else None, at)
    return [line, *bag, *(_what_follows(rng, ref, at, currency, goods) if kind in ("paid", "test") else [])]


def _bag(rng: Random, order: str | None, at: datetime) -> list[Line]:
    """A bag that became the order, or one that led nowhere; some took longer than the funnel waits."""
    begun = at - timedelta(hours=rng.choice([1, 5, 100, 168, 169]))
    if order is None or rng.random() < 0.3:
        return [{"type": "cart", "at": begun.isoformat()}]
    checkout = begun + (at - begun) / 2
    return [{"type": "cart", "at": begun.isoformat(), "checkout_at": checkout.isoformat(), "order": order}]


def _what_follows(rng: Random, ref: str, at: datetime, currency: str, goods: int) -> list[Line]:
    found: list[Line] = []
    if rng.random() < 0.8:
        if rng.random() < 0.3:
            found.append(_attempt(rng, f"I{ref}", ref, at - timedelta(hours=rng.choice([1, 30])), "failed", currency))
        found.append(_attempt(rng, f"I{ref}", ref, at, "succeeded", currency))
    if rng.random() < 0.35:
        found += _refund(rng, ref, at, goods)
    if rng.random() < 0.7:
        sent = _not_yet_over(at + timedelta(minutes=rng.randint(60, 6000), microseconds=rng.randint(0, 999_999)))
        found.append({"type": "ship", "order": ref, "at": sent.isoformat()})
    if rng.random() < 0.08:
        opened = _not_yet_over(at + timedelta(days=2))
        inquiry = rng.random() < 0.3
        found.append(
            {"type": "dispute", "ref": f"D{ref}", "order": ref, "at": opened.isoformat(), "amount": 100}
            | ({"inquiry": True} if inquiry else {})
        )
    return found


def _refund(rng: Random, ref: str, at: datetime, goods: int) -> list[Line]:
    when = _not_yet_over(at + timedelta(hours=rng.randint(0, 400)))
    status = rng.choice(["succeeded", "succeeded", "succeeded", "pending", "failed"])
    back = {"type": "refund", "ref": f"R{ref}", "order": ref, "at": when.isoformat(), "status": status}
    found = [back | {"amount": rng.randint(1, goods // 3)}]
    if status == "succeeded" and rng.random() < 0.3:
        failed = _not_yet_over(when + timedelta(days=3))
        found.append({"type": "refund_failed", "refund": f"R{ref}", "at": failed.isoformat()})
    return found


def _attempt(rng: Random, intent: str, order: str | None, at: datetime, outcome: str, currency: str) -> Line:
    line = {"type": "payment_attempt", "intent": intent, "at": at.isoformat(), "outcome": outcome}
    line |= {"currency": currency} if order is None else {"order": order}
    return line | ({"code": rng.choice(["card_declined", "expired_card"])} if outcome == "failed" else {})


def _wish(rng: Random, number: int) -> Line:
    at = _moment(rng) + timedelta(microseconds=number)
    kind = rng.choice(["wish", "wish", "wish", "unwish"])
    return {"type": kind, "customer": rng.choice(PEOPLE), "product": rng.choice(PRODUCTS), "at": at.isoformat()}


def _books(rng: Random) -> list[Line]:
    found: list[Line] = []
    kinds = ["charge"] * 8 + ["refund", "dispute", "dispute_reversal", "fee", "payout", "topup", "payout_reversal"]
    for number in range(60):
        category = rng.choice(kinds)
        amount = rng.randint(100, 9_000) * (-1 if category in ("refund", "dispute", "fee", "payout") else 1)
        fee = rng.randint(1, 90) if category in ("charge", "dispute") else 0
        found.append(
            {"type": "balance_transaction", "ref": f"T{number}", "reporting_category": category, "amount": amount,
             "fee": fee, "net": amount - fee, "currency": rng.choice(["GBP", "GBP", "EUR"]),
             "at": _moment(rng).isoformat()}
        )  # fmt: skip
    found += [
        {"type": "payout", "ref": f"B{number}", "amount": rng.randint(100, 9_000),
         "currency": rng.choice(["GBP", "EUR"]), "arrives_on": str(_moment(rng).date()),
         "status": rng.choice(["paid", "paid", "paid", "failed", "in_transit"])}
        for number in range(20)
    ]  # fmt: skip
    return found


def _moment(rng: Random) -> datetime:
    return NOW - timedelta(minutes=rng.randrange(DAYS * 24 * 60), microseconds=rng.randrange(1_000_000))


def _not_yet_over(at: datetime) -> datetime:
    return min(at, NOW - timedelta(minutes=1))
