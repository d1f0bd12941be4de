"""Rows of the shop floor: bags on the way to a sale, orders that were sent or wait to be."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import CURRENCY, Column
from analytics.figures.funnel import Step
from analytics.rows.sales_rows import BUYER, ORDER, ORDER_CELLS, minor
from analytics.rows.sources import ORDER_NUMBER, Source

CARTS = Source(
    name="carts",
    one="bag",
    many="bags",
    columns=(
        Column("cart_id", Kind.NUMBER, "the key of the bag"),
        Column("created_at", Kind.MOMENT, "when it was begun"),
        Column("checkout_at", Kind.MOMENT, "when it was first taken to checkout"),
        Column("order_number", Kind.TEXT, "the order that was made of it"),
        Column("paid_at", Kind.MOMENT, "when that was paid"),
        Column("reached", Kind.TEXT, "the furthest step within 7 x 24 hours: cart, checkout, attempt or paid"),
        Column("step", Kind.NUMBER, "its place, from 0"),
    ),
    rows=f"""
        SELECT q.cart_id, q.created_at, q.checkout_at, q.order_id, q.paid_at, q.waiting, q.step,
            CASE WHEN q.order_id IS NOT NULL THEN {ORDER_NUMBER.format("q.order_id")} END AS order_number,
            CASE q.step WHEN {Step.PAID:d} THEN 'paid' WHEN {Step.ATTEMPT:d} THEN 'attempt'
                WHEN {Step.CHECKOUT:d} THEN 'checkout' ELSE 'cart' END AS reached
        FROM (
            SELECT k.id AS cart_id, k.created_at, k.checkout_at, k.order_id, o.paid_at, 0 AS waiting,
                CASE WHEN o.paid_at <= <days later k.created_at 7> THEN {Step.PAID:d}
                    WHEN EXISTS (
                        SELECT 1 FROM payments_paymentattempt a JOIN payments_payment p ON p.id = a.payment_id
                        WHERE p.order_id = k.order_id AND a.outcome <> 'unconfirmed'
                            AND a.at <= <days later k.created_at 7>
                    ) THEN {Step.ATTEMPT:d}
                    WHEN k.checkout_at <= <days later k.created_at 7> THEN {Step.CHECKOUT:d} ELSE {Step.CART:d}
                    END AS step
            FROM orders_cart k LEFT JOIN orders_order o ON o.id = k.order_id
            WHERE k.created_at >= %(start_at)s AND k.created_at < %(end_at)s AND <days later k.created_at 7> < %(now)s
                AND COALESCE(o.is_test, %(no)s) = %(no)s AND (k.order_id IS NOT NULL OR k.closed_at IS NULL)
                AND <currency COALESCE(NULLIF(k.currency, ''), %(store_currency)s)>
        ) q WHERE <cells>
    """,  # noqa: S608  constants
    order_by="r.created_at, r.cart_id",
    cells={
        "step": "q.step >= CASE %(step)s "
        + " ".join(f"WHEN '{step.name.lower()}' THEN {step:d}" for step in Step)
        + " ELSE 0 END"
    },
    refers={"order_number": "order"},
    shown=("cart_id", "created_at", "checkout_at", "order_number", "paid_at", "reached"),
)

SENT = Source(
    name="sent",
    one="order",
    many="orders",
    columns=(
        *ORDER,
        Column("sold_at", Kind.MOMENT, "when it was paid"),
        Column("sent_at", Kind.MOMENT, "when the last parcel was sent"),
        Column("microseconds", Kind.NUMBER, "the time between, in millionths of a second"),
        Column("country", Kind.TEXT, "where it went"),
        BUYER,
        CURRENCY,
    ),
    rows=f"""
        SELECT {ORDER_NUMBER.format("o.id")} AS order_number, o.id AS order_id, o.paid_at AS sold_at,
            o.fulfilled_at AS sent_at, <microseconds o.paid_at o.fulfilled_at> AS microseconds, o.country,
            o.customer_id, o.currency, 0 AS waiting
        FROM orders_order o
        WHERE o.status = 'fulfilled' AND o.fulfilled_at >= %(start_at)s AND o.fulfilled_at < %(end_at)s
            AND o.is_test = %(no)s AND <currency o.currency> AND <cells>
    """,  # noqa: S608  constants
    order_by="r.microseconds, r.order_id",
    cells={"country": ORDER_CELLS["country"]},
    refers={"order_number": "order", "customer_id": "customer"},
    shown=("order_number", "sold_at", "sent_at", "country", "microseconds"),
)

UNSENT = Source(
    name="unsent",
    one="order",
    many="orders",
    columns=(
        *ORDER,
        Column("sold_at", Kind.MOMENT, "when it was paid"),
        Column("units_left", Kind.NUMBER, "units neither sent nor canceled"),
        Column("is_late", Kind.NUMBER, "1 if it was paid longer ago than the shop promises to send in, else 0"),
        Column("hold_reason", Kind.TEXT, "why it is held, if it is"),
        Column("country", Kind.TEXT, "where it goes"),
        BUYER,
        CURRENCY,
        minor("total", "what was paid"),
    ),
    rows=f"""
        SELECT {ORDER_NUMBER.format("o.id")} AS order_number, o.id AS order_id, o.paid_at AS sold_at, k.units_left,
            CASE WHEN o.paid_at < %(late_before)s THEN 1 ELSE 0 END AS is_late, o.hold_reason, o.country,
            o.customer_id, o.currency, o.total_minor, 0 AS waiting
        FROM orders_order o JOIN (
            SELECT l.order_id, SUM(l.quantity - l.quantity_fulfilled - l.quantity_canceled) AS units_left
            FROM orders_orderline l JOIN orders_order p ON p.id = l.order_id AND p.status = 'paid'
            GROUP BY l.order_id
        ) k ON k.order_id = o.id
        WHERE o.status = 'paid' AND k.units_left > 0 AND o.is_test = %(no)s AND <currency o.currency> AND <cells>
    """,  # noqa: S608  constants
    order_by="r.sold_at, r.order_id",
    cells={
        "country": ORDER_CELLS["country"],
        "code": ORDER_CELLS["code"],
        "age": "o.paid_at >= %(paid_from)s AND o.paid_at < %(paid_until)s",
    },
    refers={"order_number": "order", "customer_id": "customer"},
    shown=("order_number", "sold_at", "units_left", "hold_reason", "country", "total_minor"),
)
