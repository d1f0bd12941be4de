"""Sales and refunds on days of one's choice, for the tests of figures."""

from datetime import UTC, date, datetime

from orders.ledger import RefundedLine, post, refund_entries
from orders.models import Order
from orders.tests.factories import line_of, make_order, pay
from products.models import Variant
from products.tests.factories import make_variant

_refunds = iter(range(1, 1_000_000))


def noon(day: date) -> datetime:
    """Twelve o'clock UTC of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def make_sale(
    at: date | datetime, *, variant: Variant | None = None, quantity: int = 1, is_test: bool = False, **changes: object
) -> Order:
    """An order that was paid at a moment, or at noon of a day; of a new variant at 10.00 unless told otherwise."""
    moment = at if isinstance(at, datetime) else noon(at)
    order = make_order({variant or make_variant(price_minor=1000): quantity}, **changes)
    Order.objects.filter(pk=order.pk).update(is_test=is_test)
    return pay(order, at=moment)


def make_refund(order: Order, at: date | datetime, *, goods_minor: int = 100, fails: bool = False) -> None:
    """Refund goods of the order's first line at a moment; `fails` books its opposite as well."""
    moment = at if isinstance(at, datetime) else noon(at)
    part, refund_id = RefundedLine(line_of(order), 0, goods_minor, 0), next(_refunds)
    for is_reversal in [False, True] if fails else [False]:
        post(refund_entries(order, refund_id=refund_id, at=moment, lines=[part], is_reversal=is_reversal))
