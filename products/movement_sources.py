"""Where a movement of stock came from, in words, with the address of the order behind it.

Orders and refunds belong to rooms above: their rows are reached from the variant that they sold, and their pages by
URL name.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import F
from django.urls import reverse

from products.models import StockMovement, Variant

ORDER_PAGE = "orders:console_detail"
ORDER_LINE, REFUND_LINE = "order_line", "refund_line"
WORDS = {
    "console": "",  # the reason and the person stand beside it
    "opening": "Opening count",
    "history": "Imported history",
    "delivery": "Delivery {id}",
}


class Source(NamedTuple):
    """What a movement came from, and where that is shown; both may be empty."""

    text: str
    url: str = ""


def sources_of(variant: Variant, movements: Iterable[StockMovement]) -> dict[int, Source]:
    """Return the source of each movement of a variant by its id. Two queries, however many there are."""
    movements = list(movements)
    lines = variant.order_lines.order_by()
    sold = lines.filter(pk__in=_ids(movements, ORDER_LINE)).select_related("order")
    refunded = lines.filter(refund_lines__in=_ids(movements, REFUND_LINE)).select_related("order")
    orders = {(ORDER_LINE, str(line.pk)): line.order for line in sold}
    for line in refunded.annotate(refund_line=F("refund_lines")):
        orders[REFUND_LINE, str(line.refund_line)] = line.order
    return {movement.pk: _source(movement, orders) for movement in movements}


def _ids(movements: Iterable[StockMovement], source_type: str) -> list[int]:
    ids = [movement.source_id for movement in movements if movement.source_type == source_type]
    return [int(source_id) for source_id in ids if source_id.isdecimal()]


def _source(movement: StockMovement, orders: Mapping[tuple[str, str], Any]) -> Source:
    key = (movement.source_type, movement.source_id)
    if order := orders.get(key):
        what = "Refund of order" if movement.source_type == REFUND_LINE else "Order"
        return Source(f"{what} {order.number}", reverse(ORDER_PAGE, args=[order.pk]))
    words = WORDS.get(movement.source_type, f"{movement.source_type.replace('_', ' ').capitalize()} {{id}}")
    return Source(words.format(id=movement.source_id))
