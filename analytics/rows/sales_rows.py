"""Rows of sales: entries of the ledger, and the orders behind them."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import CURRENCY, Column
from analytics.rows.sources import ORDER_NUMBER, Source, settled, waiting

LEDGER = "sales_entry"
CATEGORY_OF = (
    "(SELECT COALESCE(g.slug, '') FROM products_product p LEFT JOIN products_category g ON g.id = p.category_id "
    "WHERE p.id = {})"
)
# Of an order: `o` is the order, `e` an entry of the ledger of it.
SOLD_ON = "(SELECT s.day FROM orders_salesentry s WHERE s.order_id = o.id AND s.kind = 'sale')"
FIRST_DAY = "(SELECT f.day FROM customer_first f WHERE f.customer_id = o.customer_id AND f.currency = e.currency)"
ORDER_CELLS = {
    "country": "o.country = %(country)s",
    "code": "o.discount_code = %(code)s",
    "customer": f"CASE WHEN {FIRST_DAY} < {SOLD_ON} THEN 'existing' ELSE 'new' END = %(customer)s",
}


def _holds(condition: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM orders_orderline k JOIN products_variant v ON v.id = k.variant_id "  # noqa: S608  declared in code
        f"WHERE k.order_id = o.id AND {condition})"
    )


IS_PRODUCT, IS_CATEGORY = "v.product_id = %(product)s", f"{CATEGORY_OF.format('v.product_id')} = %(category)s"
HOLDING = {
    "product": _holds(IS_PRODUCT),
    "category": _holds(IS_CATEGORY),
    "variant": _holds("v.id = %(variant)s"),
}
BUYER = Column("customer_id", Kind.NUMBER, "the key of the customer")
EMAIL = Column("email", Kind.TEXT, "the address of the customer", is_personal=True)
ORDER = (
    Column("order_number", Kind.TEXT, "the number of the order"),
    Column("order_id", Kind.NUMBER, "the key of the order"),
)


def minor(name: str, meaning: str) -> Column:
    """Declare an amount in minor units."""
    return Column(f"{name}_minor", Kind.MINOR, meaning)


def money(**meanings: str) -> list[Column]:
    """Declare amounts, each in minor units and as a decimal."""
    pairs = [
        (minor(name, meaning), Column(name, Kind.MONEY, "the same as a decimal", source=f"{name}_minor"))
        for name, meaning in meanings.items()
    ]
    return [column for pair in pairs for column in pair]


NET = "e.gross_minor - e.discount_minor - e.returns_minor"

ENTRIES = Source(
    name="entries",
    one="entry of the ledger",
    many="entries of the ledger",
    columns=(
        Column("entry_id", Kind.NUMBER, "the key of the entry"),
        Column("business_day", Kind.DAY, "the day of the sale or of the refund in the store's time zone"),
        Column("at", Kind.MOMENT, "when it was sold or refunded"),
        Column("kind", Kind.TEXT, "sale, line, shipping, tax, refund or refund_reversal (one that failed afterwards)"),
        *ORDER,
        Column("refund_id", Kind.NUMBER, "the key of the refund; empty for a sale"),
        Column("sku", Kind.TEXT, "the SKU of the line"),
        Column("product", Kind.TEXT, "the name of what was bought, as it was then"),
        Column("product_id", Kind.NUMBER, "the key of the product"),
        Column("country", Kind.TEXT, "where it goes"),
        Column("discount_code", Kind.TEXT, "the code that was used"),
        BUYER,
        CURRENCY,
        *money(
            gross="quantity x list price, ex tax",
            discount="discounts, ex tax",
            returns="refunded goods, ex tax; negative for a refund that failed afterwards",
            net="gross - discount - returns",
            shipping="delivery, ex tax; negative for a refund",
            tax="tax; negative for a refund",
            total="net + delivery + tax",
        ),
        Column("units", Kind.NUMBER, "units sold; negative for units named in a refund"),
        minor("cost", "what the units cost; empty if it is not known"),
    ),
    rows=f"""
        SELECT e.id AS entry_id, e.day AS business_day, e.at, e.kind, e.order_id, e.refund_id,
            {ORDER_NUMBER.format("e.order_id")} AS order_number, l.sku, l.name AS product, v.product_id,
            o.country, o.discount_code, o.customer_id, e.currency, e.gross_minor, e.discount_minor, e.returns_minor,
            {NET} AS net_minor, e.shipping_minor, e.tax_minor, {NET} + e.shipping_minor + e.tax_minor AS total_minor,
            e.units, e.cost_minor,
            {waiting("e", LEDGER)} AS waiting
        FROM orders_salesentry e JOIN orders_order o ON o.id = e.order_id
            LEFT JOIN orders_orderline l ON l.id = e.line_id LEFT JOIN products_variant v ON v.id = l.variant_id
        WHERE e.day BETWEEN %(start)s AND %(end)s AND <currency e.currency> AND <cells>
    """,  # noqa: S608  declared in code
    order_by="r.at, r.entry_id",
    cells={
        **ORDER_CELLS,
        "product": f"({IS_PRODUCT} OR (e.kind = 'sale' AND {HOLDING['product']}))",
        "category": f"({IS_CATEGORY} OR (e.kind = 'sale' AND {HOLDING['category']}))",
        "variant": f"(v.id = %(variant)s OR (e.kind = 'sale' AND {HOLDING['variant']}))",
    },
    refers={"order_number": "order", "customer_id": "customer"},
    dirty=LEDGER,
    key="entry_id",
    shown=("entry_id", "business_day", "order_number", "kind", "product"),
)

CASH = "x.returns_minor - x.shipping_minor - x.tax_minor"

ORDERS = Source(
    name="orders",
    one="order",
    many="orders",
    columns=(
        *ORDER,
        Column("sold_on", Kind.DAY, "the day of the sale in the store's time zone"),
        Column("sold_at", Kind.MOMENT, "when it was sold"),
        Column("sold_in_window", Kind.NUMBER, "1 if that lies in these days, else 0"),
        Column("status", Kind.TEXT, "paid, fulfilled or canceled"),
        Column("country", Kind.TEXT, "where it goes"),
        Column("discount_code", Kind.TEXT, "the code that was used"),
        BUYER,
        EMAIL,
        CURRENCY,
        *money(
            refunded="money given back in these days, less refunds that failed",
            refunded_to_date="the same by the time of the build, whenever it was",
        ),
    ),
    rows=f"""
        SELECT {ORDER_NUMBER.format("o.id")} AS order_number, o.id AS order_id, s.day AS sold_on, s.at AS sold_at,
            w.sold AS sold_in_window, o.status, o.country, o.discount_code, o.customer_id, o.email, o.currency,
            w.refunded_minor, (
                SELECT COALESCE(CAST(SUM({CASH}) AS BIGINT), 0) FROM orders_salesentry x
                WHERE x.order_id = o.id AND x.refund_id IS NOT NULL AND {settled("x", LEDGER, "s.day")}
            ) AS refunded_to_date_minor, 0 AS waiting
        FROM (
            SELECT e.order_id, MAX(CASE WHEN e.kind = 'sale' THEN 1 ELSE 0 END) AS sold,
                CAST(SUM(CASE WHEN e.refund_id IS NULL THEN 0
                    ELSE e.returns_minor - e.shipping_minor - e.tax_minor END) AS BIGINT) AS refunded_minor
            FROM orders_salesentry e JOIN orders_order o ON o.id = e.order_id
            WHERE e.day BETWEEN %(start)s AND %(end)s AND <currency e.currency> AND <cells> AND {settled("e", LEDGER)}
            GROUP BY e.order_id
        ) w JOIN orders_order o ON o.id = w.order_id
            JOIN orders_salesentry s ON s.order_id = w.order_id AND s.kind = 'sale'
    """,  # noqa: S608  declared in code
    order_by="r.sold_at, r.order_id",
    cells={**ORDER_CELLS, **HOLDING},
    refers={"order_number": "order", "customer_id": "customer"},
    arrivals=ENTRIES,
    shown=("order_number", "sold_on", "status", "country", "refunded_minor", "refunded_to_date_minor"),
)
