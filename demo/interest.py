"""What happens around a sale: bags, attempts to pay, wishes, disputes. Nothing here changes the sale itself."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from demo.after_sale import Event, Fate, Sale
from demo.baskets import total_of

Line = dict[str, Any]

DECLINES, DECLINE_WEIGHTS = ("card_declined", "insufficient_funds", "expired_card", "incorrect_cvc"), (5, 4, 1, 2)
BAGS_LEFT_PER_ORDER = 1.7


def attempts(sale: Sale, *, rng: Random) -> Iterator[Event]:
    """Yield the attempts to pay an order; a paid one ends with a success at its `paid_at`."""
    declined, asked, code = rng.random(), rng.random(), rng.choices(DECLINES, DECLINE_WEIGHTS)[0]
    first_at = sale.placed_at + timedelta(seconds=rng.randint(12, 28))
    intent = f"pi_{sale.ref.replace('-', '')}"
    if declined < (0.07 if sale.paid_at else 0.7):
        yield _attempt(sale, intent, first_at, "failed", code=code)
    if sale.paid_at is None:
        return
    if asked < 0.14:
        yield _attempt(sale, intent, first_at + timedelta(seconds=8), "requires_action")
    yield _attempt(sale, intent, sale.paid_at, "succeeded")


def bag_of(sale: Sale, *, rng: Random) -> Line:
    """Return the bag that became the order."""
    checkout_at = sale.placed_at - timedelta(seconds=rng.randint(60, 900))
    at = checkout_at - timedelta(seconds=int(rng.lognormvariate(6.5, 1.6)) % 500_000)
    return {"type": "cart", "at": at.isoformat(), "checkout_at": checkout_at.isoformat(), "order": sale.ref}


def bags_left(moments: Sequence[datetime], *, now: datetime, rng: Random) -> Iterator[Event]:
    """Yield bags that no order came of; each line is unlike every other, since bags have no reference."""
    previous = None
    for moment in moments:
        at = moment + timedelta(milliseconds=rng.randrange(1000))
        if previous is not None and at <= previous:
            at = previous + timedelta(milliseconds=1)
        previous = at
        line: Line = {"type": "cart", "at": at.isoformat()}
        checkout_at = at + timedelta(seconds=rng.randint(60, 1500))
        if rng.random() < 0.3 and checkout_at <= now:
            line["checkout_at"] = checkout_at.isoformat()
        yield at, line


def wish(sale: Sale, customer: str, sku: str, *, now: datetime, rng: Random) -> Iterator[Event]:
    """Yield a wish for `sku` some time after the order, and perhaps its end."""
    at = sale.placed_at + timedelta(seconds=rng.randint(120, 20 * 86_400))
    ends_at = at + timedelta(seconds=rng.randint(3600, 30 * 86_400))
    if at <= now:
        yield at, {"type": "wish", "customer": customer, "product": sku, "at": at.isoformat()}
    if rng.random() < 0.2 and ends_at <= now:
        yield ends_at, {"type": "unwish", "customer": customer, "product": sku, "at": ends_at.isoformat()}


def dispute(sale: Sale, *, now: datetime, rng: Random) -> Iterator[Event]:
    """Yield the dispute of about one in five hundred orders that were sent and not refunded."""
    draw, days, closes = rng.random(), rng.randint(8, 70), rng.randint(15, 60)
    outcome = rng.random()
    if draw >= 0.0022 or sale.fate is not Fate.SENT or sale.paid_at is None:
        return
    at = sale.paid_at + timedelta(days=days)
    line: Line = {
        "type": "dispute",
        "ref": f"DP-{sale.number + 1:06d}",
        "order": sale.ref,
        "at": at.isoformat(),
        "amount": total_of(sale.order),
    }
    if outcome < 0.15:
        line["inquiry"] = True
    closed_at = at + timedelta(days=closes)
    if closed_at <= now:
        line["outcome"] = "inquiry_closed" if outcome < 0.15 else ("won" if outcome < 0.55 else "lost")
        line["closed_at"] = closed_at.isoformat()
    if at <= now:
        yield at, line


def _attempt(sale: Sale, intent: str, at: datetime, outcome: str, *, code: str | None = None) -> Event:
    line: Line = {
        "type": "payment_attempt",
        "intent": intent,
        "order": sale.ref,
        "at": at.isoformat(),
        "outcome": outcome,
    }
    return at, ({**line, "code": code} if code else line)
