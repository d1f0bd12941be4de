"""Refunds: asked for by the shop, settled at once or later."""

from typing import Any

from django.db import transaction

from stripe_simulator import balance, currencies, disputes, events, faults, ids, store
from stripe_simulator.calls import Call, Endpoint
from stripe_simulator.errors import ApiError, missing_param, refused
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Resource
from stripe_simulator.params import DATED_LISTING, EXPAND, choice, integer, metadata, text

_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def _create(call: Call) -> dict[str, Any]:
    charge = _charge_to_refund(call.params)
    left = charge.data["amount_captured"] - charge.data["amount_refunded"]
    amount = call.params.get("amount", left)
    _check(charge, amount, left)
    return render(make(charge, amount, call.params), call.expand)


def _charge_to_refund(params: dict[str, Any]) -> Resource:
    """The charge that is meant, locked."""
    if "charge" in params:
        charge = store.lock("charge", params["charge"], param="charge")
        intent_id = params.get("payment_intent", charge.intent_id)
        if intent_id != charge.intent_id:
            raise refused(f"Charge {charge.stripe_id} does not belong to PaymentIntent {intent_id}.", param="charge")
        if charge.data["paid"]:
            return charge
    elif "payment_intent" in params:
        intent = store.find("payment_intent", params["payment_intent"], param="payment_intent")
        intent_id = intent.stripe_id
        if intent.data["status"] == "succeeded":
            return store.lock("charge", intent.data["latest_charge"])
    else:
        raise missing_param("payment_intent")
    raise refused(
        f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
        code="payment_intent_unexpected_state",
    )


def _check(charge: Resource, amount: int, left: int) -> None:
    if disputes.bind(charge.stripe_id):
        raise refused(
            f"Charge {charge.stripe_id} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left == 0:
        raise refused(f"Charge {charge.stripe_id} has already been refunded.", code="charge_already_refunded")
    if amount > left:
        asked, remaining = (currencies.show(value, charge.currency) for value in (amount, left))
        kind = "unrefunded amount on charge" if charge.data["amount_refunded"] else "charge amount"
        raise refused(f"Refund amount ({asked}) is greater than {kind} ({remaining})", param="amount")
    if currencies.decimals(charge.currency) == 3 and amount % 10:
        raise ApiError(f"Invalid amount: in {charge.currency.upper()} the last digit must be 0.", param="amount")


def make(charge: Resource, amount: int, params: dict[str, Any]) -> Resource:
    """Refund `amount` minor units of `charge`, whose lock the caller holds.

    A refund is `succeeded` at once unless another status was ordered (`control.refund_next_as`).
    """
    fault = faults.take(faults.REFUND, "refund")
    status = fault.mode if fault else "succeeded"
    refund = store.create(
        "refund",
        {
            "id": ids.new_id("refund"),
            "amount": amount,
            "balance_transaction": None,
            "charge": charge.stripe_id,
            "currency": charge.currency,
            "destination_details": _destination(charge),
            "metadata": params.get("metadata", {}),
            "payment_intent": charge.intent_id,
            "reason": params.get("reason"),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if status == "failed" else status,
            "transfer_reversal": None,
        },
        label=status,
        currency=charge.currency,
        intent_id=charge.intent_id,
        charge_id=charge.stripe_id,
    )
    booked = balance.record("refund", refund, -amount, description="REFUND")
    store.change(refund, balance_transaction=booked)
    previous = _add_to_charge(charge, amount)
    events.emit("refund.created", refund)
    events.emit("charge.refunded", charge, previous)
    if status == "failed":
        _fail(refund, charge)
    return refund


def _destination(charge: Resource) -> dict[str, Any]:
    kind = charge.data["payment_method_details"]["type"]
    if kind != "card":
        return {"type": kind}
    return {
        "card": {
            "reference": ids.random_text(15),
            "reference_status": "available",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        },
        "type": "card",
    }


def _add_to_charge(charge: Resource, amount: int) -> dict[str, Any]:
    refunded = charge.data["amount_refunded"] + amount
    return store.change(charge, amount_refunded=refunded, refunded=refunded == charge.data["amount_captured"])


@transaction.atomic
def settle(refund_id: str, *, succeeded: bool) -> None:
    """Let a pending refund succeed, or a pending or succeeded one fail. Safe to repeat."""
    charge_id = store.find("refund", refund_id).charge_id
    charge = store.lock("charge", charge_id)
    refund = store.lock("refund", refund_id)
    status = refund.data["status"]
    if succeeded and status in {"pending", "requires_action"}:
        previous = store.change(refund, status="succeeded")
        events.emit("refund.updated", refund, previous)
        events.emit("charge.refund.updated", refund, previous)
    elif not succeeded and status in {"pending", "requires_action", "succeeded"}:
        _fail(refund, charge)


def _fail(refund: Resource, charge: Resource) -> None:
    """Give the money back to the account, as Stripe does when the shopper's bank refuses it."""
    returned = balance.record(
        "refund_failure", refund, refund.data["amount"], description="REFUND FAILURE", at_once=True
    )
    previous = store.change(
        refund, status="failed", failure_reason="expired_or_canceled_card", failure_balance_transaction=returned
    )
    _add_to_charge(charge, -refund.data["amount"])
    events.emit("refund.failed", refund)
    events.emit("refund.updated", refund, previous)
    events.emit("charge.refund.updated", refund, previous)


def _retrieve(call: Call) -> dict[str, Any]:
    return render(store.find("refund", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    rows = Resource.objects.filter(kind="refund")
    if "charge" in call.params:
        rows = rows.filter(charge_id=call.params["charge"])
    if "payment_intent" in call.params:
        rows = rows.filter(intent_id=call.params["payment_intent"])
    return page(rows, call.params, url=call.path, kind="refund")


def _cancel(call: Call) -> dict[str, Any]:
    found = store.find("refund", call.ids[0])
    charge = store.lock("charge", found.charge_id)
    refund = store.lock("refund", found.stripe_id)
    if refund.data["status"] != "requires_action":
        raise refused(
            f"Refund {refund.stripe_id} cannot be canceled: only a refund that requires action can be, "
            f"and this one is {refund.data['status']}."
        )
    returned = balance.record("refund_failure", refund, refund.data["amount"], at_once=True)
    previous = store.change(refund, status="canceled", failure_balance_transaction=returned)
    _add_to_charge(charge, -refund.data["amount"])
    events.emit("refund.updated", refund, previous)
    return render(refund, call.expand)


_CREATION = {
    **EXPAND,
    "charge": text(),
    "payment_intent": text(),
    "amount": integer(1),
    "reason": choice(*_REASONS),
    "metadata": metadata,
}
_FILTERS = {**DATED_LISTING, "charge": text(), "payment_intent": text()}
ENDPOINTS = (
    Endpoint("POST", "/v1/refunds", "refunds.create", _create, _CREATION),
    Endpoint("GET", "/v1/refunds", "refunds.list", _list, _FILTERS),
    Endpoint("GET", "/v1/refunds/*", "refunds.retrieve", _retrieve, EXPAND),
    Endpoint("POST", "/v1/refunds/*/cancel", "refunds.cancel", _cancel, EXPAND),
)
