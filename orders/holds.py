"""What unpaid orders hold of a variant: `reserved` of its stock item is this sum, and nothing else tells of it."""

from django.db.models import QuerySet, Sum

from orders.models import Order, OrderLine
from orders.models.order import OrderQuerySet


def holds_stock(order: Order) -> bool:
    """Whether an order holds its units until it is paid: not a test's, nor one imported when its time was over."""
    return not order.is_test and order.expires_at is not None


def lines_held(variant_id: int) -> QuerySet[OrderLine]:
    """Return the lines of unpaid orders that hold units of a variant."""
    return OrderLine.objects.filter(variant=variant_id, order__in=_holding())


def units_held(variant_id: int) -> int:
    """Return how many units of a variant unpaid orders hold, and let nobody pay or give up one of them meanwhile.

    Needs a transaction. Counted once they are locked: an order that was paid while that was waited for is not in it.
    """
    of_variant = OrderLine.objects.filter(variant=variant_id).values("order")
    list(_holding().filter(pk__in=of_variant).lock().values_list("pk"))
    return lines_held(variant_id).aggregate(total=Sum("quantity", default=0))["total"]


def _holding() -> OrderQuerySet:
    return Order.objects.expiring().filter(is_test=False)
