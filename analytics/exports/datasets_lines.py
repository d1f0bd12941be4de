"""What lies behind the sales figures row by row: the lines of orders, refunds, and the movements of stock."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import CURRENCY, SOLD, Column, Dataset, money_columns, number_columns, register

ORDER_NUMBER = Column("order_number", Kind.TEXT, "the number that people quote", is_code=True)
ORDER_ID = Column("order_id", Kind.NUMBER, "the key of the order")
COUNTRY = Column("country", Kind.TEXT, "where the goods went")

ORDER_LINES = register(
    Dataset(
        name="order_lines",
        title="Lines of orders",
        summary="Lines of orders sold in the window, with what the ledger holds of each to date.",
        columns=(
            ORDER_NUMBER,
            ORDER_ID,
            Column("line_id", Kind.NUMBER, "the key of the line"),
            Column("position", Kind.NUMBER, "its place in the order"),
            Column("paid_at", Kind.MOMENT, "when it was sold"),
            Column("business_day", Kind.DAY, "the day of the sale in the store's time zone"),
            COUNTRY,
            Column("customer_id", Kind.NUMBER, "the key of the customer"),
            Column("product_id", Kind.NUMBER, "the key of the product"),
            Column("sku", Kind.TEXT, "the SKU as it was sold"),
            Column("product", Kind.TEXT, "the name as it was sold"),
            Column("variant", Kind.TEXT, "the variant as it was sold; empty for a product with one"),
            CURRENCY,
            *number_columns(
                units="units sold",
                net_units="units sold less units named in refunds",
                units_shipped="units sent so far",
                units_restocked="units that came back on the shelf",
                tax_rate_bps="the rate of tax in basis points; empty if it is not known",
            ),
            *money_columns(
                gross_sales="quantity x list price, ex tax",
                discounts="its own discount and its share of the order's, ex tax",
                returns="refunded goods ex tax to date",
                net_sales="gross sales - discounts - returns",
                tax="tax less refunded tax",
                cost="cost of what stayed sold; empty if it is not known",
                margin="net sales - cost; empty if the cost is not known",
            ),
        ),
        rows=f"""
            SELECT 'PL-' || CAST(10000 + s.order_id AS TEXT) AS order_number, s.order_id, s.line_id, l.position,
                s.at AS paid_at, s.day AS business_day, o.country, o.customer_id, v.product_id, l.sku,
                l.name AS product, l.variant_name AS variant, s.currency, s.units,
                s.units + COALESCE(x.units, 0) AS net_units, l.quantity_fulfilled AS units_shipped,
                l.quantity_restocked AS units_restocked, l.tax_rate_bps, s.gross_minor AS gross_sales_minor,
                s.discount_minor AS discounts_minor, COALESCE(x.returns, 0) AS returns_minor,
                s.gross_minor - s.discount_minor - COALESCE(x.returns, 0) AS net_sales_minor,
                s.tax_minor + COALESCE(x.tax, 0) AS tax_minor, s.cost_minor + COALESCE(x.cost, 0) AS cost_minor,
                s.gross_minor - s.discount_minor - COALESCE(x.returns, 0) - s.cost_minor - COALESCE(x.cost, 0)
                    AS margin_minor
            FROM orders_salesentry s JOIN orders_orderline l ON l.id = s.line_id
            JOIN orders_order o ON o.id = s.order_id JOIN products_variant v ON v.id = l.variant_id
            LEFT JOIN (
                SELECT b.line_id, CAST(SUM(b.units) AS BIGINT) AS units,
                    CAST(SUM(b.returns_minor) AS BIGINT) AS returns,
                    CAST(SUM(b.tax_minor) AS BIGINT) AS tax, CAST(SUM(b.cost_minor) AS BIGINT) AS cost
                FROM orders_salesentry b WHERE b.refund_id IS NOT NULL AND b.line_id IS NOT NULL GROUP BY b.line_id
            ) x ON x.line_id = s.line_id
            WHERE {SOLD.replace("'sale'", "'line'")}
        """,  # noqa: S608  declared in code
        order_by="r.order_id, r.position",
    )
)

REFUNDS = register(
    Dataset(
        name="refunds",
        title="Refunds",
        summary=(
            "Refunds of orders as the ledger holds them: each on the day on which it counts, and once more with the "
            "opposite sign if it failed afterwards. They add up to returns and refunded money."
        ),
        columns=(
            Column("refund_id", Kind.NUMBER, "the key of the refund"),
            Column("entry", Kind.TEXT, "refund, or refund_reversal: it failed afterwards", is_code=True),
            Column("at", Kind.MOMENT, "when Stripe made it, or when it failed"),
            Column("business_day", Kind.DAY, "that day in the store's time zone"),
            ORDER_NUMBER,
            ORDER_ID,
            Column("sold_on", Kind.DAY, "the day of the sale"),
            COUNTRY,
            Column("source", Kind.TEXT, "staff, automatic or external", is_code=True),
            Column("reason", Kind.TEXT, "why, in the words of whoever made it"),
            Column("stripe_refund", Kind.TEXT, "Stripe's id of the refund; empty if it was made elsewhere"),
            CURRENCY,
            *number_columns(units="units that it names"),
            *money_columns(
                returns="goods ex tax",
                shipping="delivery ex tax",
                tax="tax of both",
                refunds_cash="goods + delivery + tax: what went back",
            ),
        ),
        rows="""
            SELECT x.refund_id, x.kind AS entry, x.at, x.business_day,
                'PL-' || CAST(10000 + x.order_id AS TEXT) AS order_number, x.order_id, s.day AS sold_on, o.country,
                f.source, f.reason, f.stripe_refund_id AS stripe_refund, x.currency, x.units, x.returns_minor,
                x.shipping_minor, x.tax_minor, x.returns_minor + x.shipping_minor + x.tax_minor AS refunds_cash_minor
            FROM (
                SELECT b.refund_id, b.kind, b.order_id, b.currency, MIN(b.at) AS at, MIN(b.day) AS business_day,
                    CAST(-SUM(b.units) AS BIGINT) AS units, CAST(SUM(b.returns_minor) AS BIGINT) AS returns_minor,
                    CAST(-SUM(b.shipping_minor) AS BIGINT) AS shipping_minor,
                    CAST(-SUM(b.tax_minor) AS BIGINT) AS tax_minor
                FROM orders_salesentry b
                WHERE b.refund_id IS NOT NULL AND b.day BETWEEN %(start)s AND %(end)s AND b.currency = %(currency)s
                GROUP BY b.refund_id, b.kind, b.order_id, b.currency
            ) x JOIN orders_order o ON o.id = x.order_id
            JOIN orders_salesentry s ON s.order_id = x.order_id AND s.kind = 'sale'
            LEFT JOIN payments_refund f ON f.id = x.refund_id
        """,
        order_by="r.at, r.refund_id, r.entry",
    )
)

STOCK_MOVEMENTS = register(
    Dataset(
        name="stock_movements",
        title="Movements of stock",
        summary="Every change of a count in the window, of whatever currency the product is sold in.",
        columns=(
            Column("movement_id", Kind.NUMBER, "the key of the movement"),
            Column("at", Kind.MOMENT, "when it happened"),
            Column("business_day", Kind.DAY, "that day in the store's time zone"),
            Column("sku", Kind.TEXT, "the SKU now"),
            Column("product_id", Kind.NUMBER, "the key of the product"),
            Column("product", Kind.TEXT, "the name of the product now"),
            Column("kind", Kind.TEXT, "received, sold, returned, adjusted or damaged", is_code=True),
            Column("delta", Kind.NUMBER, "units that came, or with a minus went"),
            Column("source_type", Kind.TEXT, "what moved it"),
            Column("source_id", Kind.TEXT, "the key of that"),
            Column("reason", Kind.TEXT, "why, in the words of whoever counted"),
            Column("actor_id", Kind.NUMBER, "the key of whoever moved it; empty for a sale and an import"),
        ),
        rows="""
            SELECT m.id AS movement_id, m.at, <day of m.at> AS business_day, v.sku, v.product_id, p.name AS product,
                m.kind, m.delta, m.source_type, m.source_id, m.reason, m.actor_id
            FROM products_stockmovement m JOIN products_stockitem i ON i.id = m.stock_item_id
            JOIN products_variant v ON v.id = i.variant_id JOIN products_product p ON p.id = v.product_id
            WHERE m.at >= %(start_at)s AND m.at < %(end_at)s
        """,
        order_by="r.at, r.movement_id",
    )
)
