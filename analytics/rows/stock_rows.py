"""Rows of stock: each variant on each of the last 30 days, with what it sold and whether there was any to sell."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column
from analytics.rows.sources import Source

# What the count stood at after each movement, going back from the count of now.
MOVES = """
    SELECT m.stock_item_id, m.delta, <day of m.at> AS day, m.delta + i.on_hand
        - SUM(m.delta) OVER (PARTITION BY m.stock_item_id ORDER BY m.at DESC, m.id DESC) AS standing
    FROM products_stockmovement m JOIN products_stockitem i ON i.id = m.stock_item_id
    WHERE i.tracked AND m.at >= %(pace_start_at)s
"""

VARIANT_DAYS = Source(
    name="variant_days",
    one="day of a variant",
    many="days of variants",
    columns=(
        Column("variant_id", Kind.NUMBER, "the key of the variant"),
        Column("sku", Kind.TEXT, "its SKU"),
        Column("product", Kind.TEXT, "the name of the product"),
        Column("available", Kind.NUMBER, "what can still be sold now, beyond what is there where that is allowed"),
        Column("business_day", Kind.DAY, "one of the last 30 days"),
        Column("opening", Kind.NUMBER, "on hand when the day began"),
        Column("highest", Kind.NUMBER, "the most that was on hand after a movement on that day; empty without one"),
        Column("in_stock", Kind.NUMBER, "1 if there was anything to sell at some time of the day, else 0"),
        Column("units", Kind.NUMBER, "units sold on that day"),
    ),
    rows=f"""
        WITH RECURSIVE days(day) AS (
            SELECT %(pace_from)s UNION ALL SELECT <next day days.day> FROM days WHERE days.day < %(today)s
        ), moves AS ({MOVES}), sold AS (
            SELECT l.variant_id, e.day, SUM(e.units) AS units FROM orders_salesentry e
                JOIN orders_orderline l ON l.id = e.line_id
            WHERE e.kind = 'line' AND e.day BETWEEN %(pace_from)s AND %(today)s GROUP BY l.variant_id, e.day
        )
        SELECT q.*, CASE WHEN q.opening > 0 OR q.highest > 0 THEN 1 ELSE 0 END AS in_stock FROM (
            SELECT v.id AS variant_id, v.sku, p.name AS product, s.on_hand - s.reserved + s.backorder_cap AS available,
                d.day AS business_day, s.on_hand - COALESCE(
                    (SELECT SUM(m.delta) FROM moves m WHERE m.stock_item_id = s.id AND m.day >= d.day), 0
                ) AS opening,
                (SELECT MAX(m.standing) FROM moves m WHERE m.stock_item_id = s.id AND m.day = d.day) AS highest,
                COALESCE(t.units, 0) AS units, 0 AS waiting
            FROM products_stockitem s JOIN products_variant v ON v.id = s.variant_id
                JOIN products_product p ON p.id = v.product_id CROSS JOIN days d
                LEFT JOIN sold t ON t.variant_id = v.id AND t.day = d.day
            WHERE s.tracked AND <cells>
        ) q
    """,  # noqa: S608  declared in code
    order_by="r.sku, r.variant_id, r.business_day",
    cells={"variant": "v.id = %(variant)s", "product": "v.product_id = %(product)s"},
    refers={"sku": "stock"},
    shown=("sku", "product", "business_day", "opening", "highest"),
)
