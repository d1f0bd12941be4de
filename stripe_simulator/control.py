"""The simulator's controls: what a shopper, a bank or bad luck does, as plain functions.

Tests and the demonstration call these; the shop itself never does.
"""

from typing import Literal

from django.db import transaction
from django.db.models import F

from stripe_simulator import cards, charges, delivery, disputes, faults, payouts, refunds, schedule, sessions, store
from stripe_simulator.models import Delivery, Fault, Resource
from stripe_simulator.sessions import Attempt, Result

type RequestFault = Literal["error", "rate_limit", "timeout", "lost_answer"]
type RefundStatus = Literal["succeeded", "pending", "requires_action", "failed"]

_MOST_ROUNDS = 50


def pay(
    session_id: str, card: str = "4242424242424242", *, authenticate: bool | None = None, email: str = ""
) -> Attempt:
    """Pay as a shopper would on the page, with a test card's number or a bank debit's name.

    With a 3-D Secure card, `authenticate` completes (True) or fails (False) the check; None stops before it.
    """
    attempt = sessions.pay(session_id, cards.find(card), email=email)
    if attempt.result is Result.AUTHENTICATE and authenticate is not None:
        attempt = sessions.authenticate(session_id, succeeded=authenticate)
    return attempt


def finish_async(session_id: str, *, succeeded: bool = True) -> None:
    """Let the bank debit of a complete, unpaid session arrive or fail."""
    sessions.finish_debit(session_id, succeeded=succeeded)


def expire(session_id: str) -> None:
    """Let an open session expire now, as if its time had passed."""
    with transaction.atomic():
        session = store.lock("checkout.session", session_id)
        if session.data["status"] == "open":
            sessions.expire(session)


def settle_refund(refund_id: str, *, succeeded: bool = True) -> None:
    """Let a pending refund succeed, or let a pending or succeeded one fail."""
    refunds.settle(refund_id, succeeded=succeeded)


def refund_next_as(status: RefundStatus, *, times: int = 1) -> None:
    """Give the next refunds that the shop creates this status instead of `succeeded`."""
    faults.order(faults.REFUND, "refund", status, times=times)


def refund_in_dashboard(charge_id: str, amount: int | None = None) -> str:
    """Refund a charge behind the shop's back (minor units; what is left if none); the refund's id."""
    with transaction.atomic():
        charge = store.lock("charge", charge_id)
        left = charge.data["amount_captured"] - charge.data["amount_refunded"]
        return refunds.make(charge, left if amount is None else amount, {}).stripe_id


def open_dispute(
    charge_id: str, *, amount: int | None = None, reason: str = "fraudulent", inquiry: bool = False
) -> str:
    """Dispute a charge, wholly or for `amount` minor units; the dispute's id."""
    return disputes.start(charge_id, amount=amount, reason=reason, inquiry=inquiry).stripe_id


def close_dispute(dispute_id: str, *, won: bool) -> None:
    """End a dispute for or against the merchant, or close an inquiry."""
    disputes.close(dispute_id, won=won)


def make_payout(currency: str = "gbp") -> str | None:
    """Pay out everything not yet paid out in this currency; the payout's id, or None if there is nothing."""
    payout = payouts.make(currency)
    return payout.stripe_id if payout else None


def fail_next(operation: str, mode: RequestFault = "error", *, times: int = 1) -> None:
    """Let the next requests to `operation` (such as `refunds.create`, or `*`) go wrong.

    `error` answers 500 and `rate_limit` 429, nothing done; `timeout` raises TimeoutError, nothing done;
    `lost_answer` does the work and then raises ConnectionResetError.
    """
    faults.order(faults.REQUEST, operation, mode, times=times)


def drop_events(event_type: str = "*", *, times: int = 1) -> None:
    """Never deliver the next events of this type; they can still be listed."""
    faults.order(faults.EVENT, event_type, "drop", times=times)


def duplicate_events(event_type: str = "*", *, times: int = 1) -> None:
    """Deliver each of the next events of this type twice."""
    faults.order(faults.EVENT, event_type, "duplicate", times=times)


def delay_events(event_type: str = "*", *, seconds: int, times: int = 1) -> None:
    """Deliver the next events of this type only after `seconds`."""
    faults.order(faults.EVENT, event_type, "delay", seconds=seconds, times=times)


def reorder_events(event_type: str = "*", *, times: int = 1) -> None:
    """Let the next events of this type overtake all that wait."""
    faults.order(faults.EVENT, event_type, "reorder", times=times)


def reverse_pending() -> None:
    """Deliver what waits now in the opposite order."""
    Delivery.objects.filter(state=Delivery.State.PENDING).update(position=-F("position"))


def delay_balance_transactions(*, times: int = 1, seconds: int | None = None) -> None:
    """Leave `balance_transaction` null on the next charges, until `release` or for `seconds`."""
    faults.order(faults.BALANCE, "charge", "delay", times=times, seconds=seconds)


def release_balance_transactions() -> None:
    """Give every charge that waits for it its balance transaction, each with `charge.updated`."""
    waiting = Resource.objects.filter(kind="charge", label="succeeded", data__balance_transaction=None)
    for charge_id in waiting.order_by("pk").values_list("stripe_id", flat=True):
        with transaction.atomic():
            charges.book(charge_id)


def clear_faults() -> None:
    """Forget every fault that was ordered and has not struck."""
    Fault.objects.all().delete()


def tick(limit: int = 100) -> int:
    """Do what is due: scheduled steps, then deliveries. For a job every few seconds; returns deliveries made."""
    schedule.run_due(limit=limit)
    return delivery.deliver_due(limit)


def deliver_all() -> int:
    """Deliver everything that waits, delayed or not, until a round brings nothing; returns how many arrived."""
    total = 0
    for _ in range(_MOST_ROUNDS):
        arrived = delivery.deliver_due(include_later=True)
        total += arrived
        if not arrived:
            break
    return total
