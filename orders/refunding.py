"""What a refund does to its order: units taken, goods back on the shelf, the ledger, the total given back.

`payments` decides how much and talks to Stripe; it holds the lock of the order through all of these.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from core.errors import NotAllowedInState
from orders.credit_notes import issue_credit_note
from orders.ledger import RefundedLine, post, refund_entries
from orders.models import Order, OrderEvent, OrderLine
from products import stock

REFUND_LINE = "refund_line"


@dataclass(frozen=True)
class ReturnedUnits:
    """Units of a line that a refund names; `source_id` is the refund line that puts `restocked` on the shelf."""

    line: OrderLine
    quantity: int
    source_id: int
    restocked: int


def take_units(order: Order, units: Iterable[ReturnedUnits], *, at: datetime) -> None:
    """Count units as refunded as soon as the refund is promised, and restock those that are back on the shelf.

    Raises NotAllowedInState if more are named than the line still has.
    """
    units = list(units)
    count_units(units)
    restock_units(order, units, at=at)


def count_units(units: Iterable[ReturnedUnits]) -> None:
    """Count units as refunded. Raises NotAllowedInState if more are named than the line still has."""
    for unit in units:
        if not unit.quantity:
            continue
        taken = OrderLine.objects.filter(pk=unit.line.pk, quantity_refunded__lte=F("quantity") - unit.quantity).update(
            quantity_refunded=F("quantity_refunded") + unit.quantity
        )
        if not taken:
            raise NotAllowedInState(f"Fewer than {unit.quantity} of {unit.line.name} are left to refund.")


def restock_units(order: Order, units: Iterable[ReturnedUnits], *, at: datetime) -> None:
    """Put units that were counted as refunded, and that go on the shelf, there; a test order moves no stock."""
    back = [unit for unit in units if unit.restocked]
    stock.lock(unit.line.variant_id for unit in back)
    for unit in back:
        OrderLine.objects.filter(pk=unit.line.pk).update(quantity_restocked=F("quantity_restocked") + unit.restocked)
        if not order.is_test:
            stock.restock(
                unit.line.variant_id, quantity=unit.restocked, source_type=REFUND_LINE, source_id=unit.source_id, at=at
            )


def give_units_back(units: Iterable[ReturnedUnits]) -> None:
    """Let the units of a refund that came to nothing be refunded again; those on the shelf stay there, returned."""
    for unit in units:
        if freed := unit.quantity - unit.restocked:
            OrderLine.objects.filter(pk=unit.line.pk).update(quantity_refunded=F("quantity_refunded") - freed)


def book_refund(
    order: Order,
    *,
    refund_id: int,
    at: datetime,
    amount_minor: int,
    lines: Sequence[RefundedLine],
    shipping_minor: int,
    shipping_tax_minor: int,
    is_reversal: bool = False,
) -> None:
    """Write a refund that succeeded at `at`, or one that failed at `at` afterwards, into order, ledger and timeline.

    An order that was invoiced gets a credit note, the last thing that is written: its number stays locked.
    """
    sign = -1 if is_reversal else 1
    order.refunded_minor += sign * amount_minor
    order.save(update_fields=["refunded_minor"])
    if not order.is_test:
        post(
            refund_entries(
                order,
                refund_id=refund_id,
                at=at,
                lines=lines,
                shipping_minor=shipping_minor,
                shipping_tax_minor=shipping_tax_minor,
                is_reversal=is_reversal,
            )
        )
    OrderEvent.objects.create(
        order=order,
        at=at,
        kind="refund_reversed" if is_reversal else "refunded",
        detail={"refund": refund_id, "amount_minor": amount_minor},
    )
    issue_credit_note(
        order,
        refund_id=refund_id,
        at=at,
        lines=lines,
        shipping_minor=shipping_minor,
        shipping_tax_minor=shipping_tax_minor,
        is_reversal=is_reversal,
    )
