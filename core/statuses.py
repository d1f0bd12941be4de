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
    "payment": {
        "created": StatusWord("Not started"),
        "open": StatusWord("Awaiting payment", "warn"),
        "pending": StatusWord("Awaiting payment", "warn"),
        "requires_action": StatusWord("Needs the shopper", "warn"),
        "processing": StatusWord("Processing", "info"),
        "succeeded": StatusWord("Succeeded", "ok"),
        "failed": StatusWord("Failed", "err"),
        "expired": StatusWord("Expired"),
        "canceled": StatusWord("Canceled"),
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
    "refund_status": {
        "none": StatusWord("Not refunded"),
        "partial": StatusWord("Part refunded", "info"),
        "full": StatusWord("Refunded", "info"),
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
    "mail": {
        "queued": StatusWord("Queued", "info"),
        "sending": StatusWord("Sending", "info"),
        "sent": StatusWord("Sent", "ok"),
        "failed": StatusWord("Failed", "err"),
        "dead": StatusWord("Given up", "err"),
    },
    "webhook": {
        "received": StatusWord("Received", "info"),
        "processing": StatusWord("Processing", "info"),
        "processed": StatusWord("Processed", "ok"),
        "ignored": StatusWord("Ignored"),
        "failed": StatusWord("Will retry", "warn"),
        "dead": StatusWord("Given up", "err"),
        "quarantined": StatusWord("Quarantined", "err"),
    },
    "job": {
        "running": StatusWord("Running", "info"),
        "succeeded": StatusWord("Succeeded", "ok"),
        "failed": StatusWord("Failed", "err"),
        "missed": StatusWord("Missed", "err"),
    },
    "dispute": {
        "warning_needs_response": StatusWord("Inquiry", "warn"),
        "warning_under_review": StatusWord("Inquiry under review", "warn"),
        "warning_closed": StatusWord("Inquiry closed"),
        "needs_response": StatusWord("Needs response", "err"),
        "under_review": StatusWord("Under review", "warn"),
        "won": StatusWord("Won", "ok"),
        "lost": StatusWord("Lost", "err"),
    },
    "issue": {
        "open": StatusWord("Open", "err"),
        "acknowledged": StatusWord("Acknowledged", "warn"),
        "resolved": StatusWord("Resolved", "ok"),
    },
    "severity": {
        "critical": StatusWord("Critical", "err"),
        "warning": StatusWord("Warning", "warn"),
        "info": StatusWord("Info", "info"),
    },
}


def status_word(kind: str, value: str) -> StatusWord:
    """Return the word and tone of a status; an unknown value reads as itself, in the neutral tone."""
    known = STATUS_WORDS.get(kind, {}).get(value)
    return known or StatusWord(value.replace("_", " ").capitalize())
