"""Random trade as lines of the history format, all of them valid, with something of every kind on awkward days."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

Line = dict[str, Any]

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
CURRENCIES = ("GBP", "GBP", "EUR", "JPY", "KWD")
SKUS = ("P1", "P2", "P3", "P4")  # the first two are counted
PEOPLE = ("C1", "C2", "C3", "C4")
CATEGORIES = (
    "charge", "charge", "refund", "refund_failure", "dispute", "dispute_reversal", "fee", "payout", "payout_reversal",
    "topup", "topup_reversal", "reserve_transaction",
)  # fmt: skip
# Moments at which a day or a month begins or ends in London, among them the days of 23 and of 25 hours.
EDGES = (
    "2026-03-28T23:59:59.999999", "2026-03-29T00:00:00", "2026-03-29T01:00:00", "2026-03-29T22:59:59",
    "2026-03-29T23:00:00", "2026-03-31T22:59:59", "2026-03-31T23:00:00", "2026-10-24T22:59:59", "2026-10-24T23:00:00",
    "2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-10-25T23:59:59", "2026-10-26T00:00:00",
    "2026-10-31T23:59:59.999999", "2026-11-01T00:00:00", "2026-10-27T12:00:00",
)  # fmt: skip
SEASONS = (datetime(2026, 3, 25, tzinfo=UTC), datetime(2026, 10, 21, tzinfo=UTC))


@st.composite
def histories(draw: st.DrawFn, *, most_orders: int = 14) -> list[Line]:
    """Lines of one history: what a line refers to stands before it, times come in no order."""
    rng = draw(st.randoms(use_true_random=False))
    lines: list[Line] = [
        {"type": "product", "ref": sku, "name": f"Product {sku}"} | ({"stock": rng.randint(0, 9)} if counted else {})
        for sku, counted in zip(SKUS, (True, True, False, False), strict=True)
    ]
    lines += [{"type": "customer", "ref": ref, "email": f"{ref}@example.com"} for ref in PEOPLE]
    for number in range(draw(st.integers(3, most_orders))):
        lines += _purchase(rng, f"O{number}")
    for number in range(draw(st.integers(6, 16))):
        lines += _aside(rng, number)
    return lines


def moment(rng: Random) -> datetime:
    """An edge, or any second of a fortnight in spring or autumn; never after `NOW`."""
    if rng.random() < 0.4:
        return datetime.fromisoformat(rng.choice(EDGES)).replace(tzinfo=UTC)
    return rng.choice(SEASONS) + timedelta(seconds=rng.randrange(13 * 24 * 3600))


def later(rng: Random, at: datetime, *, days: int = 9) -> datetime:
    """Some time after a moment, but not after `NOW`."""
    return min(NOW, at + timedelta(seconds=rng.randrange(1, days * 24 * 3600)))


def _purchase(rng: Random, ref: str) -> list[Line]:
    """An order and everything that came of it."""
    order, total = _order(rng, ref)
    at, paid = datetime.fromisoformat(order["placed_at"]), "paid_at" in order
    lines = [*_cart(rng, order, at), order] if rng.random() < 0.5 else [order, *_cart(rng, order, at)]
    if "order" in lines[0]:
        lines.reverse()
    if total:
        lines += _attempts(rng, order, at)
    if not paid:
        return lines
    sends = rng.random()
    if sends < 0.6:
        lines += _parcels(rng, order, at)
    if total:
        lines += _refunds(rng, order, total, at, can_cancel=sends >= 0.6)
    if total and rng.random() < 0.25:
        lines.append(_dispute(rng, ref, total, at))
    return lines


def _order(rng: Random, ref: str) -> tuple[Line, int]:
    at, is_inclusive, is_free = moment(rng), rng.random() < 0.5, rng.random() < 0.08
    rows = []
    for sku in rng.sample(SKUS, rng.randint(1, 3)):
        row = {"product": sku, "quantity": rng.randint(1, 3), "unit_price": rng.randrange(100, 4000, 10)}
        row["discount"] = row["quantity"] * row["unit_price"] if is_free else 10 * rng.randint(0, 4)
        rows.append(row | ({"cost": rng.randint(0, 900)} if rng.random() < 0.6 else {}))
    goods = sum(row["quantity"] * row["unit_price"] - row["discount"] for row in rows)
    order: Line = {
        "type": "order", "ref": ref, "currency": rng.choice(CURRENCIES), "placed_at": at.isoformat(), "lines": rows,
        "prices_include_tax": is_inclusive,
    }  # fmt: skip
    order |= {"customer": rng.choice(PEOPLE)} if rng.random() < 0.7 else {"email": f"{rng.choice(PEOPLE)}@example.com"}
    order |= {"paid_at": at.isoformat()} if rng.random() < 0.85 else {}
    order |= {"test": True} if rng.random() < 0.08 else {}
    if is_free:
        return order, 0
    order |= {"discount": goods // 10} if rng.random() < 0.4 else {}
    order |= {"shipping": 300, "shipping_discount": rng.choice((0, 100, 300))} if rng.random() < 0.6 else {}
    total = goods - order.get("discount", 0) + order.get("shipping", 0) - order.get("shipping_discount", 0)
    if rng.random() < 0.7:
        order["tax"] = total // rng.randint(5, 9)
        total += 0 if is_inclusive else order["tax"]
    return order, total


def _cart(rng: Random, order: Line, placed: datetime) -> list[Line]:
    if rng.random() < 0.4:
        return []
    at = placed - timedelta(seconds=rng.choice((0, 5, 3600, 7 * 24 * 3600, 9 * 24 * 3600)))
    checkout = {"checkout_at": later(rng, at, days=2).isoformat()} if rng.random() < 0.6 else {}
    return [{"type": "cart", "at": at.isoformat(), "order": order["ref"]} | checkout]


def _attempts(rng: Random, order: Line, placed: datetime) -> list[Line]:
    """Tries that failed, and for half of the paid orders the one that succeeded; before the sale or after it."""
    outcomes = [rng.choice(("failed", "requires_action", "unconfirmed")) for _ in range(rng.randint(0, 2))]
    if "paid_at" in order and rng.random() < 0.6:
        outcomes.append("succeeded")
    return [
        {
            "type": "payment_attempt",
            "intent": f"I-{order['ref']}",
            "order": order["ref"],
            "at": (placed - timedelta(seconds=rng.choice((0, 30, 3600, 90_000)))).isoformat(),
            "outcome": outcome,
        }
        for outcome in outcomes
    ]


def _parcels(rng: Random, order: Line, placed: datetime) -> list[Line]:
    """A parcel with everything, or one with a unit and perhaps another with the rest, recorded in either order."""
    times = [later(rng, placed).isoformat() for _ in range(2)]
    everything = {"type": "ship", "order": order["ref"]}
    part = everything | {"lines": [{"product": order["lines"][0]["product"], "quantity": 1}], "at": times[0]}
    units = sum(row["quantity"] for row in order["lines"])
    if units == 1 or rng.random() < 0.5:
        return [everything | {"at": times[0]}]
    return [part, everything | {"at": times[1]}] if rng.random() < 0.6 else [part]


def _refunds(rng: Random, order: Line, total: int, placed: datetime, *, can_cancel: bool) -> list[Line]:
    row = order["lines"][0]
    charge, named = row["quantity"] * row["unit_price"] - row["discount"], rng.randint(1, row["quantity"])
    units = [{"product": row["product"], "quantity": named, "restock": rng.random() < 0.5}]
    share = charge * named // row["quantity"]
    forms: list[list[Line]] = [
        [], [], [],
        [{"amount": rng.randint(1, total)}],
        [{"amount": rng.randint(1, total // 3)}, {"amount": rng.randint(1, total // 3)}],
        [{"goods": charge // 2, "tax": order.get("tax", 0) // 2, "shipping": 50 if "shipping" in order else 0}],
        [{"lines": units}],
        [{"lines": units, "amount": max(share // 3, 1)}],
        [{"lines": units, "goods": max(share // 3, 1)}],
    ]  # fmt: skip
    if order.get("shipping_discount", 0) == 300:
        forms[5][0]["shipping"] = 0
    if rng.random() < 0.15:
        return _all_back(rng, order, total, placed, can_cancel=can_cancel)
    lines = []
    for number, form in enumerate(rng.choice(forms)):
        status = rng.choice(("succeeded", "succeeded", "succeeded", "pending", "failed", "canceled"))
        refund = {"type": "refund", "ref": f"R{number}-{order['ref']}", "order": order["ref"], "status": status}
        at = later(rng, placed)
        lines.append(refund | form | {"at": at.isoformat()})
        ends = {"pending": ("refund_succeeded", "refund_failed", ""), "succeeded": ("", "", "refund_failed")}
        if end := rng.choice(ends.get(status, ("",))):
            lines.append({"type": end, "refund": refund["ref"], "at": later(rng, at).isoformat()})
    return lines


def _all_back(rng: Random, order: Line, total: int, placed: datetime, *, can_cancel: bool) -> list[Line]:
    """All of the money, and nothing is sent any more if nothing was."""
    at = later(rng, placed).isoformat()
    refund = {"type": "refund", "ref": f"R-{order['ref']}", "order": order["ref"], "amount": total, "at": at}
    return [refund, {"type": "cancel", "order": order["ref"], "at": at}] if can_cancel else [refund]


def _dispute(rng: Random, order: str, total: int, placed: datetime) -> Line:
    is_inquiry = rng.random() < 0.3
    dispute = {"type": "dispute", "ref": f"D-{order}", "order": order, "at": later(rng, placed).isoformat()}
    ends = ("", "inquiry_closed") if is_inquiry else ("", "won", "lost")
    outcome = rng.choice(ends)
    return dispute | {"amount": total, "inquiry": is_inquiry} | ({"outcome": outcome} if outcome else {})


def _aside(rng: Random, number: int) -> list[Line]:
    """Something that belongs to no order."""
    at = moment(rng).isoformat()
    amount, fee = rng.randint(-5000, 9000), rng.choice((0, 0, 25, 120, -20))
    kinds: list[Line] = [
        {"type": "wish", "customer": rng.choice(PEOPLE), "product": rng.choice(SKUS), "at": at},
        {"type": "wish", "customer": rng.choice(PEOPLE), "product": rng.choice(SKUS), "at": at},
        {"type": "unwish", "customer": rng.choice(PEOPLE), "product": rng.choice(SKUS), "at": at},
        {"type": "stock", "product": rng.choice(SKUS[:2]), "at": at, "delta": rng.choice((-1, 1, 4)), "reason": at},
        {"type": "cart", "at": at} | ({"checkout_at": at} if rng.random() < 0.5 else {}),
        {
            "type": "payment_attempt", "intent": f"X{number % 3}", "at": at, "amount": 500,
            "outcome": rng.choice(("failed", "requires_action", "succeeded", "unconfirmed")),
            "currency": CURRENCIES[number % 3 + 1],
        },
        {
            "type": "balance_transaction", "ref": f"T{number}", "reporting_category": rng.choice(CATEGORIES), "at": at,
            "amount": amount, "fee": fee, "net": amount - fee, "currency": rng.choice(CURRENCIES),
        },
        {
            "type": "payout", "ref": f"PO{number}", "amount": amount, "currency": rng.choice(CURRENCIES),
            "arrives_on": str(date.fromisoformat(at[:10]) + timedelta(days=rng.choice((0, 2, 9)))),
            "status": rng.choice(("paid", "paid", "failed", "pending")),
        },
    ]  # fmt: skip
    return [rng.choice(kinds)]
