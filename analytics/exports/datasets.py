"""What can be exported: each dataset with its columns, and the rows they are read from.

`rows` is a query with the parameters `%(start)s`, `%(end)s` (days, both included), `%(start_at)s`, `%(end_at)s` (the
instants between which they lie, half-open), `%(zone)s` (the store's) and `%(currency)s`, in the words of
`analytics.rows.dialects`. Its columns are those declared here, as the database holds them.
`docs/contracts/kpi_contract.json` locks the headers. Rooms above register their own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from analytics.exports.csv_text import Cell, Kind
from analytics.figures.windows import Window


@dataclass(frozen=True)
class Column:
    """One column: its header, what it holds and means. A personal one is left out for whoever may not export it.

    `is_code` says of a text that we made every value ourselves, so that none of them can be taken for a formula,
    `is_additive` of a number that its rows may be added up: a customer who buys on two days is not two.
    """

    name: str
    kind: Kind
    meaning: str
    is_personal: bool = False
    source: str = ""
    is_code: bool = False
    is_additive: bool = True

    @property
    def expression(self) -> str:
        """The column of `rows` that it is made of."""
        return self.source or self.name

    @property
    def adds_up(self) -> bool:
        """Whether the sum over rows means something: amounts and counts, no keys, rates or places."""
        is_number = self.kind in (Kind.MINOR, Kind.MONEY, Kind.NUMBER)
        return is_number and self.is_additive and not self.name.endswith(("_id", "_bps", "position", "build"))


class Shelf(StrEnum):
    """Where a dataset is offered: among the reports that people read, or among the tables of a warehouse."""

    REPORTS = "Reports"
    STAR = "Star schema"


@dataclass(frozen=True)
class Dataset:
    """A file that staff may download. Its rows are read with one statement, or `make` yields them, all columns of each.

    `sweep`, if there is one, selects what `rows` does in one pass over everything, in the order of an index: quicker
    for a window that holds most of it, and the first row does not wait for the last. `order_by` is over the columns of
    either, there named `r`. `permission` is what somebody needs besides the one for exports. `by_month` names the
    column of days that rows come in the order of, if a warehouse takes them a month at a time.
    """

    name: str
    title: str
    summary: str
    columns: tuple[Column, ...]
    rows: str = ""
    sweep: str = ""
    order_by: str = ""
    make: Callable[[Window, str], Iterable[Sequence[Cell]]] | None = None
    permission: str = ""
    by_month: str = ""
    shelf: Shelf = Shelf.REPORTS

    def columns_for(self, *, with_personal: bool) -> list[Column]:
        """Return the columns that somebody gets."""
        return [column for column in self.columns if with_personal or not column.is_personal]


DATASETS: dict[str, Dataset] = {}


def register(dataset: Dataset) -> Dataset:
    """Offer a dataset on the page of exports."""
    if DATASETS.get(dataset.name, dataset) != dataset:
        raise ValueError(f"there are two datasets named {dataset.name}")
    DATASETS[dataset.name] = dataset
    return dataset


def money_columns(**meanings: str) -> Iterable[Column]:
    """Declare amounts, each in minor units and as a decimal."""
    for name, meaning in meanings.items():
        yield Column(f"{name}_minor", Kind.MINOR, meaning)
        yield Column(name, Kind.MONEY, "the same as a decimal", source=f"{name}_minor")


def number_columns(**meanings: str) -> Iterable[Column]:
    """Declare counts and keys."""
    return (Column(name, Kind.NUMBER, meaning) for name, meaning in meanings.items())


def text_columns(**meanings: str) -> Iterable[Column]:
    """Declare text."""
    return (Column(name, Kind.TEXT, meaning) for name, meaning in meanings.items())


EMAIL = Column("email", Kind.TEXT, "the address, as it was given", is_personal=True)
NAME = Column("name", Kind.TEXT, "the name", is_personal=True)
CURRENCY = Column("currency", Kind.TEXT, "of every amount in the row", is_code=True)

# What the ledger holds of each order of `e`; a refund's entries are those that name one.
SUMS_OF_AN_ORDER = """
    COALESCE(SUM(x.units) FILTER (WHERE x.refund_id IS NULL), 0) AS units, SUM(x.units) AS net_units,
    CAST(SUM(x.gross_minor) AS BIGINT) AS gross_sales_minor,
    CAST(SUM(x.discount_minor) AS BIGINT) AS discounts_minor,
    CAST(SUM(x.returns_minor) AS BIGINT) AS returns_minor,
    CAST(SUM(x.shipping_minor) AS BIGINT) AS shipping_minor,
    CAST(SUM(x.tax_minor) AS BIGINT) AS tax_minor,
    CAST(COALESCE(SUM(x.returns_minor - x.shipping_minor - x.tax_minor) FILTER (WHERE x.refund_id IS NOT NULL), 0)
        AS BIGINT) AS refunds_cash_minor
"""
ORDERS_OF = """
    SELECT 'PL-' || CAST(10000 + e.order_id AS TEXT) AS order_number, e.order_id, o.placed_at, o.paid_at,
        e.business_day, o.status, o.country, o.currency, o.customer_id, o.email, c.name, o.discount_code,
        e.units, e.net_units, e.gross_sales_minor, e.discounts_minor, e.returns_minor,
        e.gross_sales_minor - e.discounts_minor - e.returns_minor AS net_sales_minor,
        e.shipping_minor, e.tax_minor,
        e.gross_sales_minor - e.discounts_minor - e.returns_minor + e.shipping_minor + e.tax_minor
            AS total_sales_minor,
        e.refunds_cash_minor
    FROM ({}) e JOIN orders_order o ON o.id = e.order_id LEFT JOIN accounts_customer c ON c.id = o.customer_id
"""
SOLD = "s.kind = 'sale' AND s.day BETWEEN %(start)s AND %(end)s AND s.currency = %(currency)s"

# A sweep asks for a count that is not zero: of such a condition PostgreSQL expects that most orders meet it, and so
# joins them in order, where after a BETWEEN it would look each of a million up.
ORDERS = register(
    Dataset(
        name="orders",
        title="Orders",
        summary="Orders sold in the window, as they were placed, with what the ledger holds of each to date.",
        columns=(
            Column("order_number", Kind.TEXT, "the number that people quote", is_code=True),
            Column("order_id", Kind.NUMBER, "the key of the order"),
            Column("placed_at", Kind.MOMENT, "when it was placed"),
            Column("paid_at", Kind.MOMENT, "when it was sold"),
            Column("business_day", Kind.DAY, "the day of the sale in the store's time zone"),
            Column("status", Kind.TEXT, "paid, fulfilled or canceled", is_code=True),
            Column("country", Kind.TEXT, "where it goes"),
            CURRENCY,
            Column("customer_id", Kind.NUMBER, "the key of the customer"),
            EMAIL,
            NAME,
            Column("discount_code", Kind.TEXT, "the code that was used"),
            *number_columns(units="units sold", net_units="units sold less units named in refunds"),
            *money_columns(
                gross_sales="gross sales",
                discounts="discounts",
                returns="refunded goods ex tax to date, whenever they were refunded",
                net_sales="gross sales - discounts - returns",
                shipping="delivery less refunded delivery, ex tax",
                tax="tax less refunded tax",
                total_sales="net sales + delivery + tax",
                refunds_cash="money given back to date",
            ),
        ),
        rows=ORDERS_OF.format(f"""
            SELECT s.order_id, MIN(s.day) AS business_day, {SUMS_OF_AN_ORDER}
            FROM orders_salesentry s JOIN orders_salesentry x ON x.order_id = s.order_id
            WHERE {SOLD} GROUP BY s.order_id
        """),  # noqa: S608  declared in code
        sweep=ORDERS_OF.format(f"""
            SELECT x.order_id, MIN(x.day) FILTER (WHERE x.kind = 'sale') AS business_day, {SUMS_OF_AN_ORDER}
            FROM orders_salesentry x WHERE x.currency = %(currency)s GROUP BY x.order_id
            HAVING COUNT(*) FILTER (WHERE x.kind = 'sale' AND x.day BETWEEN %(start)s AND %(end)s) <> 0
        """),  # noqa: S608  declared in code
        order_by="r.order_id",
    )
)

PRODUCTS = register(
    Dataset(
        name="products",
        title="Products",
        summary="What each product came to in the window; refunds stand on their own day.",
        columns=(
            Column("product_id", Kind.NUMBER, "the key of the product"),
            *text_columns(product="its name now", sku="the SKU of its first variant", category="its category now"),
            CURRENCY,
            *number_columns(units="units sold", net_units="units sold less units named in refunds"),
            *money_columns(
                gross_sales="gross sales",
                discounts="discounts",
                returns="refunded goods ex tax",
                net_sales="gross sales - discounts - returns",
                margin="net - cost of the lines whose cost is known; empty if none is",
            ),
        ),
        rows="""
            SELECT p.id AS product_id, p.name AS product,
                (SELECT v.sku FROM products_variant v WHERE v.product_id = p.id
                    ORDER BY v.position, v.id LIMIT 1) AS sku,
                g.name AS category, f.currency, f.units, f.net_units, f.gross_sales_minor, f.discounts_minor,
                f.returns_minor, f.net_sales_minor, f.margin_minor
            FROM (
                SELECT d.product_id, d.currency, SUM(d.units) AS units, SUM(d.net_units) AS net_units,
                    CAST(SUM(d.gross_minor) AS BIGINT) AS gross_sales_minor,
                    CAST(SUM(d.discount_minor) AS BIGINT) AS discounts_minor,
                    CAST(SUM(d.returns_minor) AS BIGINT) AS returns_minor,
                    CAST(SUM(d.net_minor) AS BIGINT) AS net_sales_minor,
                    CASE WHEN SUM(d.costed_entries) > 0
                        THEN CAST(SUM(d.costed_net_minor - d.cost_minor) AS BIGINT) END AS margin_minor
                FROM fact_product_day d
                WHERE d.day BETWEEN %(start)s AND %(end)s AND d.currency = %(currency)s
                GROUP BY d.product_id, d.currency
            ) f JOIN products_product p ON p.id = f.product_id LEFT JOIN products_category g ON g.id = p.category_id
        """,
        order_by="r.net_sales_minor DESC, r.product_id",
    )
)

CUSTOMERS = register(
    Dataset(
        name="customers",
        title="Customers",
        summary="What each customer bought and gave back in the window, refunds on their own day.",
        columns=(
            Column("customer_id", Kind.NUMBER, "the key of the customer"),
            EMAIL,
            NAME,
            CURRENCY,
            Column("first_sale_day", Kind.DAY, "the day of the first sale ever in this currency"),
            Column("last_sale_day", Kind.DAY, "the day of the last sale in the window; empty if there is none"),
            *number_columns(orders="orders in the window", units="units sold", net_units="less units named in refunds"),
            *money_columns(
                gross_sales="gross sales",
                discounts="discounts",
                returns="refunded goods ex tax",
                net_sales="gross sales - discounts - returns",
            ),
        ),
        rows="""
            SELECT c.id AS customer_id, c.email_canonical AS email, c.name, e.currency, f.day AS first_sale_day,
                e.last_sale_day, e.orders, e.units, e.net_units, e.gross_sales_minor, e.discounts_minor,
                e.returns_minor, e.gross_sales_minor - e.discounts_minor - e.returns_minor AS net_sales_minor
            FROM (
                SELECT o.customer_id, x.currency, MAX(CASE WHEN x.kind = 'sale' THEN x.day END) AS last_sale_day,
                    SUM(CASE WHEN x.kind = 'sale' THEN 1 ELSE 0 END) AS orders,
                    SUM(CASE WHEN x.refund_id IS NULL THEN x.units ELSE 0 END) AS units, SUM(x.units) AS net_units,
                    CAST(SUM(x.gross_minor) AS BIGINT) AS gross_sales_minor,
                    CAST(SUM(x.discount_minor) AS BIGINT) AS discounts_minor,
                    CAST(SUM(x.returns_minor) AS BIGINT) AS returns_minor
                FROM orders_salesentry x JOIN orders_order o ON o.id = x.order_id
                WHERE x.day BETWEEN %(start)s AND %(end)s AND x.currency = %(currency)s
                GROUP BY o.customer_id, x.currency
            ) e JOIN accounts_customer c ON c.id = e.customer_id
            LEFT JOIN customer_first f ON f.customer_id = e.customer_id AND f.currency = e.currency
        """,
        order_by="r.customer_id",
    )
)
