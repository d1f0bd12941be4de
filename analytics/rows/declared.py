"""The rows of every figure, declared once: which they are, what each adds, and what it is divided by."""

from analytics.exports.csv_text import Kind
from analytics.kpis import Unit
from analytics.rows.payment_rows import ATTEMPTS, DISPUTES, INTENTS, MOVEMENTS, PAYOUTS
from analytics.rows.people_rows import CUSTOMERS, MEMBERS_ACTIVE, MEMBERS_VALUE, WISHES
from analytics.rows.sales_rows import ENTRIES, ORDERS
from analytics.rows.shop_rows import CARTS, SENT, UNSENT
from analytics.rows.sources import Rows, Source
from analytics.rows.stock_rows import VARIANT_DAYS
from payments.booked import DISPUTES as DISPUTE_KINDS
from payments.booked import FEES, TOPUPS
from payments.booked import PAYOUTS as PAYOUT_KINDS


def _sum(source: Source, column: str, says: str, *, which: str = "", **more: object) -> Rows:
    return Rows(source=source, adds=f"r.{column}", says=says, which=which or f"r.{column} <> 0", **more)  # type: ignore[arg-type]


def _count(source: Source, says: str, *, which: str = "true") -> Rows:
    return Rows(source=source, adds="1", says=says, which=which, adds_kind=Kind.NUMBER)


def _share(
    source: Source, adds: str, says: str, *, divides: str = "1", which: str = "true", unit: Unit | None = None
) -> Rows:
    return Rows(source=source, adds=adds, divides=divides, says=says, which=which, adds_kind=Kind.NUMBER, unit=unit)


def _if(condition: str, then: str = "1") -> str:
    return f"CASE WHEN {condition} THEN {then} ELSE 0 END"


def _in(categories: tuple[str, ...]) -> str:
    return f"r.reporting_category IN ({', '.join(f"'{category}'" for category in categories)})"


SOLD = "r.gross_minor - r.discount_minor"
IS_SALE, IS_OF_SALE = "r.kind = 'sale'", "r.refund_id IS NULL"
CASH = "r.returns_minor - r.shipping_minor - r.tax_minor"
COST_KNOWN = "r.cost_minor IS NOT NULL"
MARGIN = "r.net_minor - r.cost_minor"
BOUGHT_AGAIN = "r.orders > 1 OR r.is_new = 0"
HAS_REFUND, WAS_REFUNDED = "r.refunded_minor > 0", "r.sold_in_window = 1 AND r.refunded_to_date_minor > 0"
DISPUTED, IS_FEE, CASH_OUT = _in(DISPUTE_KINDS), _in(FEES), _in((*PAYOUT_KINDS, *TOPUPS))
FEES_KEPT = f"r.fee_minor - {_if(IS_FEE, 'r.amount_minor')}"

OF_SALES = {
    "gross_sales": _sum(ENTRIES, "gross_minor", "the sum of gross"),
    "discounts": _sum(ENTRIES, "discount_minor", "the sum of discount"),
    "returns": _sum(ENTRIES, "returns_minor", "the sum of returns"),
    "net_sales": _sum(
        ENTRIES,
        "net_minor",
        "the sum of gross - discount - returns",
        shown=("gross_minor", "discount_minor", "returns_minor"),
    ),
    "shipping": _sum(ENTRIES, "shipping_minor", "the sum of delivery"),
    "tax": _sum(ENTRIES, "tax_minor", "the sum of tax"),
    "total_sales": _sum(
        ENTRIES, "total_minor", "the sum of net, delivery and tax", shown=("net_minor", "shipping_minor", "tax_minor")
    ),
    "orders": _count(ENTRIES, "one entry of the kind sale for each order", which=IS_SALE),
    "units": _sum(
        ENTRIES, "units", "the units of what was sold", which=f"{IS_OF_SALE} AND r.units <> 0", adds_kind=Kind.NUMBER
    ),
    "net_units": _sum(ENTRIES, "units", "the units sold, less those named in refunds", adds_kind=Kind.NUMBER),
    "aov": Rows(
        source=ENTRIES,
        adds=SOLD,
        divides=_if(IS_SALE),
        which=f"({SOLD} <> 0 OR {IS_SALE})",
        says="gross - discount of every entry, divided by the entries of the kind sale",
    ),
    "refunds_cash": Rows(
        source=ENTRIES,
        adds=CASH,
        which="r.refund_id IS NOT NULL",
        says="returns with delivery and tax",
    ),
    "refund_rate_value": Rows(
        source=ENTRIES,
        adds="r.returns_minor",
        divides=SOLD,
        divides_kind=Kind.MINOR,
        which=f"(r.returns_minor <> 0 OR {SOLD} <> 0)",
        says="returns, divided by gross - discount",
    ),
    "refunded_orders": _count(ORDERS, "one for each order that got money back in these days", which=HAS_REFUND),
    "refund_rate_orders": _share(
        ORDERS,
        _if(HAS_REFUND),
        "orders that got money back in these days, divided by orders sold in them",
        divides="r.sold_in_window",
        which=f"({HAS_REFUND} OR r.sold_in_window = 1)",
    ),
    "refund_rate_orders_cohort": _share(
        ORDERS,
        _if(WAS_REFUNDED),
        "orders sold in these days that have got money back by now, divided by all that were sold in them",
        which="r.sold_in_window = 1",
    ),
    "product_margin": Rows(
        source=ENTRIES,
        adds=MARGIN,
        which=COST_KNOWN,
        needs_rows=True,
        says="net - cost where it is known",
    ),
    "product_margin_rate": Rows(
        source=ENTRIES,
        adds=MARGIN,
        divides="r.net_minor",
        divides_kind=Kind.MINOR,
        which=COST_KNOWN,
        says="net - cost, divided by net, of the entries whose cost is known",
    ),
    "margin_coverage": Rows(
        source=ENTRIES,
        adds=_if(COST_KNOWN, "r.net_minor"),
        divides="r.net_minor",
        divides_kind=Kind.MINOR,
        which=f"(r.net_minor <> 0 OR {COST_KNOWN})",
        says="net of the entries whose cost is known, divided by net of all",
    ),
    "best_sellers": _sum(
        ENTRIES,
        "net_minor",
        "the sum of net of the lines of each product",
        which="r.product_id IS NOT NULL",
        unit=Unit.MONEY,
    ),
}
OF_PEOPLE = {
    "unique_customers": _count(CUSTOMERS, "one for each customer"),
    "new_customers": _count(CUSTOMERS, "one for each whose first sale lies in these days", which="r.is_new = 1"),
    "existing_customers": _count(CUSTOMERS, "one for each whose first sale lies before", which="r.is_new = 0"),
    "repeat_customers": _count(CUSTOMERS, "one for each with two orders or more", which="r.orders > 1"),
    "repeat_rate": _share(CUSTOMERS, _if("r.orders > 1"), "customers with two orders or more, divided by all"),
    "returning_customer_rate": _share(
        CUSTOMERS, _if(BOUGHT_AGAIN), "customers who bought a second time or later, divided by all"
    ),
    "ltv_to_date": Rows(
        source=MEMBERS_VALUE,
        adds="r.net_sales_minor",
        divides="1",
        unit=Unit.MONEY,
        says="net sales of the customers of a month, divided by how many they are",
    ),
    "cohort_retention": _share(
        MEMBERS_ACTIVE,
        _if("r.orders > 0"),
        "customers of a month who bought in the month asked for, divided by how many they are",
        unit=Unit.PERCENT,
    ),
    "wishlist_conversion": _share(
        WISHES,
        _if("r.counts = 1 AND r.bought = 1"),
        "customers with a wish that led to a sale, divided by customers who wished; one wish stands for each",
        divides="r.counts",
    ),
    "checkout_funnel": Rows(
        source=CARTS, adds="1", adds_kind=Kind.NUMBER, unit=Unit.COUNT, says="one for each bag that came to the step"
    ),
}
OF_PAYMENTS = {
    "payment_success": _share(INTENTS, "r.succeeded", "payments that have succeeded, divided by all confirmed"),
    "payment_attempt_success": _share(
        ATTEMPTS, _if("r.outcome = 'succeeded'"), "attempts that succeeded, divided by all that were confirmed"
    ),
    "dispute_rate": _share(
        DISPUTES,
        _if("r.kind = 'dispute'"),
        "disputes opened in these days, divided by payments that took money in them",
        divides=_if("r.kind = 'payment'"),
    ),
    "disputed_amount": Rows(
        source=MOVEMENTS, adds="-r.amount_minor", which=DISPUTED, says="the amounts of disputes, the other way round"
    ),
    "stripe_fees": Rows(
        source=MOVEMENTS,
        adds=FEES_KEPT,
        which=f"({FEES_KEPT}) <> 0",
        says="the fee of each movement, and the amount of those that are a fee themselves",
    ),
    "stripe_net": Rows(source=MOVEMENTS, adds="r.net_minor", which=f"NOT {CASH_OUT}", says="the sum of net"),
    "payouts": Rows(source=PAYOUTS, adds="r.amount_minor", which="r.status = 'paid'", says="the sum of what arrived"),
}
OF_SHIPPING = {
    "lead_time_p50": Rows(
        source=SENT,
        adds="r.microseconds",
        adds_kind=Kind.NUMBER,
        percentile=50,
        says="in the middle of the orders, from the quickest to the slowest",
    ),
    "lead_time_p90": Rows(
        source=SENT,
        adds="r.microseconds",
        adds_kind=Kind.NUMBER,
        percentile=90,
        says="where nine in ten of the orders were quicker",
    ),
    "backlog": _count(UNSENT, "one for each order with something left to send"),
    "sla_breach": _count(UNSENT, "one for each of them that is late", which="r.is_late = 1"),
    "stock_cover_days": Rows(
        source=VARIANT_DAYS,
        adds="r.units",
        adds_kind=Kind.NUMBER,
        divides="r.in_stock",
        unit=Unit.DAYS,
        scale="available",
        says="units available x days in stock, divided by units sold",
    ),
}

ROWS: dict[str, Rows] = {**OF_SALES, **OF_PEOPLE, **OF_PAYMENTS, **OF_SHIPPING}
