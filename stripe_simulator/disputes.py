"""Disputes: the shopper's bank takes the money back, and may give it back again."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from stripe_simulator import balance, clock, currencies, events, ids, schedule, store
from stripe_simulator.calls import Call, Endpoint
from stripe_simulator.errors import ApiError, refused
from stripe_simulator.expansion import render
from stripe_simulator.listing import page
from stripe_simulator.models import Resource
from stripe_simulator.params import DATED_LISTING, EXPAND, Reader, boolean, metadata, nested, text

_EVIDENCE = """access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
    cancellation_rebuttal customer_communication customer_email_address customer_name customer_purchase_ip
    customer_signature duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id
    product_description receipt refund_policy refund_policy_disclosure refund_refusal_explanation service_date
    service_documentation shipping_address shipping_carrier shipping_date shipping_documentation
    shipping_tracking_number uncategorized_file uncategorized_text""".split()
_EVIDENCE_DUE_AFTER = timedelta(days=9)
_LONG_TEXTS = """access_activity_log cancellation_policy_disclosure cancellation_rebuttal duplicate_charge_explanation
    product_description refund_policy_disclosure refund_refusal_explanation uncategorized_text""".split()
_FILES = """cancellation_policy customer_communication customer_signature duplicate_charge_documentation receipt
    refund_policy service_documentation shipping_documentation uncategorized_file""".split()
_LONGEST, _LONGEST_SHORT, _MOST_TEXT = 20_000, 5_000, 150_000
_CLOSED = frozenset({"won", "lost", "warning_closed", "prevented"})
_REVIEWED_AS = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}
# What Stripe's test mode answers to these words: https://docs.stripe.com/testing#evidence
_WINNING, _LOSING = "winning_evidence", "losing_evidence"


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


@transaction.atomic
def escalate(dispute_id: str) -> None:
    """Turn an open inquiry into a dispute, which takes the amount and a fee. Safe to repeat."""
    dispute = store.lock("dispute", dispute_id)
    if not dispute.data["status"].startswith("warning_") or dispute.data["status"] in _CLOSED:
        return
    details = dispute.data["payment_method_details"]
    previous = store.change(
        dispute,
        status="needs_response",
        is_charge_refundable=False,
        payment_method_details=details | {"card": details["card"] | {"case_type": "chargeback"}},
        evidence_details=dispute.data["evidence_details"] | {"submission_count": 0},
    )
    store.change(store.lock("charge", dispute.charge_id), disputed=True)
    _book(dispute, -dispute.data["amount"], fee=currencies.DISPUTE_FEE, category="dispute")
    events.emit("charge.dispute.updated", dispute, previous)
    events.emit("charge.dispute.funds_withdrawn", dispute)


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
    if status in _CLOSED:
        return
    if status.startswith("warning_"):
        previous = store.change(dispute, status="warning_closed")
    else:
        previous = store.change(dispute, status="won" if won else "lost")
        if won:
            _book(dispute, dispute.data["amount"], fee=0, category="dispute_reversal")
            events.emit("charge.dispute.funds_reinstated", dispute)
    events.emit("charge.dispute.closed", dispute, previous)


def bind(charge_id: str) -> bool:
    """Whether the bank decides about a charge's money: then it cannot be refunded. A dispute that was won lets go."""
    binding = ("needs_response", "under_review", "lost")
    return Resource.objects.filter(kind="dispute", charge_id=charge_id, label__in=binding).exists()


@schedule.action("open_dispute")
def _start_later(charge_id: str) -> None:
    start(charge_id)


@schedule.action("open_inquiry")
def _ask_later(charge_id: str) -> None:
    start(charge_id, inquiry=True)


def _retrieve(call: Call) -> dict[str, Any]:
    return render(store.find("dispute", call.ids[0]), call.expand)


def _list(call: Call) -> dict[str, Any]:
    rows = Resource.objects.filter(kind="dispute")
    if "charge" in call.params:
        rows = rows.filter(charge_id=call.params["charge"])
    if "payment_intent" in call.params:
        rows = rows.filter(intent_id=call.params["payment_intent"])
    return page(rows, call.params, url=call.path, kind="dispute")


def _update(call: Call) -> dict[str, Any]:
    """Stage evidence, or send it to the bank, which `submit` means unless it is false."""
    dispute = store.lock("dispute", call.ids[0])
    if dispute.data["status"] in _CLOSED:
        raise refused("This dispute is already closed.")
    given = call.params.get("evidence", {})
    is_sent = call.params.get("submit", True) and "evidence" in call.params
    if is_sent and dispute.data["evidence_details"]["submission_count"]:
        raise refused("Evidence has already been submitted for this dispute.")
    evidence = dispute.data["evidence"] | {name: value or None for name, value in given.items()}
    if sum(len(value) for value in evidence.values() if isinstance(value, str)) > _MOST_TEXT:
        raise ApiError(f"The evidence has more than {_MOST_TEXT:,} characters.", param="evidence")
    previous = store.change(
        dispute,
        evidence=evidence,
        evidence_details=_details(dispute, evidence, is_sent=is_sent),
        metadata=dispute.data["metadata"] | call.params.get("metadata", {}),
        status=_REVIEWED_AS.get(dispute.data["status"], dispute.data["status"]) if is_sent else dispute.data["status"],
    )
    events.emit("charge.dispute.updated", dispute, previous)
    if is_sent and given.get("uncategorized_text") in {_WINNING, _LOSING}:
        close(dispute.stripe_id, won=given["uncategorized_text"] == _WINNING)
        dispute.refresh_from_db()
    return render(dispute, call.expand)


def _details(dispute: Resource, evidence: dict[str, Any], *, is_sent: bool) -> dict[str, Any]:
    details = dispute.data["evidence_details"]
    has_evidence = any(isinstance(value, str) for value in evidence.values())
    if not is_sent:
        return details | {"has_evidence": has_evidence}
    return details | {
        "has_evidence": has_evidence,
        "past_due": clock.stamp() > details["due_by"],
        "submission_count": details["submission_count"] + 1,
    }


def _evidence(value: Any, name: str) -> str:
    """A text field of evidence, which an empty value unsets."""
    if value == "":
        return ""
    return text(_LONGEST if any(name.endswith(f"[{field}]") for field in _LONG_TEXTS) else _LONGEST_SHORT)(value, name)


def _file(value: Any, name: str) -> str:
    """The id of an uploaded file, of which there are none here."""
    raise ApiError(f"No such file upload: '{str(value)[:100]}'", status=404, code="resource_missing", param=name)


_FIELDS: dict[str, Reader] = {name: _file if name in _FILES else _evidence for name in _EVIDENCE}
_UPDATE = {**EXPAND, "evidence": nested(_FIELDS), "submit": boolean, "metadata": metadata}
_FILTERS = {**DATED_LISTING, "charge": text(), "payment_intent": text()}
ENDPOINTS = (
    Endpoint("GET", "/v1/disputes", "disputes.list", _list, _FILTERS),
    Endpoint("GET", "/v1/disputes/*", "disputes.retrieve", _retrieve, EXPAND),
    Endpoint("POST", "/v1/disputes/*", "disputes.update", _update, _UPDATE),
)
