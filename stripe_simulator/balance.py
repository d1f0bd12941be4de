"""The balance: what every movement of money leaves behind, and `GET /v1/balance`."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from stripe_simulator import clock, ids, store
from stripe_simulator.calls import Call, Endpoint
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Resource
from stripe_simulator.params import DATED_LISTING, EXPAND, currency, text

_SETTLES_AFTER = timedelta(days=3)
_CATEGORY = {"payment": "charge", "refund_failure": "refund_failure"}


def record(
    movement: str,
    source: Resource,
    amount: int,
    *,
    fee: int = 0,
    description: str | None = None,
    category: str | None = None,
    at_once: bool = False,
) -> str:
    """Book `amount` minor units (negative leaves the account) less `fee`; returns the transaction's id."""
    code = source.data["currency"]
    available = clock.now() if at_once else clock.now() + _SETTLES_AFTER
    fees = [
        {"amount": fee, "application": None, "currency": code, "description": "Stripe processing fees",
         "type": "stripe_fee"}
    ] if fee else []  # fmt: skip
    transaction = store.create(
        "balance_transaction",
        {
            "id": ids.new_id("balance_transaction"),
            "amount": amount,
            "available_on": int(available.timestamp()),
            "balance_type": "payments",
            "currency": code,
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fees,
            "net": amount - fee,
            "reporting_category": category or _CATEGORY.get(movement, movement),
            "source": source.stripe_id,
            "status": "pending",
            "type": movement,
        },
        label=movement,
        currency=code,
        source_id=source.stripe_id,
    )
    return transaction.stripe_id


def _retrieve(call: Call) -> dict[str, Any]:
    return render(store.find("balance_transaction", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    rows = Resource.objects.filter(kind="balance_transaction")
    for param, column in _FILTERS.items():
        if param in call.params:
            rows = rows.filter(**{column: call.params[param]})
    return page(rows, call.params, url=call.path, kind="balance_transaction")


def _balance(call: Call) -> dict[str, Any]:
    now = clock.stamp()
    available: defaultdict[str, int] = defaultdict(int)
    pending: defaultdict[str, int] = defaultdict(int)
    rows = Resource.objects.filter(kind="balance_transaction").values_list("currency", "data")
    for code, transaction in rows.iterator():
        (available if transaction["available_on"] <= now else pending)[code] += transaction["net"]
        pending[code] += 0
        available[code] += 0
    return {
        "object": "balance",
        "available": _amounts(available),
        "livemode": False,
        "pending": _amounts(pending),
    }


def _amounts(totals: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"amount": amount, "currency": code, "source_types": {"card": amount}}
        for code, amount in sorted(totals.items())
    ]


_FILTERS = {"source": "source_id", "payout": "payout_id", "type": "label", "currency": "currency"}
ENDPOINTS = (
    Endpoint("GET", "/v1/balance", "balance.retrieve", _balance, EXPAND),
    Endpoint(
        "GET",
        "/v1/balance_transactions",
        "balance_transactions.list",
        _list,
        {**DATED_LISTING, "source": text(), "payout": text(), "type": text(), "currency": currency},
    ),
    Endpoint("GET", "/v1/balance_transactions/*", "balance_transactions.retrieve", _retrieve, EXPAND),
)
