"""Payouts: the balance on its way to the merchant's bank."""

from typing import Any

from django.db import transaction
from django.db.models import F

from stripe_simulator import balance, clock, events, ids, store
from stripe_simulator.calls import Call, Endpoint
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Resource
from stripe_simulator.params import DATED_LISTING, EXPAND, choice, span, text


@transaction.atomic
def make(currency: str, *, include_pending: bool = True) -> Resource | None:
    """Pay out every balance transaction of this currency that no payout holds yet.

    None if there is nothing, or less than nothing, to pay out. A payout equals its parts.
    """
    rows = Resource.objects.select_for_update().filter(kind="balance_transaction", currency=currency, payout_id="")
    parts = [row for row in rows.order_by("pk") if include_pending or row.data["available_on"] <= clock.stamp()]
    amount = sum(row.data["net"] for row in parts)
    if amount <= 0:
        return None
    payout = store.create("payout", _blank(currency, amount), label="in_transit", currency=currency)
    events.emit("payout.created", payout)
    booked = balance.record("payout", payout, -amount, description="STRIPE PAYOUT", at_once=True)
    held = [row.pk for row in parts]
    Resource.objects.filter(pk__in=held).update(payout_id=payout.stripe_id)
    Resource.objects.filter(stripe_id=booked).update(payout_id=F("source_id"))
    store.change(payout, balance_transaction=booked, status="paid", reconciliation_status="completed")
    events.emit("payout.paid", payout)
    events.emit("payout.reconciliation_completed", payout)
    return payout


def _blank(currency: str, amount: int) -> dict[str, Any]:
    return {
        "id": ids.new_id("payout"),
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": clock.stamp(),
        "automatic": True,
        "balance_transaction": None,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": None,
        "type": "bank_account",
    }


def _retrieve(call: Call) -> dict[str, Any]:
    return render(store.find("payout", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    rows = Resource.objects.filter(kind="payout")
    if "status" in call.params:
        rows = rows.filter(label=call.params["status"])
    for bound, moment in call.params.get("arrival_date", {}).items():
        rows = rows.filter(**{f"created__{bound}": moment})
    return page(rows, call.params, url=call.path, kind="payout")


_STATUS = choice("pending", "paid", "failed", "canceled", "in_transit")
ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/payouts",
        "payouts.list",
        _list,
        {**DATED_LISTING, "arrival_date": span, "status": _STATUS, "destination": text()},
    ),
    Endpoint("GET", "/v1/payouts/*", "payouts.retrieve", _retrieve, EXPAND),
)
