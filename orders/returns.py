"""Returns: asked for, withdrawn, decided on, received. The money goes back by a refund of `payments`.

Locks: the order, then the return. Each act tells the shopper and the order's timeline in its own transaction.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import wraps
from typing import Concatenate

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.recording import record, recording_refusal
from core.days import today
from core.errors import DomainError, NotAllowedInState
from orders.models import Order, OrderEvent, Return, ReturnLine
from orders.return_mails import tell_of_return
from orders.returnable import return_until, returnable_units

Status = Return.Status
TEXT_LENGTH = 1_000
DECIDABLE = {"approved": (Status.REQUESTED,), "rejected": Return.OPEN}


def request_return(
    order_id: int,
    *,
    units: Mapping[int, int],
    reason: str,
    request_key: str,
    note: str = "",
    actor: User | None = None,
) -> Return:
    """Ask to send units back (line id -> units). Safe to repeat with the same key, which the order makes its own.

    Staff who ask for a shopper (`actor`) are not held to the days that a shopper has, and approve it in the same act;
    audited. Raises DomainError with a sentence for what was not sent, has been refunded or is on its way already.
    """
    refusals = (
        recording_refusal("return.requested", subject=Order(pk=order_id), actor=actor) if actor else nullcontext()
    )
    with refusals, transaction.atomic():
        order = Order.objects.lock().get(pk=order_id)
        if (earlier := made_before(order, request_key)) is not None:
            return earlier
        wanted = _wanted(order, units, is_by_staff=actor is not None)
        if reason not in Return.Reason.values:
            raise DomainError("Choose why it comes back.")
        row = Return.objects.create(
            order=order,
            reason=reason,
            shopper_note=_text(note),
            request_key=_own_key(order, request_key),
            is_by_staff=actor is not None,
        )
        ReturnLine.objects.bulk_create(
            ReturnLine(return_request=row, line_id=line_id, quantity=quantity) for line_id, quantity in wanted.items()
        )
        _note(row, "requested", actor, units=sum(wanted.values()))
        if actor is None:
            tell_of_return(row, "requested")
            return row
        record("return.requested", subject=row, actor=actor, changes={"order": order.pk})
        return decide_return(row.pk, decision=Status.APPROVED, answer="", actor=actor)


def made_before(order: Order, request_key: str) -> Return | None:
    """Return what an earlier press of the same button has made; what can be sent back has shrunk by it since."""
    return order.returns.filter(request_key=_own_key(order, request_key)).first() if request_key else None


@transaction.atomic
def withdraw_return(return_id: int, *, order: Order) -> Return:
    """Let a shopper take back a return of an order of theirs that nobody has decided on. Safe to repeat.

    Raises NotAllowedInState once somebody has decided, Return.DoesNotExist for a return of another order.
    """
    row = _locked(return_id, order_id=order.pk)
    if row.status == Status.WITHDRAWN:
        return row
    _refuse_unless(row, (Status.REQUESTED,), "withdrawn")
    row.status, row.closed_at = Status.WITHDRAWN, timezone.now()
    row.save(update_fields=["status", "closed_at"])
    _note(row, "withdrawn", None)
    return row


def _staff_act[**P](
    action: str,
) -> Callable[[Callable[Concatenate[Return, P], None]], Callable[Concatenate[int, P], Return]]:
    """Run an act on a locked return in a transaction of its own, audited; a refusal is audited after the rollback."""

    def decorate(act: Callable[Concatenate[Return, P], None]) -> Callable[Concatenate[int, P], Return]:
        @wraps(act)
        def call(return_id: int, *args: P.args, **kwargs: P.kwargs) -> Return:
            actor = kwargs.get("actor")
            with recording_refusal(action, subject=Return(pk=return_id), actor=actor), transaction.atomic():
                row = _locked(return_id)
                before = row.status
                act(row, *args, **kwargs)
                if row.status != before:
                    record(action, subject=row, actor=actor, changes={"order": row.order_id, "status": row.status})
                return row

        return call

    return decorate


@_staff_act("return.decided")
def decide_return(row: Return, *, decision: str, answer: str, actor: User) -> None:
    """Approve a return, or reject it with an answer, which also closes one whose goods have come. Safe to repeat.

    Raises DomainError without an answer to a rejection, NotAllowedInState if somebody else decided, or it is over.
    """
    if decision not in DECIDABLE:
        raise DomainError("Approve the return, or reject it.")
    if row.status == decision and row.decided_by_id == actor.pk:
        return
    _refuse_unless(row, DECIDABLE[decision], decision)
    answer = _text(answer)
    if decision == Status.REJECTED and not answer:
        raise DomainError("Tell the shopper why the return is rejected.")
    now = timezone.now()
    row.status, row.answer, row.decided_at, row.decided_by_id = decision, answer or row.answer, now, actor.pk
    row.closed_at = now if decision == Status.REJECTED else None
    row.save()
    _note(row, decision, actor)
    tell_of_return(row, decision)


@_staff_act("return.received")
def receive_return(row: Return, *, came: Mapping[int, int], shelved: Mapping[int, int], actor: User) -> None:
    """Record what was in the parcel (line id -> units), and how many of those go on the shelf once it is refunded.

    Safe to repeat with the same numbers. Raises DomainError for more than was asked for or has come, or nothing at all.
    """
    lines = list(row.lines.select_related("line"))
    counts = [(line, came.get(line.line_id, 0), shelved.get(line.line_id, 0)) for line in lines]
    if row.status == Status.RECEIVED and all(
        (line.received_quantity, line.restock_quantity) == (units, back) for line, units, back in counts
    ):
        return
    _refuse_unless(row, (Status.APPROVED,), "marked as received")
    for line, units, back in counts:
        if not 0 <= units <= line.quantity:
            raise DomainError(f"Of {line.line.name} {line.quantity} were to come back, not {units}.")
        if not 0 <= back <= units:
            raise DomainError(f"Of {line.line.name} {units} came back; {back} cannot go on the shelf.")
        line.received_quantity, line.restock_quantity = units, back
        line.save(update_fields=["received_quantity", "restock_quantity"])
    total = sum(units for _, units, _ in counts)
    if not total:
        raise DomainError("Enter what came back. If nothing comes, close the return instead.")
    row.status, row.received_at = Status.RECEIVED, timezone.now()
    row.save(update_fields=["status", "received_at"])
    _note(row, "received", actor, units=total)
    tell_of_return(row, "received")


def close_refunded(order: Order, return_id: int) -> None:
    """Close a received return with the refund that was just promised for it; the caller holds the order's lock.

    Raises NotAllowedInState unless its goods have come and no refund of it stands.
    """
    row = Return.objects.lock().get(pk=return_id, order=order)
    _refuse_unless(row, (Status.RECEIVED,), "refunded")
    row.status, row.closed_at = Status.REFUNDED, timezone.now()
    row.save(update_fields=["status", "closed_at"])


def reopen_refunded(order: Order, return_id: int) -> None:
    """Open a return again whose refund came to nothing, so that it is refunded again. Safe to repeat.

    The caller holds the order's lock.
    """
    row = Return.objects.lock().get(pk=return_id, order=order)
    if row.status == Status.REFUNDED:
        row.status, row.closed_at = Status.RECEIVED, None
        row.save(update_fields=["status", "closed_at"])


def _own_key(order: Order, request_key: str) -> str:
    return f"{order.pk}:{request_key}"


def _locked(return_id: int, **of: int) -> Return:
    order_id = Return.objects.values_list("order", flat=True).get(pk=return_id, **of)
    order = Order.objects.lock().get(pk=order_id)
    row = Return.objects.lock().get(pk=return_id)
    row.order = order
    return row


def _wanted(order: Order, units: Mapping[int, int], *, is_by_staff: bool) -> dict[int, int]:
    wanted = {line_id: quantity for line_id, quantity in units.items() if quantity}
    if not wanted:
        raise DomainError("Choose at least one unit to send back.")
    until = return_until(order)
    if until is None:
        raise NotAllowedInState("Nothing of this order has been sent yet, so nothing can be sent back.")
    if not is_by_staff and today() > until:
        last_day = f"{until.day} {until:%B %Y}"
        raise NotAllowedInState(f"This order could be returned until {last_day}. Please write to us instead.")
    lines = {line.pk: line for line in order.lines.all()}
    left = returnable_units(order, list(lines.values()))
    for line_id, quantity in wanted.items():
        if line_id not in lines:
            raise DomainError("That line is not part of this order.")
        if not 0 < quantity <= left[line_id]:
            raise DomainError(f"Of {lines[line_id].name} {left[line_id]} can be sent back, not {quantity}.")
    return wanted


def _refuse_unless(row: Return, allowed: tuple[Status, ...], what: str) -> None:
    if row.status not in allowed:
        raise NotAllowedInState(f"Return {row.number} is {Status(row.status).label.lower()}; it cannot be {what}.")


def _note(row: Return, kind: str, actor: User | None, **detail: int) -> None:
    OrderEvent.objects.create(
        order=row.order,
        at=timezone.now(),
        kind=f"return_{kind}",
        actor_id=actor.pk if actor else None,
        detail={"return": row.pk, **detail},
    )


def _text(text: str) -> str:
    kept = text.strip()
    if len(kept) > TEXT_LENGTH:
        raise DomainError(f"Use at most {TEXT_LENGTH:,} characters.")
    return kept
