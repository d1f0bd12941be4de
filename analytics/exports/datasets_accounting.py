"""What an accountant exports: tax by country, rate and month, and the journal in double entry.

Both read the sales ledger, so they hold every sale, imported ones too, and add up to the figures of the same days.
"""

from analytics.exports.accounts import ACCOUNTS, Account
from analytics.exports.csv_text import Kind
from analytics.exports.datasets import CURRENCY, Column, Dataset, money_columns, number_columns, register, text_columns

# A line is taxed at its own rate and delivery at that of its order; an imported order may know neither.
RATE = "CASE WHEN s.line_id IS NOT NULL THEN l.tax_rate_bps ELSE o.shipping_tax_rate_bps END"

TAX_REPORT = register(
    Dataset(
        name="tax_report",
        title="Tax report",
        summary=(
            "Sales and their tax by month, country and rate, refunds in the month in which they were made. A month "
            "that the window only touches holds the days inside it."
        ),
        columns=(
            Column("month", Kind.TEXT, "the month of the sale or of the refund, in the store's time zone"),
            Column("country", Kind.TEXT, "where the goods went; empty if an imported order does not say"),
            Column("rate_bps", Kind.NUMBER, "the rate in basis points; empty if it is not known"),
            Column("rate", Kind.PERCENT, "the rate in percent; empty if it is not known"),
            CURRENCY,
            *money_columns(
                sales_net="goods less discounts and delivery, ex tax",
                sales_tax="the tax on it",
                refunds_net="goods and delivery given back, ex tax, less refunds that failed",
                refunds_tax="the tax on it",
                net="sales - refunds, ex tax",
                tax="tax on sales - tax on refunds: what is owed",
                total="net + tax",
            ),
            *number_columns(entries="entries of the sales ledger behind the row"),
        ),
        rows=f"""
            SELECT t.month, t.country, t.rate_bps,
                CAST(t.rate_bps / 100 AS TEXT) || '.' || substr(CAST(t.rate_bps %% 100 + 100 AS TEXT), 2) AS rate,
                t.currency, t.sales_net_minor, t.sales_tax_minor, t.refunds_net_minor, t.refunds_tax_minor,
                t.sales_net_minor - t.refunds_net_minor AS net_minor,
                t.sales_tax_minor - t.refunds_tax_minor AS tax_minor,
                t.sales_net_minor - t.refunds_net_minor + t.sales_tax_minor - t.refunds_tax_minor AS total_minor,
                t.entries
            FROM (
                SELECT e.month, e.country, e.rate_bps, e.currency, COUNT(*) AS entries,
                    CAST(SUM(CASE WHEN e.is_refund = 0 THEN e.net ELSE 0 END) AS BIGINT) AS sales_net_minor,
                    CAST(SUM(CASE WHEN e.is_refund = 0 THEN e.tax ELSE 0 END) AS BIGINT) AS sales_tax_minor,
                    CAST(SUM(CASE WHEN e.is_refund = 1 THEN -e.net ELSE 0 END) AS BIGINT) AS refunds_net_minor,
                    CAST(SUM(CASE WHEN e.is_refund = 1 THEN -e.tax ELSE 0 END) AS BIGINT) AS refunds_tax_minor
                FROM (
                    SELECT substr(CAST(s.day AS TEXT), 1, 7) AS month, o.country, {RATE} AS rate_bps, s.currency,
                        CASE WHEN s.refund_id IS NULL THEN 0 ELSE 1 END AS is_refund,
                        s.gross_minor - s.discount_minor - s.returns_minor + s.shipping_minor AS net,
                        s.tax_minor AS tax
                    FROM orders_salesentry s JOIN orders_order o ON o.id = s.order_id
                    LEFT JOIN orders_orderline l ON l.id = s.line_id
                    WHERE s.kind <> 'sale' AND s.day BETWEEN %(start)s AND %(end)s AND s.currency = %(currency)s
                ) e
                GROUP BY e.month, e.country, e.rate_bps, e.currency
            ) t
        """,  # noqa: S608  declared in code
        order_by="r.month, r.country, COALESCE(r.rate_bps, -1)",
    )
)


def _in_account(account: Account) -> str:
    conditions = {
        "": "",
        "stripe": " AND s.tender IN ('stripe', 'free')",
        "elsewhere": " AND s.tender NOT IN ('stripe', 'free')",
    }
    return f"WHEN a.code = '{account.code}'{conditions[account.tender]} THEN {account.amount}"


AMOUNT = "CASE " + " ".join(_in_account(account) for account in ACCOUNTS) + " ELSE 0 END"
CHART = " UNION ALL ".join(
    f"SELECT CAST('{account.code}' AS TEXT) AS code, CAST('{account.name}' AS TEXT) AS name" for account in ACCOUNTS
)

JOURNAL = register(
    Dataset(
        name="journal",
        title="Journal",
        summary=(
            "Every entry of the sales ledger in double entry, for the accountant: the debits of an entry are its "
            "credits. Accounts: " + ", ".join(f"{account.code} {account.name}" for account in ACCOUNTS) + "."
        ),
        columns=(
            Column("date", Kind.DAY, "the business day of the sale or of the refund"),
            Column("entry", Kind.TEXT, "what is booked together: a sale, a refund, or one that failed afterwards"),
            Column("entry_id", Kind.NUMBER, "the key of the entry of the sales ledger"),
            *text_columns(account="the account's code", account_name="its name"),
            *money_columns(debit="the amount, if it is a debit", credit="the amount, if it is a credit"),
            CURRENCY,
            *text_columns(
                order_number="the order",
                document="the invoice or credit note; empty for an order that was invoiced elsewhere",
                description="what the entry is of",
                country="where the goods went",
            ),
            *number_columns(rate_bps="the rate of tax in basis points; empty if it is not known"),
        ),
        rows=f"""
            SELECT j.date, j.entry, j.entry_id, j.account, j.account_name, j.currency, j.order_number,
                j.document, j.description, j.country, j.rate_bps,
                CASE WHEN j.amount > 0 THEN j.amount END AS debit_minor,
                CASE WHEN j.amount < 0 THEN -j.amount END AS credit_minor
            FROM (
                SELECT s.day AS date, s.id AS entry_id, a.code AS account, a.name AS account_name, s.currency,
                    s.country, s.rate_bps, s.description,
                    'PL-' || CAST(10000 + s.order_id AS TEXT) AS order_number,
                    CASE WHEN s.refund_id IS NULL THEN 'sale-' || CAST(s.order_id AS TEXT)
                        WHEN s.kind = 'refund' THEN 'refund-' || CAST(s.refund_id AS TEXT)
                        ELSE 'refund-failed-' || CAST(s.refund_id AS TEXT) END AS entry,
                    CASE WHEN s.document_kind = 'invoice' THEN 'INV-' ELSE 'CN-' END
                        || CASE WHEN s.document_number < 1000000
                            THEN substr(CAST(s.document_number + 1000000 AS TEXT), 2)
                            ELSE CAST(s.document_number AS TEXT) END AS document,
                    {AMOUNT} AS amount
                FROM (
                    SELECT s.id, s.day, s.kind, s.order_id, s.refund_id, s.currency, s.gross_minor, s.discount_minor,
                        s.returns_minor, s.shipping_minor, s.tax_minor, o.country, {RATE} AS rate_bps,
                        COALESCE(p.tender, 'imported') AS tender, i.kind AS document_kind, i.number AS document_number,
                        COALESCE(l.sku || ' ' || l.name, CASE WHEN s.kind = 'tax' THEN 'Tax' ELSE 'Delivery' END)
                            AS description
                    FROM orders_salesentry s JOIN orders_order o ON o.id = s.order_id
                    LEFT JOIN orders_orderline l ON l.id = s.line_id
                    LEFT JOIN payments_payment p ON p.order_id = s.order_id AND p.disposition = 'applied'
                    LEFT JOIN orders_invoice i ON i.order_id = s.order_id AND (
                        (s.refund_id IS NULL AND i.kind = 'invoice')
                        OR (s.kind = 'refund' AND i.refund_id = s.refund_id AND i.total_minor >= 0)
                        OR (s.kind = 'refund_reversal' AND i.refund_id = s.refund_id AND i.total_minor < 0)
                    )
                    WHERE s.kind <> 'sale' AND s.day BETWEEN %(start)s AND %(end)s AND s.currency = %(currency)s
                ) s
                CROSS JOIN ({CHART}) a
            ) j
            WHERE j.amount <> 0
        """,  # noqa: S608  declared in code
        order_by="r.date, r.entry_id, r.account",
    )
)
