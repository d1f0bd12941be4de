"""The star schema for a warehouse: two tables of facts that hold every row of the books, and what they point to.

People are in it under a pseudonym: a digest of their key with a secret of this installation, the same in every file,
that nobody can turn back without the secret. No address and no name is in any of these tables.
"""

from collections.abc import Iterator

from analytics.exports.csv_text import Cell, Kind
from analytics.exports.datasets import CURRENCY, Column, Dataset, Shelf, number_columns, register, text_columns
from analytics.figures.windows import Window

CUSTOMER_KEY = Column("customer_key", Kind.TEXT, "the pseudonym of the customer", is_code=True)
WEEKEND = 6


def date_rows(window: Window, _currency: str) -> Iterator[list[Cell]]:
    """Yield the days of a window with what people group them by; weeks and weekdays are those of ISO 8601."""
    for day in window:
        year, week, weekday = day.isocalendar()
        quarter = (day.month + 2) // 3
        yield [day, day.year, quarter, day.month, f"{day:%Y-%m}", year, week, weekday, int(weekday >= WEEKEND)]


DIM_DATE = register(
    Dataset(
        name="dim_date",
        title="Days",
        summary="Every day of the window, for joining with the day of a fact.",
        columns=(
            Column("day", Kind.DAY, "the day"),
            *number_columns(year="its year", quarter="1 to 4", month_number="1 to 12"),
            Column("month", Kind.TEXT, "year and month, like 2026-06", is_code=True),
            *number_columns(
                week_year="the year that its week belongs to",
                week="the week, 1 to 53",
                weekday="1 for Monday to 7 for Sunday",
                is_weekend="1 for Saturday and Sunday, else 0",
            ),
        ),
        make=date_rows,
        shelf=Shelf.STAR,
    )
)

DIM_PRODUCT = register(
    Dataset(
        name="dim_product",
        title="Variants of products",
        summary="Every variant that is or was sold, as it is called now, whatever the window.",
        columns=(
            *number_columns(variant_id="the key of the variant", product_id="the key of its product"),
            *text_columns(
                sku="its SKU", product="the name of the product", variant="its own; empty if it is the only one"
            ),
            *text_columns(category="the category of the product", status="draft, active or archived"),
        ),
        rows="""
            SELECT v.id AS variant_id, p.id AS product_id, v.sku, p.name AS product, v.name AS variant,
                g.name AS category, p.status
            FROM products_variant v JOIN products_product p ON p.id = v.product_id
            LEFT JOIN products_category g ON g.id = p.category_id
        """,
        order_by="r.variant_id",
        shelf=Shelf.STAR,
    )
)

DIM_CUSTOMER = register(
    Dataset(
        name="dim_customer",
        title="Customers under a pseudonym",
        summary="Whoever bought in this currency by the end of the window, without address and name.",
        columns=(
            CUSTOMER_KEY,
            Column("first_sale_day", Kind.DAY, "the day of the first sale in this currency"),
            Column("cohort", Kind.TEXT, "the month of that, like 2026-06", is_code=True),
        ),
        rows="""
            SELECT <pseudonym f.customer_id> AS customer_key, f.day AS first_sale_day,
                substr(CAST(f.day AS TEXT), 1, 7) AS cohort, f.customer_id
            FROM customer_first f WHERE f.currency = %(currency)s AND f.day <= %(end)s
        """,
        order_by="r.first_sale_day, r.customer_id",
        shelf=Shelf.STAR,
    )
)

FCT_ENTRY = register(
    Dataset(
        name="fct_entry",
        title="Entries of the sales ledger",
        summary="Every entry of the window: each sales figure is a sum over these rows.",
        columns=(
            Column("entry_id", Kind.NUMBER, "the key of the entry"),
            Column("day", Kind.DAY, "the business day"),
            Column("at", Kind.MOMENT, "the moment of the sale or of the refund"),
            Column("kind", Kind.TEXT, "sale, line, shipping, tax, refund or refund_reversal", is_code=True),
            *number_columns(
                order_id="the key of the order",
                line_id="the key of its line; empty for what belongs to no line",
                refund_id="the key of the refund; empty for a sale",
                product_id="the key of the product; empty for what belongs to no line",
                variant_id="the key of the variant",
            ),
            CUSTOMER_KEY,
            *text_columns(country="where the goods went", discount_code="the code that was used"),
            CURRENCY,
            Column("gross_minor", Kind.MINOR, "quantity x list price, ex tax"),
            Column("discount_minor", Kind.MINOR, "discounts, ex tax"),
            Column("returns_minor", Kind.MINOR, "refunded goods ex tax; negative if the refund failed afterwards"),
            Column("net_minor", Kind.MINOR, "gross - discount - returns"),
            Column("shipping_minor", Kind.MINOR, "delivery, ex tax; negative if refunded"),
            Column("tax_minor", Kind.MINOR, "tax; negative if refunded"),
            Column("units", Kind.NUMBER, "units; negative if a refund names them"),
            Column("cost_minor", Kind.MINOR, "what the goods cost; empty if that is not known"),
        ),
        rows="""
            SELECT s.id AS entry_id, s.day, s.at, s.kind, s.order_id, s.line_id, s.refund_id, v.product_id,
                l.variant_id, <pseudonym o.customer_id> AS customer_key, o.country, o.discount_code, s.currency,
                s.gross_minor, s.discount_minor, s.returns_minor,
                s.gross_minor - s.discount_minor - s.returns_minor AS net_minor,
                s.shipping_minor, s.tax_minor, s.units, s.cost_minor
            FROM orders_salesentry s JOIN orders_order o ON o.id = s.order_id
            LEFT JOIN orders_orderline l ON l.id = s.line_id LEFT JOIN products_variant v ON v.id = l.variant_id
            WHERE s.day BETWEEN %(start)s AND %(end)s AND s.currency = %(currency)s
        """,
        order_by="r.day, r.entry_id",
        by_month="day",
        shelf=Shelf.STAR,
    )
)

FCT_BALANCE_TXN = register(
    Dataset(
        name="fct_balance_txn",
        title="Movements of the Stripe balance, as facts",
        summary="Every movement of the window, imported ones too, with Stripe's own words for it.",
        columns=(
            Column("balance_transaction", Kind.TEXT, "Stripe's id of the movement"),
            Column("day", Kind.DAY, "the business day"),
            Column("at", Kind.MOMENT, "when Stripe booked it"),
            Column("available_at", Kind.MOMENT, "from when on it can be paid out; empty for imported history"),
            *text_columns(reporting_category="what it is for the books", type="Stripe's type of it"),
            CURRENCY,
            Column("amount_minor", Kind.MINOR, "gross, signed: what comes in is positive"),
            Column("fee_minor", Kind.MINOR, "what Stripe kept of it"),
            Column("net_minor", Kind.MINOR, "amount - fee"),
            *text_columns(source="Stripe's id of the charge, refund, dispute or payout"),
        ),
        rows="""
            SELECT b.id AS row_id, b.stripe_id AS balance_transaction, b.day, b.at, b.available_on AS available_at,
                b.reporting_category, b.type, b.currency, b.amount_minor, b.fee_minor, b.net_minor,
                b.source_id AS source
            FROM payments_balancetransaction b
            WHERE b.day BETWEEN %(start)s AND %(end)s AND b.currency = %(currency)s
        """,
        order_by="r.day, r.row_id",
        by_month="day",
        shelf=Shelf.STAR,
    )
)
