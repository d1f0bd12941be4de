"""Rows of people: customers with their orders and their first day, cohorts, and what they wished for."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import CURRENCY, Column
from analytics.rows.sales_rows import BUYER, EMAIL, ENTRIES, HOLDING, LEDGER, ORDER_CELLS, money
from analytics.rows.sources import ORDER_NUMBER, Source, settled

# The first sale of a customer `{0}`: in the currency, or in any where all are looked at.
FIRST_SALE = (
    "(SELECT MIN(x.day) FROM orders_salesentry x JOIN orders_order y ON y.id = x.order_id "  # noqa: S608  declared in code
    "WHERE y.customer_id = {} AND x.kind = 'sale' AND <currency x.currency> AND " + settled("x", LEDGER) + ")"
)
PERSON = (
    BUYER,
    EMAIL,
    Column("name", Kind.TEXT, "the name of the customer", is_personal=True),
)

CUSTOMERS = Source(
    name="customers",
    one="customer",
    many="customers",
    columns=(
        *PERSON,
        Column("first_sale_on", Kind.DAY, "the day of the first sale ever, in this currency"),
        Column("orders", Kind.NUMBER, "orders bought in these days"),
        Column("first_order_number", Kind.TEXT, "the first of them"),
        Column("last_order_number", Kind.TEXT, "the last of them"),
        Column("last_sale_on", Kind.DAY, "the day of the last one in these days"),
        Column("is_new", Kind.NUMBER, "1 if the first sale lies in these days, 0 if before them"),
    ),
    rows=f"""
        SELECT b.customer_id, c.email_canonical AS email, c.name, b.first_sale_on, b.orders,
            b.first_order AS first_order_id, b.last_order AS last_order_id,
            {ORDER_NUMBER.format("b.first_order")} AS first_order_number,
            {ORDER_NUMBER.format("b.last_order")} AS last_order_number, b.last_sale_on,
            CASE WHEN b.first_sale_on < %(start)s THEN 0 ELSE 1 END AS is_new, 0 AS waiting
        FROM (
            SELECT o.customer_id, COUNT(*) AS orders, MIN(e.order_id) AS first_order, MAX(e.order_id) AS last_order,
                MAX(e.day) AS last_sale_on, {FIRST_SALE.format("o.customer_id")} AS first_sale_on
            FROM orders_salesentry e JOIN orders_order o ON o.id = e.order_id
            WHERE e.kind = 'sale' AND e.day BETWEEN %(start)s AND %(end)s AND <currency e.currency> AND <cells>
                AND {settled("e", LEDGER)}
            GROUP BY o.customer_id
        ) b JOIN accounts_customer c ON c.id = b.customer_id
    """,  # noqa: S608  declared in code
    order_by="r.first_sale_on, r.customer_id",
    cells={**ORDER_CELLS, **HOLDING},
    refers={"customer_id": "customer", "first_order_number": "first_order", "last_order_number": "last_order"},
    arrivals=ENTRIES,
    shown=(
        "customer_id",
        "email",
        "first_sale_on",
        "orders",
        "first_order_number",
        "last_order_number",
        "last_sale_on",
    ),
)

# What `cohort` and `month` ask for: `%(cohort_from)s` and the like are days, by default those of the window.
IN_MONTH = "e.day BETWEEN %(month_from)s AND %(month_to)s"
MEMBERS = f"""
    FROM orders_salesentry e JOIN orders_order o ON o.id = e.order_id
    WHERE o.customer_id IN (
        SELECT y.customer_id FROM orders_salesentry x JOIN orders_order y ON y.id = x.order_id
        WHERE x.kind = 'sale' AND x.day BETWEEN %(cohort_from)s AND %(cohort_to)s AND <currency x.currency>
    ) AND e.day <= %(end)s AND <currency e.currency> AND {settled("e", LEDGER)}
    GROUP BY o.customer_id
    HAVING MIN(CASE WHEN e.kind = 'sale' THEN e.day END) BETWEEN %(cohort_from)s AND %(cohort_to)s
"""  # noqa: S608  constants
MEMBER = f"""
    o.customer_id, MIN(CASE WHEN e.kind = 'sale' THEN e.day END) AS first_sale_on,
    SUM(CASE WHEN e.kind = 'sale' AND {IN_MONTH} THEN 1 ELSE 0 END) AS orders
"""
COHORT = (
    *PERSON,
    Column("cohort", Kind.TEXT, "the month of the first sale ever, in this currency"),
    Column("first_sale_on", Kind.DAY, "its day"),
)
COHORT_CELLS = {"cohort": "true", "month": "true"}  # they are days in the query itself

MEMBERS_ACTIVE = Source(
    name="members",
    one="customer",
    many="customers",
    columns=(*COHORT, Column("orders", Kind.NUMBER, "orders bought in the month asked for, or by the end of the days")),
    rows=f"""
        SELECT b.customer_id, c.email_canonical AS email, c.name, substr(CAST(b.first_sale_on AS TEXT), 1, 7) AS cohort,
            b.first_sale_on, b.orders, 0 AS waiting
        FROM (SELECT {MEMBER} {MEMBERS}) b JOIN accounts_customer c ON c.id = b.customer_id WHERE <cells>
    """,  # noqa: S608  constants
    order_by="r.first_sale_on, r.customer_id",
    cells=COHORT_CELLS,
    refers={"customer_id": "customer"},
    arrivals=ENTRIES,
    shown=("customer_id", "email", "cohort", "first_sale_on", "orders"),
)
MEMBERS_VALUE = Source(
    name="members",
    one="customer",
    many="customers",
    columns=(
        *COHORT,
        Column("orders", Kind.NUMBER, "orders bought by the end of these days, or in the month asked for"),
        CURRENCY,
        *money(net_sales="net sales in the same days, refunds on their own day"),
    ),
    rows=f"""
        SELECT b.customer_id, c.email_canonical AS email, c.name, substr(CAST(b.first_sale_on AS TEXT), 1, 7) AS cohort,
            b.first_sale_on, b.orders, CAST(%(currency)s AS TEXT) AS currency, b.net_sales_minor, 0 AS waiting
        FROM (
            SELECT {MEMBER}, CAST(SUM(CASE WHEN {IN_MONTH} THEN e.gross_minor - e.discount_minor - e.returns_minor
                ELSE 0 END) AS BIGINT) AS net_sales_minor {MEMBERS}
        ) b JOIN accounts_customer c ON c.id = b.customer_id WHERE <cells>
    """,  # noqa: S608  constants
    order_by="r.first_sale_on, r.customer_id",
    cells=COHORT_CELLS,
    refers={"customer_id": "customer"},
    arrivals=ENTRIES,
    shown=("customer_id", "email", "cohort", "first_sale_on", "orders"),
)

# Of each customer one wish stands for all: one that led to a sale, the earliest, before one that did not.
BOUGHT = """
    (SELECT MIN(e.order_id) FROM orders_salesentry e JOIN orders_order o ON o.id = e.order_id
        JOIN orders_orderline l ON l.id = e.line_id JOIN products_variant v ON v.id = l.variant_id
        WHERE e.kind = 'line' AND o.customer_id = w.customer_id AND v.product_id = w.product_id
            AND e.at >= w.at AND e.at <= <days later w.at 30> AND <currency e.currency>)
"""

WISHES = Source(
    name="wishes",
    one="wish",
    many="wishes",
    columns=(
        Column("wish_id", Kind.NUMBER, "the key of the wish"),
        Column("business_day", Kind.DAY, "its day in the store's time zone"),
        Column("at", Kind.MOMENT, "when it was made"),
        *PERSON,
        Column("product_id", Kind.NUMBER, "the key of the product"),
        Column("product", Kind.TEXT, "its name now"),
        Column("order_number", Kind.TEXT, "the order in which that customer bought it in time; empty if there is none"),
        Column("bought", Kind.NUMBER, "1 if there is one, else 0"),
        Column("counts", Kind.NUMBER, "1 for the wish that stands for its customer, else 0"),
    ),
    rows=f"""
        SELECT q.wish_id, q.business_day, q.at, q.customer_id, q.email, q.name, q.product_id, q.product,
            {ORDER_NUMBER.format("q.bought_in")} AS order_number, q.bought_in AS order_id,
            CASE WHEN q.bought_in IS NULL THEN 0 ELSE 1 END AS bought, q.waiting,
            CASE WHEN ROW_NUMBER() OVER (PARTITION BY q.customer_id
                ORDER BY CASE WHEN q.bought_in IS NULL THEN 1 ELSE 0 END, q.at, q.wish_id) = 1
                THEN 1 ELSE 0 END AS counts
        FROM (
            SELECT w.id AS wish_id, w.day AS business_day, w.at, w.customer_id, c.email_canonical AS email, c.name,
                w.product_id, p.name AS product, {BOUGHT} AS bought_in, 0 AS waiting
            FROM wishlist_wishevent w JOIN accounts_customer c ON c.id = w.customer_id
                JOIN products_product p ON p.id = w.product_id
            WHERE w.kind = 'wish' AND w.day BETWEEN %(start)s AND %(end)s AND <cells>
        ) q
    """,  # noqa: S608  constants
    order_by="r.at, r.wish_id",
    cells={"product": "w.product_id = %(product)s"},
    refers={"order_number": "order", "customer_id": "customer"},
    shown=("wish_id", "at", "customer_id", "email", "product", "order_number"),
)
