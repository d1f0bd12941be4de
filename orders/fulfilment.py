"""Sending goods: a parcel with some lines of a paid order, or with all that is left."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from core.days import business_day
from core.dirty import mark
from core.errors import DomainError, NotAllowedInState
from orders.models import Fulfilment, FulfilmentLine, Order, OrderEvent, OrderLine, OrderNote
from orders.moving import move, recorded
from orders.transitions import By, Status

SOURCE = "fulfilment"


@recorded("order.ship")
def ship(
    order_id: int,
    *,
    lines: Mapping[int, int] | None = None,
    at: datetime | None = None,
    carrier: str = "",
    tracking: str = "",
    actor: User | None = None,
    override_reason: str = "",
    by: By = By.STAFF,
    parcels_seen: int | None = None,
) -> Order:
    """Record a parcel with these lines (line id -> units), or with all that is left; the last one fulfils the order.

    Not safe to repeat, unless `parcels_seen` says how many parcels its sender knew of. Raises NotAllowedInState unless
    the order is paid, or while it is held (without a reason to override that), or if another parcel was recorded
    meanwhile; DomainError for more units than are left or none at all.
    """
    order = Order.objects.lock().get(pk=order_id)
    at = at or timezone.now()
    if order.status != Status.PAID:
        raise NotAllowedInState(f"Order {order.number} is {Status(order.status).label.lower()}; it cannot be sent.")
    if parcels_seen is not None and parcels_seen != order.fulfilments.count():
        raise NotAllowedInState(
            "Another parcel of this order has been recorded meanwhile. Look at what is left to send."
        )
    if order.held_at is not None and not override_reason:
        raise NotAllowedInState(f"Order {order.number} is on hold: {order.hold_reason or 'no reason given'}.")
    sent = _sent(list(order.lines.lock()), lines)
    parcel = Fulfilment.objects.create(
        order=order, at=at, carrier=carrier, tracking=tracking, actor_id=actor.pk if actor else None
    )
    for line, quantity in sent:
        line.quantity_fulfilled += quantity
        line.save(update_fields=["quantity_fulfilled"])
    FulfilmentLine.objects.bulk_create(
        FulfilmentLine(fulfilment=parcel, line=line, quantity=quantity) for line, quantity in sent
    )
    mark(SOURCE, [(parcel.pk, business_day(at))])
    _note(order, parcel, sent, at, actor=actor, override_reason=override_reason)
    if not any(line.quantity_to_ship for line in order.lines.all()):
        move(order, Status.FULFILLED, by=by, at=at, actor=actor)
    return order


def _sent(held: list[OrderLine], wanted: Mapping[int, int] | None) -> list[tuple[OrderLine, int]]:
    if wanted is None:
        sent = [(line, line.quantity_to_ship) for line in held if line.quantity_to_ship]
    else:
        known = {line.pk: line for line in held}
        if foreign := wanted.keys() - known.keys():
            raise DomainError(f"This order has no line {min(foreign)}.")
        sent = [(known[pk], quantity) for pk, quantity in wanted.items() if quantity]
    if not sent:
        raise DomainError("There is nothing to send.")
    for line, quantity in sent:
        if not 0 < quantity <= line.quantity_to_ship:
            raise DomainError(f"{quantity} of {line.name} cannot be sent: {line.quantity_to_ship} left to send.")
    return sent


def _note(
    order: Order,
    parcel: Fulfilment,
    sent: list[tuple[OrderLine, int]],
    at: datetime,
    *,
    actor: User | None,
    override_reason: str,
) -> None:
    detail: dict[str, object] = {"fulfilment": parcel.pk, "units": sum(quantity for _, quantity in sent)}
    if override_reason:
        detail["override"] = True
        text = f"Sent in spite of the hold: {override_reason}"  # free text may name people, so it must be erasable
        OrderNote.objects.create(order=order, author=actor, at=at, text=text)
    OrderEvent.objects.create(order=order, at=at, kind="shipped", actor_id=actor.pk if actor else None, detail=detail)
