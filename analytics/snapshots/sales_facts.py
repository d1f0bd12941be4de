"""The statements that make facts of sales out of the ledger. Both databases take them as they stand.

The ledger of the days is read once, to one row an order and day: `build_order`, of which most facts are made.
"""

from django.db import connection

from analytics.snapshots.days import DaySet, forget_temporary, make_temporary, run
from analytics.snapshots.replacing import Fact, total

ORDERS = """
    SELECT g.order_id, g.day, g.currency, g.gross, g.discount, g.returned, g.shipping, g.tax, g.cash, g.orders,
        g.units, g.net_units, o.customer_id, o.country, o.discount_code AS code,
        CASE WHEN g.orders > 0 THEN g.day ELSE (
            SELECT s.day FROM orders_salesentry s
            WHERE s.order_id = g.order_id AND s.kind = 'sale' AND s.line_id IS NULL AND s.refund_id IS NULL
        ) END AS sold_on
    FROM (
        SELECT e.order_id, e.day, e.currency, CAST(SUM(e.gross_minor) AS bigint) AS gross,
            CAST(SUM(e.discount_minor) AS bigint) AS discount, CAST(SUM(e.returns_minor) AS bigint) AS returned,
            CAST(SUM(e.shipping_minor) AS bigint) AS shipping, CAST(SUM(e.tax_minor) AS bigint) AS tax,
            CAST(SUM(CASE WHEN e.refund_id IS NULL THEN 0
                ELSE e.returns_minor - e.shipping_minor - e.tax_minor END) AS bigint) AS cash,
            CAST(SUM(CASE WHEN e.kind = 'sale' THEN 1 ELSE 0 END) AS integer) AS orders,
            CAST(SUM(CASE WHEN e.refund_id IS NULL THEN e.units ELSE 0 END) AS integer) AS units,
            CAST(SUM(e.units) AS integer) AS net_units
        FROM orders_salesentry e
        WHERE {which}
        GROUP BY e.order_id, e.day, e.currency
    ) g JOIN orders_order o ON o.id = g.order_id
"""
FIRST_GATHERED = """
    SELECT customer_id, currency, MIN(day) AS day FROM build_order WHERE orders > 0 GROUP BY customer_id, currency
"""
SEGMENT = """
    SELECT s.day, s.currency, '{segment}' AS segment, {key} AS key, CAST(SUM(s.gross) AS bigint) AS gross,
        CAST(SUM(s.discount) AS bigint) AS discount, CAST(SUM(s.returned) AS bigint) AS returned,
        SUM(s.orders) AS orders, SUM(s.units) AS units
    FROM build_order s {first}
    GROUP BY s.day, s.currency, {key}
"""
FIRST = "LEFT JOIN customer_first f ON f.customer_id = s.customer_id AND f.currency = s.currency"
SEGMENTS = " UNION ALL ".join(
    SEGMENT.format(segment=segment, key=key, first=first)
    for segment, key, first in (
        ("country", "s.country", ""),
        ("code", "s.code", ""),
        ("customer", "CASE WHEN f.day < s.sold_on THEN 'existing' ELSE 'new' END", FIRST),
    )
)
NET = "gross_minor - e.discount_minor - e.returns_minor"
# Facts made of `build_order` alone have no condition: it holds the days that are built.
FACTS = {
    fact.table: fact
    for fact in (
        Fact(
            "fact_product_day",
            "day, currency, product_id, gross_minor, discount_minor, returns_minor, net_minor, units, net_units, "
            "costed_net_minor, cost_minor, costed_entries",
            f"""
            SELECT e.day, e.currency, v.product_id, {total("e.gross_minor")}, {total("e.discount_minor")},
                {total("e.returns_minor")}, {total("e." + NET)},
                SUM(CASE WHEN e.refund_id IS NULL THEN e.units ELSE 0 END), SUM(e.units),
                {total(f"CASE WHEN e.cost_minor IS NULL THEN 0 ELSE e.{NET} END")},
                {total("COALESCE(e.cost_minor, 0)")}, COUNT(e.cost_minor)
            FROM orders_salesentry e JOIN orders_orderline l ON l.id = e.line_id
                JOIN products_variant v ON v.id = l.variant_id
            WHERE {{which}}
            GROUP BY e.day, e.currency, v.product_id
            """,  # noqa: S608  constants
        ),
        Fact(
            "customer_day",
            "day, currency, customer_id, orders, net_minor",
            f"""
            SELECT s.day, s.currency, s.customer_id, SUM(s.orders), {total("s.gross - s.discount - s.returned")}
            FROM build_order s
            GROUP BY s.day, s.currency, s.customer_id
            HAVING SUM(s.orders) > 0 OR SUM(s.gross - s.discount - s.returned) <> 0
            """,  # noqa: S608  constants
            has_many_rows=True,
        ),
        Fact(
            "order_refund_day",
            "day, currency, order_id, cash_minor",
            "SELECT s.day, s.currency, s.order_id, s.cash FROM build_order s WHERE s.cash <> 0",
        ),
        Fact(
            "fact_segment_day",
            "day, currency, segment, key, gross_minor, discount_minor, returns_minor, net_minor, orders, units",
            f"""
            SELECT k.day, k.currency, k.segment, k.key, k.gross, k.discount, k.returned,
                k.gross - k.discount - k.returned, k.orders, k.units
            FROM ({SEGMENTS}) k
            WHERE k.gross <> 0 OR k.discount <> 0 OR k.returned <> 0 OR k.orders <> 0 OR k.units <> 0
            """,  # noqa: S608  constants
        ),
        Fact(
            "fact_day",
            "day, currency, gross_minor, discount_minor, returns_minor, net_minor, shipping_minor, tax_minor, "
            "total_minor, refunds_cash_minor, orders, units, net_units, new_customers, cohort_refunded_orders",
            f"""
            SELECT s.day, s.currency, s.gross, s.discount, s.returned, s.gross - s.discount - s.returned, s.shipping,
                s.tax, s.gross - s.discount - s.returned + s.shipping + s.tax, s.cash, s.orders, s.units, s.net_units,
                COALESCE(n.customers, 0), s.given_back
            FROM (
                SELECT s.day, s.currency, {total("s.gross")} AS gross, {total("s.discount")} AS discount,
                    {total("s.returned")} AS returned, {total("s.shipping")} AS shipping, {total("s.tax")} AS tax,
                    {total("s.cash")} AS cash, SUM(s.orders) AS orders, SUM(s.units) AS units,
                    SUM(s.net_units) AS net_units,
                    SUM(CASE WHEN s.orders > 0 AND (
                        SELECT SUM(r.returns_minor - r.shipping_minor - r.tax_minor) FROM orders_salesentry r
                        WHERE r.order_id = s.order_id AND r.refund_id IS NOT NULL
                    ) > 0 THEN s.orders ELSE 0 END) AS given_back
                FROM build_order s
                GROUP BY s.day, s.currency
            ) s LEFT JOIN (
                SELECT e.day, e.currency, COUNT(*) AS customers FROM customer_first e
                WHERE {{which}}
                GROUP BY e.day, e.currency
            ) n ON n.day = s.day AND n.currency = s.currency
            """,  # noqa: S608  constants
        ),
    )
}
MEASURES = (
    "gross_minor, discount_minor, returns_minor, net_minor, shipping_minor, tax_minor, total_minor, "
    "refunds_cash_minor, orders, units, net_units, new_customers, cohort_refunded_orders"
)
FILL_WITH_ZEROS = f"""
    INSERT INTO fact_day (day, currency, {MEASURES})
    SELECT e.day, c.currency, {", ".join("0" for _ in MEASURES.split(","))}
    FROM day_state e CROSS JOIN (SELECT DISTINCT currency FROM fact_day) c
    WHERE {{which}} AND NOT EXISTS (SELECT 1 FROM fact_day f WHERE f.day = e.day AND f.currency = c.currency)
"""  # noqa: S608  constants


def begin_gathering(days: DaySet) -> None:
    """Read the ledger of these days into a new `build_order`."""
    forget_temporary("build_order")
    days.run(make_temporary("build_order", ORDERS))
    _analyse()


def gather(days: DaySet) -> None:
    """Read the ledger of more days into `build_order`."""
    days.run(f"INSERT INTO build_order {ORDERS}")
    _analyse()


def _analyse() -> None:
    """Tell the planner of PostgreSQL what has been gathered."""
    if connection.vendor == "postgresql":
        run("ANALYZE build_order")
