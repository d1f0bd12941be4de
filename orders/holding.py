"""Keeping a paid order from being sent, letting it go again, and what staff write about an order."""

from collections.abc import Callable

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from core.errors import DomainError, NotAllowedInState
from orders.models import Order, OrderEvent, OrderNote
from orders.moving import recorded
from orders.transitions import Status

Act = Callable[..., Order]
HOLDABLE = (Status.PENDING, Status.PAID)
DISPUTED = "its payment is disputed"
INQUIRED = "the bank asks about its payment"
LOST = "a dispute of its payment was lost"
BY_DISPUTE = (DISPUTED, INQUIRED, LOST)
REASON_LENGTH = 200
NOTE_LENGTH = 2_000


@recorded("order.hold")
def hold(order_id: int, *, reason: str, actor: User) -> Order:
    """Keep an order from being sent until it is released. The reason is kept on the order and as a note, both erasable.

    Raises DomainError without a reason, NotAllowedInState for an order that is over, or on hold already.
    """
    reason = _text(reason, REASON_LENGTH, "Say why the order is held.")
    order = Order.objects.lock().get(pk=order_id)
    if order.status not in HOLDABLE:
        raise NotAllowedInState(f"Order {order.number} is {Status(order.status).label.lower()}; it cannot be held.")
    if order.held_at is not None:
        raise NotAllowedInState(f"Order {order.number} is on hold already: {order.hold_reason}.")
    order.held_at, order.hold_reason = timezone.now(), reason
    order.save(update_fields=["held_at", "hold_reason"])
    _note(order, "held", f"On hold: {reason}", actor)
    return order


@recorded("order.release")
def release(order_id: int, *, reason: str, actor: User) -> Order:
    """Let a held order be sent again.

    Raises DomainError without a reason, NotAllowedInState if it is not on hold, or if a dispute keeps it there.
    """
    reason = _text(reason, REASON_LENGTH, "Say why the order may go on.")
    order = Order.objects.lock().get(pk=order_id)
    if order.held_at is None:
        raise NotAllowedInState(f"Order {order.number} is not on hold.")
    if cause := kept_by_dispute(order):
        raise NotAllowedInState(
            f"Order {order.number} stays on hold: {cause}. To send it all the same, say why when you send it."
        )
    order.held_at, order.hold_reason = None, ""
    order.save(update_fields=["held_at", "hold_reason"])
    _note(order, "released", f"Released: {reason}", actor)
    return order


def kept_by_dispute(order: Order) -> str:
    """Return why disputes keep an order from being sent, in words; empty if none does. One query."""
    open_or_lost = Q(disputes__closed_at=None) | Q(disputes__outcome="lost")
    rows = order.payments.filter(open_or_lost, disputes__isnull=False)
    causes = {
        INQUIRED if is_inquiry else LOST if outcome else DISPUTED
        for is_inquiry, outcome in rows.values_list("disputes__is_inquiry", "disputes__outcome")
    }
    return next((cause for cause in BY_DISPUTE if cause in causes), "")


def follow_disputes(order: Order) -> bool:
    """Hold a locked order, or let it go, as the disputes of its payments ask; True if it was let go now.

    Safe to repeat, in a transaction. A hold for another reason stays as it is: whoever ends it calls this.
    """
    cause = kept_by_dispute(order)
    is_held_by_one = order.held_at is not None and order.hold_reason in BY_DISPUTE
    if cause and is_held_by_one and order.hold_reason != cause:
        order.hold_reason = cause
        order.save(update_fields=["hold_reason"])
    elif cause and order.held_at is None and order.status in HOLDABLE:
        order.held_at, order.hold_reason = timezone.now(), cause
        order.save(update_fields=["held_at", "hold_reason"])
        _event(order, "held")
    elif not cause and is_held_by_one:
        order.held_at, order.hold_reason = None, ""
        order.save(update_fields=["held_at", "hold_reason"])
        _event(order, "released")
        return True
    return False


def _event(order: Order, kind: str) -> None:
    OrderEvent.objects.create(order=order, at=timezone.now(), kind=kind, detail={"by": "dispute"})


@recorded("order.note")
def add_note(order_id: int, *, text: str, actor: User) -> Order:
    """Keep what somebody writes about an order; customers never see it. Raises DomainError for an empty note."""
    order = Order.objects.get(pk=order_id)
    text = _text(text, NOTE_LENGTH, "Write something first.")
    OrderNote.objects.create(order=order, author=actor, at=timezone.now(), text=text)
    return order


def _note(order: Order, kind: str, text: str, actor: User) -> None:
    now = timezone.now()
    OrderEvent.objects.create(order=order, at=now, kind=kind, actor_id=actor.pk)
    OrderNote.objects.create(order=order, author=actor, at=now, text=text)


def _text(text: str, most: int, missing: str) -> str:
    kept = text.strip()
    if not kept:
        raise DomainError(missing)
    if len(kept) > most:
        raise DomainError(f"Use at most {most:,} characters.")
    return kept
