"""What must hold of every history that was imported."""

from django.db.models import F, Sum

from core.models import DirtyDay
from orders.models import Order, SalesEntry
from payments.models import Payment, Refund
from products.models import StockItem

NET = F("gross_minor") - F("discount_minor") - F("returns_minor") + F("shipping_minor") + F("tax_minor")


def assert_consistent():
    """Stock is the sum of its movements, and the ledger comes to what was captured less what was refunded."""
    for item in StockItem.objects.annotate(moved=Sum("movements__delta", default=0)):
        assert item.on_hand == item.moved
    booked = SalesEntry.objects.aggregate(total=Sum(NET, default=0))["total"]
    sold = Order.objects.sold().filter(is_test=False)
    payments = Payment.objects.applied().filter(order__in=sold)
    captured = payments.aggregate(total=Sum("captured_minor", default=0))["total"]
    refunds = Refund.objects.filter(status="succeeded", payment__in=payments)
    assert booked == captured - refunds.aggregate(total=Sum("amount_minor", default=0))["total"]
    marked = DirtyDay.objects.filter(source_type="sales_entry").values("source_id").distinct()
    assert marked.count() == SalesEntry.objects.count()
