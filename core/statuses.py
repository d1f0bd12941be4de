"""One word and one tone for every status that a page shows, so that a state never has two names."""

from typing import NamedTuple


class StatusWord(NamedTuple):
    """The word people read and the tone of its badge: ok, warn, err, info or neutral."""

    word: str
    tone: str = "neutral"


STATUS_WORDS: dict[str, dict[str, StatusWord]] = {
    "order": {
        "pending": StatusWord("Payment pending", "warn"),
        "processing": StatusWord("Payment processing", "info"),
        "paid": StatusWord("Paid", "ok"),
        "fulfilled": StatusWord("Fulfilled", "ok"),
        "canceled": StatusWord("Canceled"),
    },
    "money": {
        "unpaid": StatusWord("Not paid"),
    },
    "goods": {
        "to_send": StatusWord("To send", "warn"),
        "part_sent": StatusWord("Part sent", "info"),
        "sent": StatusWord("Fulfilled", "ok"),
        "held": StatusWord("On hold", "err"),
        "canceled": StatusWord("Canceled"),
    },
    "payment": {
        "creating": StatusWord("Starting", "info"),
        "open": StatusWord("Awaiting payment", "warn"),
        "processing": StatusWord("Processing", "info"),
        "succeeded": StatusWord("Succeeded", "ok"),
        "expired": StatusWord("Expired"),
        "failed": StatusWord("Failed", "err"),
    },
    "attempt": {
        "failed": StatusWord("Declined", "err"),
        "requires_action": StatusWord("Needs the shopper", "warn"),
        "succeeded": StatusWord("Succeeded", "ok"),
        "unconfirmed": StatusWord("Unconfirmed"),
    },
    "refund": {
        "requested": StatusWord("Requested", "info"),
        "approved": StatusWord("Approved", "info"),
        "rejected": StatusWord("Rejected"),
        "submitting": StatusWord("Submitting", "info"),
        "pending": StatusWord("Processing", "info"),
        "requires_action": StatusWord("Needs action", "warn"),
        "succeeded": StatusWord("Refunded", "ok"),
        "failed": StatusWord("Refund failed", "err"),
        "canceled": StatusWord("Canceled"),
    },
    "return": {
        "requested": StatusWord("Requested", "warn"),
        "approved": StatusWord("Approved", "info"),
        "rejected": StatusWord("Rejected"),
        "received": StatusWord("Received", "warn"),
        "refunded": StatusWord("Refunded", "ok"),
        "withdrawn": StatusWord("Withdrawn"),
    },
    "dispute": {
        "warning_needs_response": StatusWord("Inquiry: answer it", "warn"),
        "warning_under_review": StatusWord("Inquiry: under review", "info"),
        "warning_closed": StatusWord("Inquiry closed", "ok"),
        "needs_response": StatusWord("Needs evidence", "err"),
        "under_review": StatusWord("Under review", "info"),
        "won": StatusWord("Won", "ok"),
        "lost": StatusWord("Lost", "err"),
        "prevented": StatusWord("Prevented"),
    },
    "refund_status": {
        "none": StatusWord("Not refunded"),
        "partial": StatusWord("Part refunded", "info"),
        "full": StatusWord("Refunded", "info"),
    },
    "payout": {
        "pending": StatusWord("Being prepared", "info"),
        "in_transit": StatusWord("On its way", "info"),
        "paid": StatusWord("Paid out", "ok"),
        "failed": StatusWord("Came back", "err"),
        "canceled": StatusWord("Canceled"),
    },
    "stock": {
        "in": StatusWord("In stock", "ok"),
        "low": StatusWord("Low stock", "warn"),
        "backorder": StatusWord("Back order", "info"),
        "out": StatusWord("Sold out"),
    },
    "product": {
        "draft": StatusWord("Draft", "warn"),
        "active": StatusWord("Active", "ok"),
        "archived": StatusWord("Archived"),
    },
    "export": {
        "queued": StatusWord("Queued", "info"),
        "running": StatusWord("Being written", "info"),
        "done": StatusWord("Ready", "ok"),
        "failed": StatusWord("Failed", "err"),
        "canceled": StatusWord("Canceled"),
        "expired": StatusWord("Expired"),
    },
    "mail": {
        "queued": StatusWord("Queued", "info"),
        "sent": StatusWord("Sent", "ok"),
        "failed": StatusWord("Failed", "err"),
    },
    "webhook": {
        "received": StatusWord("Received", "info"),
        "processed": StatusWord("Processed", "ok"),
        "ignored": StatusWord("Ignored"),
        "quarantined": StatusWord("Quarantined", "err"),
        "dead": StatusWord("Given up", "err"),
    },
    "issue": {
        "open": StatusWord("Open", "err"),
        "acknowledged": StatusWord("Acknowledged", "info"),
        "regressed": StatusWord("Back again", "err"),
        "muted": StatusWord("Muted"),
        "resolved": StatusWord("Resolved", "ok"),
    },
    "severity": {
        "low": StatusWord("Low"),
        "medium": StatusWord("Medium", "info"),
        "high": StatusWord("High", "warn"),
        "critical": StatusWord("Critical", "err"),
    },
    "check": {
        "passed": StatusWord("Passed", "ok"),
        "issues": StatusWord("Issues", "warn"),
        "crashed": StatusWord("Crashed", "err"),
        "skipped": StatusWord("Could not run", "err"),
    },
    "outcome": {
        "done": StatusWord("Done", "ok"),
        "refused": StatusWord("Refused", "warn"),
        "failed": StatusWord("Failed", "err"),
    },
    "job": {
        "running": StatusWord("Running", "info"),
        "succeeded": StatusWord("Succeeded", "ok"),
        "failed": StatusWord("Failed", "err"),
    },
}


def status_word(kind: str, value: str) -> StatusWord:
    """Return the word and tone of a status; an unknown value reads as itself, in the neutral tone."""
    known = STATUS_WORDS.get(kind, {}).get(value)
    return known or StatusWord(value.replace("_", " ").capitalize())
