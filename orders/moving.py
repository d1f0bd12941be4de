"""Moving an order along its lifecycle: one transaction for an act, its timeline and its record."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from audit.recording import record, recording_refusal
from orders.models import Order, OrderEvent, OrderLine
from orders.transitions import By, Status, moved


def move(
    order: Order, target: Status, *, by: By, at: datetime, actor: User | None = None, reason: str = ""
) -> OrderEvent:
    """Move a locked order and write its timeline, see `moved`; saves whatever the caller has set on it as well."""
    actor_id = actor.pk if actor else None
    lines = OrderLine.objects.filter(order=order)
    event = moved(order, target, lines.all, by=by, at=at, actor_id=actor_id, reason=reason)
    if target == Status.FULFILLED:  # by a parcel, or because the rest was canceled after the last one
        order.fulfilled_at = order.fulfilments.aggregate(last=Max("at"))["last"] or at
    order.save()
    event.save()
    return event


def recorded[**P](
    action: str,
) -> Callable[[Callable[Concatenate[int, P], Order]], Callable[Concatenate[int, P], Order]]:
    """Run an act on an order in a transaction of its own, and audit it there if somebody does it.

    A refusal is audited after that has been rolled back.
    """

    def decorate(act: Callable[Concatenate[int, P], Order]) -> Callable[Concatenate[int, P], Order]:
        @wraps(act)
        def call(order_id: int, *args: P.args, **kwargs: P.kwargs) -> Order:
            actor = kwargs.get("actor")
            with recording_refusal(action, subject=Order(pk=order_id), actor=actor), transaction.atomic():
                order = act(order_id, *args, **kwargs)
                if actor is not None:
                    record(action, subject=order, actor=actor)
                return order

        return call

    return decorate
