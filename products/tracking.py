"""Whether the units of a variant are counted, and what unpaid orders hold at the moment when counting begins or ends.

Orders placed while a variant is not counted hold units that no row tells of. Counting begins with all of them as
reserved, so that paying for such an order, or giving it up, never touches what another order holds. For that nobody may
place, pay or give up an order of the variant meanwhile: whoever promises units keeps counting from beginning or ending
before their transaction is over (`keep_as_is`), and whoever begins or ends it waits for them and keeps others out.
"""

from collections.abc import Callable, Iterable

from django.db import connection, transaction
from django.db.models import F

from accounts.models import User
from audit.recording import record
from core.errors import NotAllowedInState
from products.models import StockItem, Variant

UnitsHeld = Callable[[int], int]
SHARE = "SELECT id FROM products_variant WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"

_holders: list[UnitsHeld] = []


def register_holder(units_held: UnitsHeld) -> None:
    """Let a room above say how many units of a variant (by its id) its unpaid orders hold.

    It is called in a transaction, before any stock item is locked, and locks what could change its answer.
    """
    if units_held not in _holders:
        _holders.append(units_held)


def keep_as_is(variant_ids: Iterable[int]) -> None:
    """Let nobody begin or end counting these variants before the caller's transaction is over.

    Buyers do not wait for each other here. On SQLite a transaction that writes is alone anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(SHARE, [sorted(variant_ids)])


def held_if_new(variant_id: int) -> int | None:
    """Return what unpaid orders hold of a variant without a stock item, and keep others out; None if it has one.

    Needs a transaction. Comes before the stock item is locked, because orders are.
    """
    if StockItem.objects.filter(variant=variant_id).exists():
        return None
    _keep_others_out(variant_id)
    return None if StockItem.objects.filter(variant=variant_id).exists() else _units_held(variant_id)


def count_held(item: StockItem, held: int) -> None:
    """Begin to count an item with so many units reserved. Raises NotAllowedInState if there are fewer than that."""
    begun = StockItem.objects.filter(pk=item.pk, on_hand__gte=held - F("backorder_cap"))
    if not begun.update(tracked=True, reserved=held):
        item.refresh_from_db()
        there = item.on_hand + item.backorder_cap
        raise NotAllowedInState(
            f"Unpaid orders hold {held:,} of this variant, and there are only {there:,}. Record all that has come in, "
            "or wait until they are paid for or their time is over."
        )


@transaction.atomic
def start_tracking(variant_id: int, *, actor: User) -> StockItem:
    """Count a variant from now on, with what unpaid orders hold as reserved; audited. Safe to repeat.

    Raises NotAllowedInState if they hold more than there is.
    """
    _keep_others_out(variant_id)
    held = _units_held(variant_id)
    item = _locked_item(variant_id)
    if item.tracked:
        return item
    count_held(item, held)
    item.refresh_from_db()
    record("stock.tracking_started", subject=item, actor=actor, changes={"reserved": held})
    return item


@transaction.atomic
def stop_tracking(variant_id: int, *, actor: User) -> StockItem:
    """Count a variant no more: it is always available, and selling it moves nothing; audited. Safe to repeat."""
    _keep_others_out(variant_id)
    item = _locked_item(variant_id)
    if not item.tracked:
        return item
    item.tracked, item.reserved = False, 0
    item.save(update_fields=["tracked", "reserved"])
    record("stock.tracking_stopped", subject=item, actor=actor)
    return item


def _keep_others_out(variant_id: int) -> None:
    """Wait for whoever promises units of a variant. A full lock: the lighter one does not wait for references."""
    Variant.objects.select_for_update(of=("self",)).get(pk=variant_id)


def _units_held(variant_id: int) -> int:
    return sum(units_held(variant_id) for units_held in _holders)


def _locked_item(variant_id: int) -> StockItem:
    StockItem.objects.get_or_create(variant_id=variant_id, defaults={"tracked": False})
    return StockItem.objects.lock().get(variant=variant_id)
