"""What each figure means, declared once: tiles, tables, documents, CSV rows and tests are made from this registry.

An id never changes its meaning. Rules and formulas are those of `docs/kpi_definitions.md`, which is made from here.
Each figure: id, title, formula, what dates it, the columns it comes from.
"""

from analytics.kpi_terms import (
    BOOKED,
    BOOKS,
    BUYERS,
    CASH_BACK,
    CONFIRMED,
    COST_COLUMNS,
    CUSTOMERS,
    DASHBOARD,
    EACH,
    FINANCE,
    LESS,
    MIXED,
    MONTH,
    NEITHER,
    NO_ATTEMPT,
    NO_COST,
    NO_SALE,
    NOW,
    OPERATIONS,
    PARTED,
    PRODUCTS,
    REFUND,
    SALE,
    SENT,
    STEPS,
    TO_SHIP,
    buyer_rate,
    buyers,
    count,
    count_now,
    declare,
    lead_time,
    margin_money,
    margin_rate,
    money,
    payment_rate,
    rate,
    stripe_money,
    window_count,
    window_rate,
)
from analytics.kpi_types import Additivity, Better, Facts, Kpi, RatioKpi, Reading, TableKpi, Unit, Value
from core.money import format_money

__all__ = [
    "ALL", "CUSTOMERS", "DASHBOARD", "FINANCE", "KPIS", "MONTH", "OPERATIONS", "PRODUCTS", "SCALARS", "TABLES",
    "Additivity", "Better", "Facts", "Kpi", "TableKpi", "Unit", "Value",
]  # fmt: skip

VERSION = 2
SALES_AND_PEOPLE = (Reading.SALES, Reading.PEOPLE)
SALES_AND_REFUNDS = (Reading.REFUNDED, Reading.SALES)

SCALARS: tuple[Kpi, ...] = (
    money(
        "gross_sales", "Gross sales", "quantity x list price, ex tax, before discount", SALE, "fact_day.gross_minor",
        part="gross", pages=PARTED,
    ),
    money(
        "discounts", "Discounts", "line discounts and shares of order discounts, ex tax", SALE,
        "fact_day.discount_minor", better=LESS, pages=PARTED,
    ),
    money(
        "returns", "Returns", "refunded goods ex tax, without delivery, less refunds that failed", REFUND,
        "fact_day.returns_minor", better=LESS, pages=PARTED,
    ),
    money(
        "net_sales", "Net sales", "gross sales - discounts - returns; may be negative", EACH, "fact_day.net_minor",
        part="net", pages=(PRODUCTS, *PARTED),
    ),
    money(
        "shipping", "Delivery", "delivery charged - its discount - refunded delivery, ex tax", EACH,
        "fact_day.shipping_minor", better=NEITHER, pages=STEPS,
    ),
    money(
        "tax", "Tax", "tax collected - tax refunded", EACH, "fact_day.tax_minor", better=NEITHER, pages=STEPS
    ),
    money(
        "total_sales", "Total sales", "net sales + delivery + tax: money taken - money given back", EACH,
        "fact_day.total_minor", part="total", pages=STEPS,
    ),
    count(
        "orders", "Orders", "orders with a sale, free ones and ones refunded later too", SALE, "fact_day.orders",
        pages=BOOKS,
    ),
    count("units", "Units", "units sold", SALE, "fact_day.units"),
    count(
        "net_units", "Net units", "units sold - units named in refunds, restocked or not", EACH, "fact_day.net_units"
    ),
    declare(
        RatioKpi, Unit.MONEY, "aov", "Average order value", "(gross sales - discounts) / orders", SALE,
        "fact_day.gross_minor, fact_day.discount_minor, fact_day.orders", part="sold", of="orders",
    ),
    money(
        "refunds_cash", "Refunded money", "refunds that succeeded, less those that failed", REFUND,
        "fact_day.refunds_cash_minor", better=LESS, pages=BOOKS,
    ),
    window_count(
        "refunded_orders", "Refunded orders",
        "orders whose refunds dated in the window, less failed ones, are more than nothing", REFUND, CASH_BACK,
        reads=(Reading.REFUNDED,), better=LESS,
    ),
    window_rate(
        "refund_rate_orders", "Refund rate by orders", "refunded orders / orders; may pass 100 %", MIXED,
        f"{CASH_BACK}, fact_day.orders", part="refunded_orders", of="orders", reads=SALES_AND_REFUNDS, better=LESS,
    ),
    window_rate(
        "refund_rate_orders_cohort", "Refund rate of these orders",
        "orders sold in the window whose refunds by now, less failed ones, are more than nothing / orders", SALE,
        "fact_day.cohort_refunded_orders, fact_day.orders", part="cohort_refunded_orders", of="orders", better=LESS,
    ),
    rate(
        "refund_rate_value", "Refund rate by value", "returns / (gross sales - discounts)", MIXED,
        "fact_day.returns_minor, fact_day.gross_minor, fact_day.discount_minor", part="returns", of="sold", better=LESS,
        pages=(DASHBOARD, PRODUCTS),
    ),
    margin_money(
        "product_margin", "Product margin",
        "net sales - cost of the lines whose cost is known, as it was at the sale; goods that come back to the shelf "
        "give their cost back", EACH, COST_COLUMNS, part="margin", known="costed_entries",
        null_rule="no cost is known",
    ),
    margin_rate(
        "product_margin_rate", "Margin rate", "product margin / net sales of the same lines", EACH, COST_COLUMNS,
        part="margin", of="costed_net", reads=(Reading.COSTS,),
    ),
    margin_rate(
        "margin_coverage", "Margin coverage", "net sales of lines whose cost is known / net sales", EACH,
        f"{COST_COLUMNS}, fact_day.net_minor", part="costed_net", of="net", left_out=NO_SALE,
        reads=(Reading.COSTS, Reading.SALES),
    ),
    buyers("unique_customers", "Customers", "distinct customers with a sale", SALE, BUYERS),
    count(
        "new_customers", "New customers", "customers whose first sale ever lies in the window", SALE,
        "fact_day.new_customers, customer_first.day", reads=SALES_AND_PEOPLE, pages=(DASHBOARD, CUSTOMERS),
    ),
    buyers(
        "existing_customers", "Existing customers", "customers who bought in the window and first before it", SALE,
        BUYERS, better=NEITHER,
    ),
    buyers("repeat_customers", "Repeat customers", "customers with two or more orders in the window", SALE, BUYERS),
    buyer_rate(
        "repeat_rate", "Repeat rate", "repeat customers / customers", SALE, BUYERS, part="repeat_customers",
        of="unique_customers",
    ),
    buyer_rate(
        "returning_customer_rate", "Returning customer rate",
        "customers with an order in the window that is their second or later ever / customers", SALE, BUYERS,
        part="returning_customers", of="unique_customers",
    ),
    window_rate(
        "wishlist_conversion", "Wishlist conversion",
        "customers who wish for a product in the window and buy that product, in any variant, within 30 x 24 hours of "
        "the wish / customers who wish; a wish whose time is not over yet and that led to nothing counts as not bought",
        "wish", "wishlist_wishevent.at, orders_salesentry.at", part="wishers_who_bought", of="wishers",
        reads=(Reading.WISHES,), pages=(CUSTOMERS,),
    ),
    payment_rate(
        "payment_success", "Payment success",
        "payments that have succeeded by now / payments that somebody confirmed; each counts once", CONFIRMED,
        "fact_payment_day.intents_succeeded, fact_payment_day.intents", part="intents_succeeded", of="intents",
        left_out=NO_ATTEMPT, pages=(DASHBOARD, OPERATIONS),
    ),
    payment_rate(
        "payment_attempt_success", "Success by attempt", "attempts that succeeded / attempts confirmed", "attempt",
        "fact_payment_day.attempts_succeeded, fact_payment_day.attempts", part="attempts_succeeded", of="attempts",
        left_out=NO_ATTEMPT, pages=(DASHBOARD, OPERATIONS),
    ),
    payment_rate(
        "dispute_rate", "Dispute rate", "disputes opened in the window / payments that took money in it",
        "opening of the dispute; payment", "fact_payment_day.disputes, fact_payment_day.charges", part="disputes",
        of="charges", better=LESS, left_out="inquiries, and free orders",
    ),
    stripe_money(
        "disputed_amount", "Disputed money", "money withdrawn for disputes - money that came back of them", BOOKED,
        "fact_stripe_day.disputed_minor", part="disputed", better=LESS,
    ),
    stripe_money(
        "stripe_fees", "Stripe fees", "fees of every movement, and what Stripe books as a fee of its own", BOOKED,
        "fact_stripe_day.fees_minor", better=LESS,
    ),
    stripe_money(
        "stripe_net", "Net of Stripe", "net of every movement of the balance, in the currency it is settled in",
        BOOKED, "fact_stripe_day.net_minor", left_out="payouts, top-ups, and movements of the other Stripe mode",
    ),
    stripe_money(
        "payouts", "Payouts", "payouts that were paid, less those that failed", "arrival at the bank",
        "fact_stripe_day.payouts_minor", better=NEITHER, left_out="payouts on their way, and canceled ones",
    ),
    lead_time(
        "lead_time_p50", "Typical lead time",
        "hours from sale to last shipment, of the orders sent in full: half were quicker", "shipping", SENT,
    ),
    lead_time(
        "lead_time_p90", "Slow lead time",
        "hours from sale to last shipment, of the orders sent in full: nine in ten were quicker", "shipping", SENT,
    ),
    count_now("backlog", "Backlog", "paid orders with something left to send", NOW, TO_SHIP),
    count_now(
        "sla_breach", "Late orders", "orders of the backlog paid longer ago than the shop promises to send in", NOW,
        f"{TO_SHIP}, orders_order.paid_at, core_storesetting.ship_sla_hours",
    ),
)  # fmt: skip

BEST_SELLERS = TableKpi(
    id="best_sellers",
    title="Best sellers",
    formula="net sales, units sold, net units and margin (net - cost, where the cost is known) of each product",
    basis=EACH,
    source="fact_product_day.net_minor, units, net_units, costed_net_minor, cost_minor",
    columns=("product_id", "product", "sku", "net_sales", "units", "net_units", "margin"),
    null_rule="margin: no cost is known",
    left_out=NO_COST.replace("lines", "from the margin: lines"),
    additivity=Additivity.DAYS,
    pages=(DASHBOARD, PRODUCTS),
)
LTV_TO_DATE = TableKpi(
    id="ltv_to_date",
    title="Value of a customer to date",
    formula="by month of first sale: net sales of these customers through the end of the window / how many they are; "
    "what they came to, never a forecast",
    basis="first sale",
    source="cohort_cell.net_minor, customers; customer_day.net_minor, customer_first.day",
    columns=("cohort", "size", "net_sales", "ltv"),
    null_rule="never",
    left_out=f"{NO_SALE}; customers whose first sale lies outside the window",
    additivity=Additivity.NONE,
    pages=(CUSTOMERS,),
)
COHORT_RETENTION = TableKpi(
    id="cohort_retention",
    title="Retention",
    formula="by month of first sale, for that month and each later one through the end of the window: customers who "
    "bought in it / how many they are",
    basis="first sale",
    source="cohort_cell.customers; customer_day.orders, customer_first.day",
    columns=("cohort", "size", "month", "age", "customers", "rate", "is_complete"),
    null_rule="never",
    left_out=f"{NO_SALE}; customers whose first sale lies outside the window",
    additivity=Additivity.NONE,
    crosses_currencies=True,
    pages=(CUSTOMERS,),
)
CHECKOUT_FUNNEL = TableKpi(
    id="checkout_funnel",
    title="Checkout funnel",
    formula="bags that came to checkout, to an attempt to pay and to a sale within 7 x 24 hours of being begun; a "
    "later step implies the earlier ones; each as a share of the step before, and of all bags",
    basis="start of the bag",
    source="orders_cart.created_at, checkout_at; payments_paymentattempt.at; orders_order.paid_at",
    columns=("step", "count", "step_rate", "overall_rate"),
    null_rule="rates: the denominator is 0",
    left_out="bags whose 7 x 24 hours are not over, test orders, attempts never confirmed",
    additivity=Additivity.NONE,
    crosses_currencies=True,
    pages=(CUSTOMERS,),
)
STOCK_COVER_DAYS = TableKpi(
    id="stock_cover_days",
    title="Stock cover",
    formula="by variant: units available / (units sold in the last 30 days / those of these days on which there was "
    "stock), in days",
    basis=NOW,
    source="products_stockitem.on_hand, reserved; products_stockmovement.delta; orders_salesentry.units",
    columns=("variant_id", "sku", "product", "variant", "available", "units_30d", "days_in_stock", "cover_days"),
    null_rule="cover: nothing was sold, or there was no stock on any day",
    left_out="variants whose stock is not counted, and test orders",
    additivity=Additivity.POINT,
    crosses_currencies=True,
    pages=(OPERATIONS,),
)

TABLES: tuple[TableKpi, ...] = (BEST_SELLERS, LTV_TO_DATE, COHORT_RETENTION, CHECKOUT_FUNNEL, STOCK_COVER_DAYS)
ALL: tuple[Kpi | TableKpi, ...] = (*SCALARS, *TABLES)
KPIS = {kpi.id: kpi for kpi in ALL}


def values_of(facts: Facts, *, across_currencies: bool = False) -> dict[str, Value]:
    """Return every scalar figure by id; across currencies only those that hold no money."""
    return {kpi.id: kpi.value(facts) for kpi in SCALARS if kpi.crosses_currencies or not across_currencies}


def in_words(kpi: Kpi, value: Value, currency: str) -> str:
    """Return a figure as people read it: `£12.50`, `1,024`, `50.00 %`, `3.25 h`, or a dash where there is none."""
    if value is None:
        return "–"
    if kpi.unit is Unit.MONEY:
        return format_money(int(value), currency)
    if kpi.unit is Unit.HOURS:
        return f"{value:,}\u00a0h"
    return f"{value}\u00a0%" if kpi.unit is Unit.PERCENT else f"{value:,}"
