"""What a reconciliation exports: payments as the shop knows them, and the movements of the Stripe balance."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import CURRENCY, Column, Dataset, money_columns, register, text_columns

ORDER_NUMBER = "CASE WHEN {0} IS NOT NULL THEN 'PL-' || CAST(10000 + {0} AS TEXT) END"

PAYMENTS = register(
    Dataset(
        name="payments",
        title="Payments",
        summary="Payments that took money in the window, surplus and imported ones too, with what went back to date.",
        columns=(
            Column("payment_id", Kind.NUMBER, "the key of the payment"),
            Column("order_number", Kind.TEXT, "the order that it was made for"),
            Column("succeeded_at", Kind.MOMENT, "when the money was taken"),
            Column("business_day", Kind.DAY, "that day in the store's time zone, of the sale or of Stripe's booking"),
            *text_columns(
                tender="stripe, imported or free",
                disposition="applied: it paid for the order; surplus; auto_refunded: a surplus that went back",
            ),
            CURRENCY,
            *money_columns(
                captured="what was taken",
                refunded="refunds of it that succeeded, to date",
                left="the rest",
            ),
            *text_columns(
                stripe_payment_intent="Stripe's id of the intent",
                stripe_charge="Stripe's id of the charge",
                stripe_balance_transaction="Stripe's id of the movement that booked it; empty if there is none",
                card_brand="the brand of the card",
            ),
        ),
        rows="""
            SELECT p.id AS payment_id, 'PL-' || CAST(10000 + p.order_id AS TEXT) AS order_number, p.succeeded_at,
                COALESCE(s.day, t.day) AS business_day, p.tender, p.disposition, p.currency,
                p.captured_minor, COALESCE(f.refunded, 0) AS refunded_minor,
                p.captured_minor - COALESCE(f.refunded, 0) AS left_minor,
                p.stripe_intent_id AS stripe_payment_intent, p.stripe_charge_id AS stripe_charge,
                t.stripe_id AS stripe_balance_transaction, p.card_brand
            FROM payments_payment p
            LEFT JOIN orders_salesentry s ON s.order_id = p.order_id AND s.kind = 'sale' AND p.disposition = 'applied'
            LEFT JOIN (
                SELECT MIN(b.id) AS id, b.source_id FROM payments_balancetransaction b
                WHERE b.reporting_category = 'charge' AND b.source_id <> '' GROUP BY b.source_id
            ) c ON c.source_id = p.stripe_charge_id
            LEFT JOIN payments_balancetransaction t ON t.id = c.id
            LEFT JOIN (
                SELECT r.payment_id, CAST(SUM(r.amount_minor) AS BIGINT) AS refunded FROM payments_refund r
                WHERE r.status = 'succeeded' GROUP BY r.payment_id
            ) f ON f.payment_id = p.id
            WHERE p.status = 'succeeded' AND p.currency = %(currency)s
                AND p.succeeded_at >= %(start_at)s AND p.succeeded_at < %(end_at)s
        """,
        order_by="r.succeeded_at, r.payment_id",
    )
)

BALANCE_TRANSACTIONS = register(
    Dataset(
        name="balance_transactions",
        title="Movements of the Stripe balance",
        summary="Charges with their fees, refunds, disputes, fees and payouts in the window, imported ones too.",
        columns=(
            Column("balance_transaction", Kind.TEXT, "Stripe's id of the movement"),
            Column("at", Kind.MOMENT, "when Stripe booked it"),
            Column("business_day", Kind.DAY, "that day in the store's time zone"),
            Column("available_at", Kind.MOMENT, "from when on it can be paid out; empty for imported history"),
            *text_columns(
                reporting_category="what it is for the books: charge, refund, dispute, fee, payout ...",
                type="Stripe's type of it",
            ),
            CURRENCY,
            *money_columns(
                amount="gross, signed: what comes in is positive",
                fee="what Stripe kept of it",
                net="amount - fee: what the balance changed by",
            ),
            *text_columns(
                source="Stripe's id of the charge, refund, dispute or payout",
                order_number="the order behind it; empty if there is none",
                payout="Stripe's id of the payout that it is part of; empty as long as there is none",
                is_imported="yes for what came with the history of another shop",
            ),
        ),
        rows=f"""
            SELECT b.id AS row_id, b.stripe_id AS balance_transaction, b.at, b.day AS business_day,
                b.available_on AS available_at, b.reporting_category, b.type, b.currency,
                b.amount_minor, b.fee_minor, b.net_minor, b.source_id AS source,
                {ORDER_NUMBER.format("COALESCE(p.order_id, q.order_id, e.order_id)")} AS order_number,
                o.stripe_id AS payout, CASE WHEN b.is_imported THEN 'yes' ELSE 'no' END AS is_imported
            FROM payments_balancetransaction b
            LEFT JOIN payments_payment p ON p.stripe_charge_id = b.source_id
            LEFT JOIN payments_refund r ON r.stripe_refund_id = b.source_id
            LEFT JOIN payments_payment q ON q.id = r.payment_id
            LEFT JOIN payments_dispute d ON d.stripe_dispute_id = b.source_id
            LEFT JOIN payments_payment e ON e.id = d.payment_id
            LEFT JOIN payments_payoutitem i ON i.balance_transaction_id = b.id
            LEFT JOIN payments_payout o ON o.id = i.payout_id
            WHERE b.day BETWEEN %(start)s AND %(end)s AND b.currency = %(currency)s
        """,  # noqa: S608  declared in code
        order_by="r.at, r.row_id",
    )
)
