"""What must hold after every single act: a few queries over everything, written apart from the code they judge."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

STOCK = """
SELECT s.variant_id, s.on_hand, s.reserved,
    (SELECT COALESCE(SUM(m.delta), 0) FROM products_stockmovement m WHERE m.stock_item_id = s.id),
    (SELECT COALESCE(SUM(l.quantity), 0) FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
     WHERE l.variant_id = s.variant_id AND o.status = 'pending')
FROM products_stockitem s
WHERE s.tracked
"""

PAYMENTS = """
SELECT p.id, p.refund_committed_minor,
    (SELECT COALESCE(SUM(r.amount_minor), 0) FROM payments_refund r
     WHERE r.payment_id = p.id AND r.status NOT IN ('failed', 'canceled', 'rejected'))
FROM payments_payment p
"""

ORDERS = """
SELECT o.id, o.status, o.total_minor, o.paid_minor, o.refunded_minor, o.paid_at IS NOT NULL,
    COALESCE((SELECT e.to_status FROM orders_orderevent e
              WHERE e.order_id = o.id AND e.to_status <> '' ORDER BY e.id DESC LIMIT 1), ''),
    (SELECT COALESCE(SUM(s.gross_minor - s.discount_minor - s.returns_minor + s.shipping_minor + s.tax_minor), 0)
     FROM orders_salesentry s WHERE s.order_id = o.id),
    (SELECT COALESCE(SUM(p.captured_minor), 0) FROM payments_payment p
     WHERE p.order_id = o.id AND p.disposition = 'applied'),
    (SELECT COALESCE(SUM(r.amount_minor), 0) FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
     WHERE p.order_id = o.id AND p.disposition = 'applied' AND r.status = 'succeeded')
FROM orders_order o
"""

CODES = """
SELECT d.code, d.used, (SELECT COUNT(*) FROM orders_discountredemption r
                        WHERE r.code_id = d.id AND r.released_at IS NULL)
FROM orders_discountcode d
"""

LINES = """
SELECT l.id, l.quantity_fulfilled,
    (SELECT COALESCE(SUM(f.quantity), 0) FROM orders_fulfilmentline f WHERE f.line_id = l.id)
FROM orders_orderline l
WHERE l.quantity_fulfilled > 0
"""


def rows(sql: str) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def broken() -> Iterator[str]:
    """Each rule that does not hold now, as a sentence."""
    for variant, on_hand, reserved, moved, held in rows(STOCK):
        yield from _unequal(f"variant {variant}", ("on hand", on_hand, "its movements", moved))
        yield from _unequal(f"variant {variant}", ("reserved", reserved, "what pending orders hold", held))
    for payment, committed, live in rows(PAYMENTS):
        yield from _unequal(f"payment {payment}", ("committed to refunds", committed, "its live refunds", live))
    for code, used, live in rows(CODES):
        yield from _unequal(f"code {code}", ("used", used, "live redemptions", live))
    for line, fulfilled, sent in rows(LINES):
        yield from _unequal(f"line {line}", ("fulfilled", fulfilled, "what its parcels hold", sent))
    yield from _broken_orders(rows(ORDERS))


def _broken_orders(orders: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for order, status, total, paid, refunded, is_sold, last, ledger, captured, given_back in orders:
        what = f"order {order} ({status})"
        yield from _unequal(what, ("status", status, "the last of its timeline", last))
        yield from _unequal(what, ("paid", paid, "its total if it was sold", total if is_sold else 0))
        yield from _unequal(what, ("captured by the applied payment", captured, "paid", paid))
        yield from _unequal(what, ("refunded", refunded, "its refunds that succeeded", given_back))
        yield from _unequal(what, ("the ledger", ledger, "paid less refunded", paid - refunded))


def _unequal(what: str, pair: tuple[str, Any, str, Any]) -> Iterator[str]:
    name, found, other, expected = pair
    if found != expected:
        yield f"{what}: {name} is {found}, but {other} come to {expected}"
