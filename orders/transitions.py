"""The lifecycle of an order as one table, and the one function that moves an order along it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Concatenate

from django.db import transaction
from django.db.models import F, Max, Sum

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import NotAllowedInState
from orders.models import Order, OrderEvent

Status = Order.Status
EXPIRED = "expired"  # canceled because its time ran out: the only cancellation that a late payment can undo
REVIVED = "revived"  # still canceled, stock and discount taken again, about to be paid in the same transaction


class By(StrEnum):
    """Who moves an order."""

    CHECKOUT = "checkout"
    PAYMENT = "payment"
    SHOPPER = "shopper"
    STAFF = "staff"
    EXPIRY = "expiry"
    LATE_PAYMENT = "late payment"
    IMPORT = "import"


Guard = Callable[[Order], str]


def _free(order: Order) -> str:
    return "" if order.total_minor == 0 else "There is something to pay for this order."


def _something_to_pay(order: Order) -> str:
    return "" if order.total_minor else "There is nothing to pay for this order."


def _none(_order: Order) -> str:
    return ""


def _all_shipped(order: Order) -> str:
    totals = order.lines.aggregate(
        left=Sum(F("quantity") - F("quantity_fulfilled") - F("quantity_canceled")), shipped=Sum("quantity_fulfilled")
    )
    if not totals["shipped"]:
        return "Nothing of this order has been shipped."
    return "There is still something to ship." if totals["left"] else ""


def _nothing_shipped(order: Order) -> str:
    shipped = order.lines.filter(quantity_fulfilled__gt=0).exists()
    return "Something of this order has been shipped, so it cannot be canceled." if shipped else ""


def _revived(order: Order) -> str:
    return "" if order.cancel_reason == REVIVED else "The order was canceled."


@dataclass(frozen=True)
class Transition:
    """A move that is allowed: from where, to where, by whom, under which condition, with which effect."""

    source: Status | None
    target: Status
    by: tuple[By, ...]
    guard: str
    effect: str
    refusal: Guard = _none


TABLE: tuple[Transition, ...] = (
    Transition(
        None,
        Status.PENDING,
        (By.CHECKOUT, By.IMPORT),
        "every line can be bought; the total is the one that was shown; the form's key is new",
        "stock reserved in the order of its keys, discount redeemed, all in one transaction",
    ),
    Transition(
        Status.PENDING,
        Status.PAID,
        (By.CHECKOUT,),
        "the total is zero",
        "as for a payment; its confirmation is the sale time",
        _free,
    ),
    Transition(
        Status.PENDING,
        Status.PAID,
        (By.PAYMENT, By.IMPORT),
        "captured amount and currency are the order's; no applied payment yet",
        "reservation consumed, ledger written, invoice numbered, receipt queued, bag closed",
        _something_to_pay,
    ),
    Transition(
        Status.PENDING,
        Status.CANCELED,
        (By.SHOPPER, By.STAFF, By.EXPIRY, By.IMPORT, By.PAYMENT),
        "its Checkout session is expired, or was paid when the goods were gone; no payment is being processed",
        "reservation and discount released",
    ),
    Transition(
        Status.PAID,
        Status.FULFILLED,
        (By.STAFF, By.IMPORT),
        "nothing is left to ship and something was shipped; not held, unless overridden with a reason",
        "the last shipment is its fulfilment",
        _all_shipped,
    ),
    Transition(
        Status.PAID,
        Status.CANCELED,
        (By.STAFF, By.IMPORT),
        "nothing shipped; what remains of the money is refunded in the same act",
        "units canceled, restocked by choice",
        _nothing_shipped,
    ),
    Transition(
        Status.CANCELED,
        Status.PAID,
        (By.LATE_PAYMENT,),
        "canceled by expiry, and stock and discount could be taken again at the same total",
        "as for a payment; in every other case the payment is refunded",
        _revived,
    ),
)


def move(
    order: Order, target: Status, *, by: By, at: datetime, actor: User | None = None, reason: str = ""
) -> OrderEvent:
    """Move a locked order and write its timeline; saves whatever the caller has set on the order as well.

    A payment may be older than the expiry that it undoes; in the timeline it never stands before what it follows.

    Raises NotAllowedInState for a move that the table does not hold, or whose condition is not met.
    """
    source = Status(order.status)
    allowed = [row for row in TABLE if (row.source, row.target) == (source, target) and by in row.by]
    if not allowed:
        raise NotAllowedInState(
            f"Order {order.number} is {source.label.lower()}; it cannot become {target.label.lower()}."
        )
    if sentence := allowed[0].refusal(order):
        raise NotAllowedInState(sentence)
    seen_at = max(moment for moment in (at, order.placed_at, order.canceled_at) if moment)
    order.status = target
    _set_times(order, target, at=at, reason=reason)
    order.save()
    return OrderEvent.objects.create(
        order=order,
        at=seen_at,
        kind=target.value,
        from_status=source,
        to_status=target,
        actor_id=actor.pk if actor else None,
        detail={"by": by.value, **({"reason": reason} if reason else {})},
    )


def _set_times(order: Order, target: Status, *, at: datetime, reason: str) -> None:
    if target == Status.PAID:
        order.paid_at, order.canceled_at, order.cancel_reason = at, None, ""
    elif target == Status.FULFILLED:  # by a parcel, or because the rest was canceled after the last one
        order.fulfilled_at = order.fulfilments.aggregate(last=Max("at"))["last"] or at
    elif target == Status.CANCELED:
        order.canceled_at, order.cancel_reason = at, reason


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
