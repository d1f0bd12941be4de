"""Disputes as Stripe tells them, and the one thing that is sent about them: evidence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from payments.client import ask, time_of

CLOSED = "charge.dispute.closed"
PAGE = 100


@dataclass(frozen=True)
class DisputeState:
    """A dispute as Stripe tells it; amounts in minor units.

    `status` is any word of Stripe's. `case` is what the card network calls it: `inquiry`, `chargeback`, `block`,
    `resolution`, or empty. `evidence_due_at` is None where the bank takes no answer. `metadata` is the intent's.
    """

    id: str
    charge_id: str
    intent_id: str
    metadata: Mapping[str, str]
    status: str
    case: str
    reason: str
    amount_minor: int
    currency: str
    opened_at: datetime
    evidence_due_at: datetime | None
    has_evidence: bool
    submission_count: int
    is_past_due: bool
    livemode: bool


def fetch_dispute(dispute_id: str) -> DisputeState:
    """Read one dispute with the marks of its payment. Raises GatewayRefused for one that Stripe does not know."""
    asked: Any = {"expand": ["payment_intent"]}
    return _state(ask(lambda client: client.v1.disputes.retrieve(dispute_id, asked)))


def ids_since(at: datetime) -> Iterator[str]:
    """Yield the ids of the disputes created at or after `at`, the newest first."""
    asked: Any = {"created": {"gte": int(at.timestamp())}, "limit": PAGE}
    found = ask(lambda client: client.v1.disputes.list(asked))
    while True:
        yield from (dispute.id for dispute in found.data)
        if not found.has_more or not found.data:
            return
        asked = {**asked, "starting_after": found.data[-1].id}
        found = ask(lambda client, params=asked: client.v1.disputes.list(params))  # type: ignore[misc]


def closed_at(dispute_id: str) -> datetime | None:
    """Return when Stripe says a dispute was closed, from its list of events; None if it lists none any more."""
    events = ask(lambda client: client.v1.events.list({"type": CLOSED, "limit": PAGE}))
    for event in events.auto_paging_iter():
        if event.data.object["id"] == dispute_id:
            return time_of(event.created)
    return None


def submit_evidence(params: Mapping[str, Any], *, idempotency_key: str) -> DisputeState:
    """Send evidence to the bank: `params` holds the `dispute` and its `evidence`. Typically possible only once."""
    sent: Any = {"evidence": dict(params["evidence"]), "submit": True, "expand": ["payment_intent"]}
    options: Any = {"idempotency_key": idempotency_key}
    return _state(ask(lambda client: client.v1.disputes.update(params["dispute"], sent, options)))


def _state(found: stripe.Dispute) -> DisputeState:
    charge, intent, details = found.charge, found.payment_intent, found.evidence_details
    is_whole = isinstance(intent, stripe.PaymentIntent)
    return DisputeState(
        id=found.id,
        charge_id=charge if isinstance(charge, str) else charge.id,
        intent_id=(intent.id if is_whole else str(intent or "")),  # type: ignore[union-attr]
        metadata=dict(intent.metadata.to_dict()) if is_whole else {},  # type: ignore[union-attr]
        status=found.status,
        case=_case(found),
        reason=found.reason or "",
        amount_minor=found.amount,
        currency=found.currency.upper(),
        opened_at=time_of(found.created),
        evidence_due_at=time_of(details.due_by) if details.due_by else None,
        has_evidence=details.has_evidence,
        submission_count=details.submission_count,
        is_past_due=details.past_due,
        livemode=found.livemode,
    )


def _case(found: stripe.Dispute) -> str:
    details = getattr(found, "payment_method_details", None)
    card = getattr(details, "card", None) if details else None
    return getattr(card, "case_type", None) or ""
