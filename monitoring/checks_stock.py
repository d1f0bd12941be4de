"""Stock: the count is the sum of its movements, and what is held is what unpaid orders hold."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Sum

from audit.recording import record
from core.errors import NotAllowedInState
from monitoring.models import Issue, Severity
from monitoring.reading import rows
from monitoring.registry import Finding, Look, check
from orders.holds import lines_held
from products.models import StockItem

ON_HAND = """
SELECT s.id, v.sku, s.on_hand, COALESCE(m.moved, 0)
FROM products_stockitem s
JOIN products_variant v ON v.id = s.variant_id
LEFT JOIN (
    SELECT stock_item_id, SUM(delta) AS moved FROM products_stockmovement GROUP BY stock_item_id
) m ON m.stock_item_id = s.id
WHERE s.on_hand <> COALESCE(m.moved, 0)
ORDER BY s.id
"""

# An imported order without a time of its own holds nothing: it was past it when it came.
RESERVED = """
SELECT s.id, v.sku, s.reserved, COALESCE(h.held, 0)
FROM products_stockitem s
JOIN products_variant v ON v.id = s.variant_id
LEFT JOIN (
    SELECT l.variant_id, SUM(l.quantity) AS held
    FROM orders_order o
    JOIN orders_orderline l ON l.order_id = o.id
    WHERE o.status = 'pending' AND NOT o.is_test AND o.expires_at IS NOT NULL
    GROUP BY l.variant_id
) h ON h.variant_id = s.variant_id
WHERE s.tracked AND s.reserved <> COALESCE(h.held, 0)
ORDER BY s.id
"""


def rebuild_on_hand(issue: Issue) -> str:
    """Set a count to the sum of its movements, under the lock that every movement takes."""
    with transaction.atomic():
        item = StockItem.objects.lock().get(pk=int(issue.entity_pk))
        item.on_hand = item.movements.aggregate(total=Sum("delta", default=0))["total"]
        _save(item, "on_hand")
    return f"On hand is {item.on_hand} again, the sum of its movements."


def rebuild_reserved(issue: Issue) -> str:
    """Set what is reserved to the units that unpaid orders hold, under the lock that holding and releasing take."""
    with transaction.atomic():
        item = StockItem.objects.lock().get(pk=int(issue.entity_pk))
        item.reserved = lines_held(item.variant_id).aggregate(total=Sum("quantity", default=0))["total"]
        _save(item, "reserved")
    return f"Reserved is {item.reserved} again, what unpaid orders hold."


def _save(item: StockItem, field: str) -> None:
    floor = -item.backorder_cap
    if item.on_hand < floor or item.available < 0:
        raise NotAllowedInState("More would be promised than there is: count the shelf, and correct it by hand.")
    item.save(update_fields=[field])
    record("stock.rebuilt", subject=item, changes={field: getattr(item, field)})


@check(
    "stock.ledger_mismatch",
    title="Stock count is not the sum of its movements",
    rule="What is on hand of a variant is the sum of all its movements.",
    severity=Severity.CRITICAL,
    what_to_do="Repair it: the count is built again from the movements. Then count the shelf.",
    repair=rebuild_on_hand,
)
def ledger_mismatch() -> Look:
    """Stock items whose count differs from their movements."""
    return Look(StockItem.objects.count(), _findings(ON_HAND, "on_hand"))


@check(
    "stock.reserved_mismatch",
    title="Reserved stock is not what unpaid orders hold",
    rule="What is reserved of a tracked variant is the sum of the lines of unpaid orders that are not tests.",
    severity=Severity.HIGH,
    what_to_do="Repair it: what is reserved is worked out again from the unpaid orders.",
    repair=rebuild_reserved,
)
def reserved_mismatch() -> Look:
    """Tracked stock items that hold other than unpaid orders say."""
    return Look(StockItem.objects.filter(tracked=True).count(), _findings(RESERVED, "reserved"))


def _findings(sql: str, name: str) -> Iterator[Finding]:
    for pk, sku, says, sums in rows(sql):
        expected = int(sums)
        yield Finding(
            "stock_item", pk, {name: expected}, {name: says}, subject=f"Stock of {sku}", size=abs(says - expected)
        )
