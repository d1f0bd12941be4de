"""Disputes: the shopper's bank takes the money back, and may give it back again."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from stripe_simulator import balance, clock, currencies, events, ids, schedule, store
from stripe_simulator.calls import Call, Endpoint
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Resource
from stripe_simulator.params import DATED_LISTING, EXPAND, text

_EVIDENCE = """access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
    cancellation_rebuttal customer_communication customer_email_address customer_name customer_purchase_ip
    customer_signature duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id
    product_description receipt refund_policy refund_policy_disclosure refund_refusal_explanation service_date
    service_documentation shipping_address shipping_carrier shipping_date shipping_documentation
    shipping_tracking_number uncategorized_file uncategorized_text""".split()
_EVIDENCE_DUE_AFTER = timedelta(days=9)


@transaction.atomic
def start(charge_id: str, *, reason: str = "fraudulent", amount: int | None = None, inquiry: bool = False) -> Resource:
    """Dispute a charge (its whole amount unless `amount` minor units are given).

    An inquiry (`warning_needs_response`) moves no money; a dispute takes the amount and a fee.
    """
    charge = store.lock("charge", charge_id)
    taken = charge.data["amount"] if amount is None else amount
    dispute = store.create(
        "dispute",
        _blank_dispute(charge, inquiry=inquiry) | {"amount": taken, "reason": reason, "is_charge_refundable": inquiry},
        label="warning_needs_response" if inquiry else "needs_response",
        currency=charge.currency,
        intent_id=charge.intent_id,
        charge_id=charge_id,
    )
    if not inquiry:
        store.change(charge, disputed=True)
        _book(dispute, -taken, fee=currencies.DISPUTE_FEE, category="dispute")
    events.emit("charge.dispute.created", dispute)
    if not inquiry:
        events.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _blank_dispute(charge: Resource, *, inquiry: bool) -> dict[str, Any]:
    card = charge.data["payment_method_details"].get("card", {})
    kind = "inquiry" if inquiry else "chargeback"
    return {
        "balance_transactions": [],
        "charge": charge.stripe_id,
        "currency": charge.currency,
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": int((clock.now() + _EVIDENCE_DUE_AFTER).timestamp()),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "livemode": False,
        "metadata": {},
        "payment_intent": charge.intent_id,
        "payment_method_details": {
            "card": {"brand": card.get("brand", "visa"), "case_type": kind, "network_reason_code": "10"},
            "type": "card",
        },
        "status": "warning_needs_response" if inquiry else "needs_response",
        "id": ids.new_id("dispute"),
    }


def _book(dispute: Resource, amount: int, *, fee: int, category: str) -> None:
    booked = balance.record(
        "adjustment",
        dispute,
        amount,
        fee=fee,
        category=category,
        description=f"Chargeback for {dispute.charge_id}",
        at_once=True,
    )
    moved = render(store.find("balance_transaction", booked))
    store.change(dispute, balance_transactions=[*dispute.data["balance_transactions"], moved])


@transaction.atomic
def close(dispute_id: str, *, won: bool) -> None:
    """End a dispute or an inquiry. Safe to repeat: only an open one is ended."""
    dispute = store.lock("dispute", dispute_id)
    status = dispute.data["status"]
    if status in {"won", "lost", "warning_closed"}:
        return
    if status.startswith("warning_"):
        previous = store.change(dispute, status="warning_closed")
    else:
        previous = store.change(dispute, status="won" if won else "lost")
        if won:
            _book(dispute, dispute.data["amount"], fee=0, category="dispute_reversal")
            events.emit("charge.dispute.funds_reinstated", dispute)
    events.emit("charge.dispute.closed", dispute, previous)


@schedule.action("open_dispute")
def _start_later(charge_id: str) -> None:
    start(charge_id)


def _retrieve(call: Call) -> dict[str, Any]:
    return render(store.find("dispute", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    rows = Resource.objects.filter(kind="dispute")
    if "charge" in call.params:
        rows = rows.filter(charge_id=call.params["charge"])
    if "payment_intent" in call.params:
        rows = rows.filter(intent_id=call.params["payment_intent"])
    return page(rows, call.params, url=call.path, kind="dispute")


_FILTERS = {**DATED_LISTING, "charge": text(), "payment_intent": text()}
ENDPOINTS = (
    Endpoint("GET", "/v1/disputes", "disputes.list", _list, _FILTERS),
    Endpoint("GET", "/v1/disputes/*", "disputes.retrieve", _retrieve, EXPAND),
)
