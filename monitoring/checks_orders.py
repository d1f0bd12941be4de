"""Orders: totals are what the lines give, and the status is what the timeline says."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from monitoring.models import Severity
from monitoring.reading import order_number, rows
from monitoring.registry import Finding, Look, check
from orders.models import Order
from payments.models import Payment

EXPIRY_GRACE = timedelta(minutes=15)
LONGEST_LIFE = timedelta(days=2)  # an order may be given a day at most

TOTALS = """
SELECT o.id, o.currency, o.items_minor, o.discount_minor, o.total_minor,
       COALESCE(l.items, 0), COALESCE(l.discount, 0),
       COALESCE(l.total, 0) + o.shipping_minor - o.shipping_discount_minor
           + CASE WHEN o.prices_include_tax THEN 0 ELSE o.tax_minor END
FROM orders_order o
LEFT JOIN (
    SELECT order_id, SUM(quantity * unit_price_minor) AS items, SUM(discount_minor) AS discount,
           SUM(total_minor) AS total
    FROM orders_orderline
    GROUP BY order_id
) l ON l.order_id = o.id
WHERE o.items_minor <> COALESCE(l.items, 0)
   OR o.discount_minor <> COALESCE(l.discount, 0)
   OR o.total_minor <> COALESCE(l.total, 0) + o.shipping_minor - o.shipping_discount_minor
       + CASE WHEN o.prices_include_tax THEN 0 ELSE o.tax_minor END
ORDER BY o.id
"""

# By key, not by time: rows of one order are written under its lock, and a late payment is dated before its expiry.
STATES = """
SELECT id, status, last_status
FROM (
    SELECT o.id, o.status, COALESCE((
        SELECT e.to_status FROM orders_orderevent e
        WHERE e.order_id = o.id AND e.to_status <> ''
        ORDER BY e.id DESC LIMIT 1
    ), '') AS last_status
    FROM orders_order o
) s
WHERE status <> last_status
ORDER BY id
"""


@check(
    "order.line_total_mismatch",
    title="Order total is not what its lines give",
    rule="Goods, discount and total of an order are what its lines, delivery, discounts and tax on top give.",
    severity=Severity.HIGH,
    what_to_do="Compare the order with its invoice and payment, and find out what wrote the difference.",
)
def line_total_mismatch() -> Look:
    """Orders whose sums differ from their lines."""

    def findings() -> Iterator[Finding]:
        for pk, currency, items, discount, total, *lines in rows(TOTALS):
            line_items, line_discount, line_total = map(int, lines)
            yield Finding(
                "order",
                pk,
                {"goods_minor": line_items, "discount_minor": line_discount, "total_minor": line_total},
                {"goods_minor": items, "discount_minor": discount, "total_minor": total},
                subject=f"Order {order_number(pk)}",
                currency=currency,
                size=abs(total - line_total),
            )

    return Look(Order.objects.count(), findings())


@check(
    "order.state_vs_history",
    title="Status of an order is not the last one of its timeline",
    rule="The status of an order is the one that its timeline moved to last.",
    severity=Severity.HIGH,
    what_to_do="Read the timeline of the order and its payments, and find out which of the two is right.",
)
def state_vs_history() -> Look:
    """Orders whose status their timeline does not know."""

    def findings() -> Iterator[Finding]:
        for pk, status, last in rows(STATES):
            yield Finding(
                "order", pk, {"status": last or "none"}, {"status": status}, subject=f"Order {order_number(pk)}"
            )

    return Look(Order.objects.count(), findings())


@check(
    "order.stale_pending",
    title="Unpaid order past its time",
    rule="An order that is not paid in time is canceled within 15 minutes, unless a payment for it is on its way.",
    severity=Severity.LOW,
    what_to_do="See whether the worker runs: the job payments.expire_orders cancels these and gives their stock back.",
)
def stale_pending() -> Look:
    """Pending orders whose time is over, or that have none."""
    now = timezone.now()
    on_its_way = Payment.objects.filter(order=OuterRef("pk"), status=Payment.Status.PROCESSING)
    stale = Order.objects.filter(
        Q(expires_at__lt=now - EXPIRY_GRACE) | Q(expires_at=None, placed_at__lt=now - LONGEST_LIFE),
        ~Exists(on_its_way),
        status=Order.Status.PENDING,
    )

    def findings() -> Iterator[Finding]:
        for order in stale.order_by("pk").iterator():
            expected = {"status": Order.Status.CANCELED.value}
            found = {"status": order.status, "expired": order.expires_at.isoformat() if order.expires_at else "never"}
            yield Finding("order", order.pk, expected, found, subject=f"Order {order.number}")

    return Look(Order.objects.count(), findings())
