"""Lines of history for tests, and the one way to feed them to the importer."""

import json
from collections.abc import Iterable
from typing import Any

from history.importing import Outcome, import_history

Line = dict[str, Any]
AT = "2026-06-01T10:00:00+01:00"


def feed(*lines: Line | str | bytes, **options: Any) -> Outcome:
    """Import lines as they would stand in a file."""
    return import_history(raw(lines), **options)


def raw(lines: Iterable[Line | str | bytes]) -> list[bytes]:
    return [
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]


def problems(*lines: Line | str | bytes, **options: Any) -> list[str]:
    """What an import says is wrong with these lines."""
    return [str(bad) for bad in feed(*lines, **options).bad]


def product(ref: str = "P1", **changes: Any) -> Line:
    return {"type": "product", "ref": ref, "name": f"Product {ref}", **changes}


def order(ref: str = "O1", *rows: Line, **changes: Any) -> Line:
    """A paid order of GBP, tax on top; `paid_at=None` leaves it unpaid."""
    line = {
        "type": "order",
        "ref": ref,
        "email": "alice@example.com",
        "currency": "GBP",
        "placed_at": AT,
        "paid_at": AT,
        "lines": list(rows) or [row()],
    } | changes
    return {name: value for name, value in line.items() if value is not None}


def row(sku: str = "P1", quantity: int = 1, unit_price: int = 1000, **changes: Any) -> Line:
    return {"product": sku, "quantity": quantity, "unit_price": unit_price, **changes}


def refund(ref: str = "R1", **changes: Any) -> Line:
    return {"type": "refund", "ref": ref, "order": "O1", "at": "2026-06-04T10:00:00+01:00", **changes}


def ship(**changes: Any) -> Line:
    return {"type": "ship", "order": "O1", "at": "2026-06-02T10:00:00+01:00", **changes}


def cancel(**changes: Any) -> Line:
    return {"type": "cancel", "order": "O1", "at": "2026-06-05T10:00:00+01:00", **changes}


def stock(**changes: Any) -> Line:
    return {"type": "stock", "product": "P1", "at": AT, "delta": 5, "reason": "Delivery 1", **changes}


def attempt(outcome: str = "succeeded", **changes: Any) -> Line:
    """A try at paying O1; `order=None` makes it one of no order."""
    line = {"type": "payment_attempt", "intent": "I1", "order": "O1", "at": AT, "outcome": outcome} | changes
    return {name: value for name, value in line.items() if value is not None}


def succeeded(**changes: Any) -> Line:
    return {"type": "refund_succeeded", "refund": "R1", "at": "2026-06-06T10:00:00+01:00", **changes}


def failed(**changes: Any) -> Line:
    return {"type": "refund_failed", "refund": "R1", "at": "2026-06-07T10:00:00+01:00", **changes}


def dispute(ref: str = "DP1", **changes: Any) -> Line:
    return {"type": "dispute", "ref": ref, "order": "O1", "at": "2026-06-08T23:30:00Z", "amount": 1000, **changes}


def transaction(ref: str = "T1", **changes: Any) -> Line:
    """A charge of 1000 with a fee of 40, dated by an instant whose day in London is the next one."""
    return {
        "type": "balance_transaction",
        "ref": ref,
        "reporting_category": "charge",
        "amount": 1000,
        "fee": 40,
        "net": 960,
        "currency": "GBP",
        "at": "2026-06-08T23:30:00Z",
        **changes,
    }


def payout(ref: str = "PO1", **changes: Any) -> Line:
    return {"type": "payout", "ref": ref, "amount": 960, "currency": "GBP", "arrives_on": "2026-06-15", **changes}
