"""How units are held, sold, received and given back: one place, one lock order, one movement per cause.

Every act takes the rows of its variants in the order of the stock items' keys, so that two acts on the same variants
never wait for each other. A variant without a stock item, or with one that is not tracked, is always available and
moves nothing. `products.tracking` says when counting begins and ends.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from audit.recording import record
from core.errors import DomainError, NotAllowedInState, OutOfStock
from products.models import StockItem, StockMovement, Variant
from products.tracking import count_held, held_if_new, keep_as_is

Kind = StockMovement.Kind
ORDER_LINE = "order_line"
MAX_UNITS = 1_000_000

log = structlog.get_logger(__name__)


class SoldLine(NamedTuple):
    """Units of a variant that an order line sells."""

    variant_id: int
    quantity: int
    order_line_id: int


class Moved(NamedTuple):
    """A movement, and whether this act made it or an earlier one with the same source did."""

    movement: StockMovement
    is_new: bool


def available(variant_ids: Iterable[int]) -> dict[int, int | None]:
    """Return how many units of each variant can still be promised; None where there is no limit."""
    wanted = list(variant_ids)
    free = {item.variant_id: item.available for item in _tracked(wanted)}
    return {variant_id: free.get(variant_id) for variant_id in wanted}


def lock(variant_ids: Iterable[int]) -> None:
    """Take the rows of these variants in their one order, before several acts on them in one transaction."""
    _locked(variant_ids)


@transaction.atomic
def reserve(wanted: Mapping[int, int]) -> None:
    """Hold units (variant id -> quantity) for an unpaid order: all of them or none.

    Not safe to repeat, each call holds again: the pending order that the caller writes in the same transaction is the
    record of it. Raises OutOfStock for the first variant of which too few are left.
    """
    _refuse_nonsense(wanted)
    keep_as_is(wanted)
    for item in _tracked(wanted):
        quantity = wanted[item.variant_id]
        held = StockItem.objects.filter(pk=item.pk, reserved__lte=F("on_hand") + F("backorder_cap") - quantity).update(
            reserved=F("reserved") + quantity
        )
        if not held:
            item.refresh_from_db()
            raise _out_of_stock(item)


@transaction.atomic
def release(held: Mapping[int, int]) -> None:
    """Give back what an unpaid order held (variant id -> quantity).

    Not safe to repeat, the order's transition to canceled is what happens once. If less is held than the order says,
    which is a fault, what there is is given back and the difference is logged.
    """
    _refuse_nonsense(held)
    for item in _tracked(held):
        quantity = held[item.variant_id]
        row = StockItem.objects.filter(pk=item.pk)
        if row.filter(reserved__gte=quantity).update(reserved=F("reserved") - quantity):
            continue
        row.filter(reserved__lt=quantity).update(reserved=0)
        log.warning("stock_release_short", variant_id=item.variant_id, quantity=quantity)


@transaction.atomic
def consume(lines: Iterable[tuple[int, int, int]], *, at: datetime, are_held: bool = True) -> None:
    """Turn what paid order lines (variant id, quantity, order line id) held into sales.

    Safe to repeat: a line that has its movement is passed over. What was never held (`are_held` says so) is taken from
    what is free, never from what other orders hold. Raises OutOfStock if there is none.
    """
    sold = [SoldLine(*line) for line in lines]
    _refuse_nonsense({line.order_line_id: line.quantity for line in sold})
    items = _locked(line.variant_id for line in sold)
    done = _sources_moved(ORDER_LINE, [line.order_line_id for line in sold], Kind.SOLD)
    for line in sorted(sold, key=lambda line: items[line.variant_id].pk if line.variant_id in items else 0):
        if line.variant_id in items and str(line.order_line_id) not in done:
            _sell(items[line.variant_id], line, at, is_held=are_held)


def receive(
    variant_id: int,
    *,
    quantity: int,
    source_type: str,
    source_id: str | int,
    at: datetime | None = None,
    actor: User | None = None,
    reason: str = "",
) -> StockMovement:
    """Book goods that came in; a variant without a stock item is tracked from now on. Audited if somebody does it.

    Safe to repeat with the same source. Raises NotAllowedInState if the source has moved another quantity.
    """
    _refuse_nonsense({variant_id: quantity})
    with transaction.atomic():
        movement, is_new = _move(
            variant_id, quantity, Kind.RECEIVED, (source_type, source_id), at=at, actor=actor, reason=reason
        )
        if is_new and actor is not None:
            record("stock.received", subject=movement.stock_item, actor=actor, changes={"delta": quantity})
    return movement


def restock(
    variant_id: int,
    *,
    quantity: int,
    source_type: str,
    source_id: str | int,
    at: datetime | None = None,
    actor: User | None = None,
    reason: str = "",
) -> StockMovement | None:
    """Put units of a canceled or returned order line back on the shelf; None where stock is not tracked.

    Safe to repeat with the same source. Raises NotAllowedInState if the source has moved another quantity.
    """
    _refuse_nonsense({variant_id: quantity})
    if not _tracked([variant_id]):
        return None
    return _move(
        variant_id, quantity, Kind.RETURNED, (source_type, source_id), at=at, actor=actor, reason=reason
    ).movement


@transaction.atomic
def adjust(
    variant_id: int,
    *,
    delta: int,
    reason: str,
    source_type: str,
    source_id: str | int,
    kind: StockMovement.Kind = Kind.ADJUSTED,
    at: datetime | None = None,
    actor: User | None = None,
) -> StockMovement:
    """Correct a count, or write off damaged goods, with a reason; audited.

    Safe to repeat with the same source. Raises DomainError without a reason or for a correction by nothing, OutOfStock
    if units that unpaid orders hold would have to go, NotAllowedInState if the source has moved another quantity.
    """
    if not reason.strip():
        raise DomainError("Say why the count changes.")
    if delta == 0 or abs(delta) > MAX_UNITS:
        raise DomainError(f"A count changes by 1 to {MAX_UNITS:,} units at a time.")
    source = (source_type, source_id)
    movement, is_new = _move(variant_id, delta, kind, source, at=at, actor=actor, reason=reason.strip())
    if is_new:
        record(
            f"stock.{kind.value}",
            subject=movement.stock_item,
            actor=actor,
            changes={"delta": delta},
        )
    return movement


@transaction.atomic
def _move(
    variant_id: int,
    delta: int,
    kind: StockMovement.Kind,
    source: tuple[str, str | int],
    *,
    at: datetime | None,
    actor: User | None,
    reason: str,
) -> Moved:
    held = held_if_new(variant_id)
    StockItem.objects.get_or_create(variant_id=variant_id)
    item = StockItem.objects.filter(variant=variant_id).lock().get()
    earlier = _earlier(source, kind).first()
    if earlier is not None:
        if (earlier.stock_item_id, earlier.delta) != (item.pk, delta):
            raise NotAllowedInState(f"{source[0]} {source[1]} has already moved {earlier.delta:+d}, not {delta:+d}.")
        return Moved(earlier, is_new=False)
    moved = StockItem.objects.filter(
        pk=item.pk, reserved__lte=F("on_hand") + F("backorder_cap") + delta, on_hand__gte=-F("backorder_cap") - delta
    ).update(on_hand=F("on_hand") + delta)
    if not moved:
        item.refresh_from_db()
        raise _out_of_stock(item)
    if held is not None:
        count_held(item, held)
    movement = StockMovement.objects.create(
        stock_item=item,
        delta=delta,
        kind=kind,
        source_type=source[0],
        source_id=str(source[1]),
        at=at or timezone.now(),
        actor_id=actor.pk if actor else None,
        reason=reason,
    )
    return Moved(movement, is_new=True)


def _sell(item: StockItem, line: SoldLine, at: datetime, *, is_held: bool) -> None:
    row = StockItem.objects.filter(pk=item.pk)
    taken = 0
    if is_held:
        taken = row.filter(reserved__gte=line.quantity).update(
            reserved=F("reserved") - line.quantity, on_hand=F("on_hand") - line.quantity
        )
    if not taken:
        log.warning("stock_sold_without_reservation", variant_id=line.variant_id, quantity=line.quantity)
        taken = row.filter(reserved__lte=F("on_hand") + F("backorder_cap") - line.quantity).update(
            on_hand=F("on_hand") - line.quantity
        )
    if not taken:
        item.refresh_from_db()
        raise _out_of_stock(item)
    StockMovement.objects.create(
        stock_item=item,
        delta=-line.quantity,
        kind=Kind.SOLD,
        source_type=ORDER_LINE,
        source_id=str(line.order_line_id),
        at=at,
    )


def _tracked(variant_ids: Iterable[int]) -> list[StockItem]:
    return list(StockItem.objects.filter(variant__in=list(variant_ids), tracked=True).order_by("pk"))


def _locked(variant_ids: Iterable[int]) -> dict[int, StockItem]:
    items = StockItem.objects.filter(variant__in=list(variant_ids), tracked=True).lock()
    return {item.variant_id: item for item in items}


def _earlier(source: tuple[str, str | int], kind: StockMovement.Kind) -> QuerySet[StockMovement]:
    return StockMovement.objects.filter(source_type=source[0], source_id=str(source[1]), kind=kind)


def _sources_moved(source_type: str, source_ids: Iterable[int], kind: StockMovement.Kind) -> set[str]:
    movements = StockMovement.objects.filter(
        source_type=source_type, source_id__in=[str(source_id) for source_id in source_ids], kind=kind
    )
    return set(movements.values_list("source_id", flat=True))


def _refuse_nonsense(quantities: Mapping[int, int]) -> None:
    if any(not 1 <= quantity <= MAX_UNITS for quantity in quantities.values()):
        raise DomainError(f"A quantity is between 1 and {MAX_UNITS:,}.")


def _out_of_stock(item: StockItem) -> OutOfStock:
    variant = Variant.objects.select_related("product").get(pk=item.variant_id)
    name = ", ".join(filter(None, [variant.product.name, variant.label]))
    left = max(item.available, 0)
    message = f"Only {left} of “{name}” {'is' if left == 1 else 'are'} left." if left else f"“{name}” is sold out."
    return OutOfStock(message, variant_id=item.variant_id, available=left)
