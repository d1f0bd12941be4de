"""The words that the declarations of figures share: pages, dates, what is left out, and the kinds of figure."""

from functools import partial
from operator import attrgetter
from typing import Any

from analytics.kpi_types import Better, DailySumKpi, Kpi, PointKpi, RatioKpi, Reading, Unit, WindowKpi

DASHBOARD, OPERATIONS, PRODUCTS = "analytics:dashboard", "analytics:operations", "analytics:products"
CUSTOMERS, FINANCE, MONTH = "analytics:customers", "analytics:finance", "analytics:month"
BREAKDOWN = "analytics:breakdown"
BOOKS, STEPS = (DASHBOARD, MONTH), (DASHBOARD, FINANCE, MONTH)
PARTED = (DASHBOARD, FINANCE, BREAKDOWN, MONTH)

SALE, REFUND, EACH, MIXED = "sale", "refund", "each its own", "refunds by refund, sales by sale"
CONFIRMED, BOOKED, NOW = "first confirmation of the payment", "booking in Stripe's balance", "now"
LESS, NEITHER = Better.LESS, Better.NEITHER

NO_SALE = "test orders, orders never paid, and payments beyond what an order costs"
NO_COST = f"{NO_SALE}; lines whose cost is not known"
NO_ATTEMPT = "attempts never confirmed, free orders, and imported payments without an attempt"
NO_BOOKING = "test orders and movements of the other Stripe mode"
NOT_TO_SHIP = "test orders, orders never paid, canceled orders, and units canceled"

BUYERS = "customer_day.orders, customer_first.day"
CASH_BACK = "order_refund_day.cash_minor"
COST_COLUMNS = "fact_product_day.costed_net_minor, fact_product_day.cost_minor"
TO_SHIP = "orders_order.status, orders_orderline.quantity, orders_orderline.quantity_fulfilled"
SENT = "orders_order.fulfilled_at, orders_order.paid_at"


def declare(
    kind: type[Kpi], unit: Unit, kpi: str, title: str, formula: str, basis: str, source: str, **more: Any
) -> Kpi:
    """Return a figure, whose part of the facts is named like the figure itself unless told otherwise."""
    parts = {name: attrgetter(more.pop(name)) for name in ("part", "of", "known") if name in more}
    parts.setdefault("part", attrgetter(kpi))
    given = {"reads": (Reading.SALES,), "left_out": NO_SALE, "pages": (DASHBOARD,)} | parts | more
    given.setdefault("null_rule", "the denominator is 0" if "of" in parts else "never")
    return kind(id=kpi, title=title, unit=unit, formula=formula, basis=basis, source=source, **given)


money = partial(declare, DailySumKpi, Unit.MONEY)
count = partial(declare, DailySumKpi, Unit.COUNT, crosses_currencies=True)
rate = partial(declare, RatioKpi, Unit.PERCENT)
window_count = partial(declare, WindowKpi, Unit.COUNT, crosses_currencies=True)
window_rate = partial(declare, WindowKpi, Unit.PERCENT, crosses_currencies=True)
margin_money = partial(money, reads=(Reading.COSTS,), left_out=NO_COST, pages=(PRODUCTS,))
margin_rate = partial(rate, left_out=NO_COST, pages=(PRODUCTS,))
payment_rate = partial(rate, reads=(Reading.PAYMENTS,), crosses_currencies=True, pages=(OPERATIONS,))
stripe_money = partial(money, reads=(Reading.STRIPE,), left_out=NO_BOOKING, pages=(FINANCE,))
lead_time = partial(
    declare, WindowKpi, Unit.HOURS, reads=(Reading.LEAD_TIMES,), crosses_currencies=True, better=LESS,
    pages=(OPERATIONS,), null_rule="no order was sent in full", left_out="orders not sent in full, and test orders",
)  # fmt: skip
count_now = partial(
    declare, PointKpi, Unit.COUNT, reads=(Reading.BACKLOG,), crosses_currencies=True, better=LESS,
    pages=(OPERATIONS,), left_out=NOT_TO_SHIP,
)  # fmt: skip
buyers = partial(window_count, reads=(Reading.PEOPLE,), pages=(CUSTOMERS,))
buyer_rate = partial(window_rate, reads=(Reading.PEOPLE,), pages=(CUSTOMERS,))
