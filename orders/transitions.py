"""The lifecycle of an order as one table, and what a move along it changes. Nothing here reads or writes a table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import NotAllowedInState
from orders.models import Order, OrderEvent, OrderLine

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


type Lines = Callable[[], Iterable[OrderLine]]
type Guard = Callable[[Order, Lines], str]


def _free(order: Order, _lines: Lines) -> str:
    return "" if order.total_minor == 0 else "There is something to pay for this order."


def _something_to_pay(order: Order, _lines: Lines) -> str:
    return "" if order.total_minor else "There is nothing to pay for this order."


def _none(_order: Order, _lines: Lines) -> str:
    return ""


def _all_shipped(_order: Order, lines: Lines) -> str:
    found = list(lines())
    if not any(line.quantity_fulfilled for line in found):
        return "Nothing of this order has been shipped."
    return "There is still something to ship." if any(line.quantity_to_ship for line in found) else ""


def _nothing_shipped(_order: Order, lines: Lines) -> str:
    is_shipped = any(line.quantity_fulfilled for line in lines())
    return "Something of this order has been shipped, so it cannot be canceled." if is_shipped else ""


def _revived(order: Order, _lines: Lines) -> str:
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


def moved(
    order: Order, target: Status, lines: Lines, *, by: By, at: datetime, actor_id: int | None = None, reason: str = ""
) -> OrderEvent:
    """Move an order in memory, and return the entry of its timeline, unsaved; `lines` is asked only if they matter.

    A payment may be older than the expiry that it undoes; in the timeline it never stands before what it follows.

    Raises NotAllowedInState for a move that the table does not hold, or whose condition is not met.
    """
    source = Status(order.status)
    allowed = [row for row in TABLE if (row.source, row.target) == (source, target) and by in row.by]
    if not allowed:
        raise NotAllowedInState(
            f"Order {order.number} is {source.label.lower()}; it cannot become {target.label.lower()}."
        )
    if sentence := allowed[0].refusal(order, lines):
        raise NotAllowedInState(sentence)
    seen_at = max(moment for moment in (at, order.placed_at, order.canceled_at) if moment)
    order.status = target
    _set_times(order, target, at=at, reason=reason)
    return OrderEvent(
        order=order,
        at=seen_at,
        kind=target.value,
        from_status=source,
        to_status=target,
        actor_id=actor_id,
        detail={"by": by.value, **({"reason": reason} if reason else {})},
    )


def _set_times(order: Order, target: Status, *, at: datetime, reason: str) -> None:
    if target == Status.PAID:
        order.paid_at, order.canceled_at, order.cancel_reason = at, None, ""
    elif target == Status.FULFILLED:
        order.fulfilled_at = at
    elif target == Status.CANCELED:
        order.canceled_at, order.cancel_reason = at, reason
