"""Rows of payments: tries to pay by intent and one by one, disputes beside the charges, Stripe's books and payouts."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import CURRENCY, Column
from analytics.rows.sales_rows import LEDGER, money
from analytics.rows.sources import ORDER_NUMBER, Source, settled, waiting

ORDER_OF = f"CASE WHEN {{0}} IS NOT NULL THEN {ORDER_NUMBER.format('{0}')} END"
NUMBER = Column("order_number", Kind.TEXT, "the order that was to be paid; empty if it is not known")
OURS = "(o.id IS NULL OR NOT o.is_test) AND (p.id IS NULL OR p.tender <> 'stripe' OR p.livemode = %(live)s)"
CONFIRMED = f"""
    payments_paymentattempt a LEFT JOIN payments_payment p ON p.id = a.payment_id
        LEFT JOIN orders_order o ON o.id = p.order_id
    WHERE a.outcome <> 'unconfirmed' AND {OURS}
"""
ATTEMPT, DISPUTE, MOVEMENT, PAYOUT = "payment_attempt", "dispute", "balance_transaction", "payout"

ATTEMPTS = Source(
    name="attempts",
    one="attempt",
    many="attempts",
    columns=(
        Column("attempt_id", Kind.NUMBER, "the key of the attempt"),
        Column("at", Kind.MOMENT, "when it was made"),
        Column("stripe_payment_intent", Kind.TEXT, "Stripe's id of the payment that was tried"),
        Column("outcome", Kind.TEXT, "failed, requires_action or succeeded"),
        Column("reason", Kind.TEXT, "Stripe's word for why it failed"),
        NUMBER,
        CURRENCY,
        *money(amount="what was to be paid"),
    ),
    rows=f"""
        SELECT a.id AS attempt_id, a.at, a.stripe_intent_id AS stripe_payment_intent, a.outcome, a.code AS reason,
            {ORDER_OF.format("p.order_id")} AS order_number, p.order_id, a.currency, a.amount_minor,
            {waiting("a", ATTEMPT, "<day of a.at>")} AS waiting
        FROM {CONFIRMED} AND a.at >= %(start_at)s AND a.at < %(end_at)s AND <currency a.currency> AND <cells>
    """,  # noqa: S608  constants
    order_by="r.at, r.attempt_id",
    cells={"reason": "a.outcome = 'failed' AND a.code = %(reason)s"},
    refers={"order_number": "order"},
    dirty=ATTEMPT,
    key="attempt_id",
    shown=("attempt_id", "at", "stripe_payment_intent", "order_number", "outcome", "reason", "amount_minor"),
)

LAST_REASON = """
    (SELECT b.code FROM payments_paymentattempt b
        WHERE b.stripe_intent_id = i.stripe_intent_id AND b.outcome NOT IN ('unconfirmed', 'succeeded')
        ORDER BY b.at DESC, b.id DESC LIMIT 1)
"""

INTENTS = Source(
    name="intents",
    one="payment",
    many="payments",
    columns=(
        Column("stripe_payment_intent", Kind.TEXT, "Stripe's id of the payment"),
        Column("first_confirmed_at", Kind.MOMENT, "when somebody first confirmed it"),
        Column("attempts", Kind.NUMBER, "how often it was tried, to date"),
        Column("succeeded", Kind.NUMBER, "1 if it has succeeded by the time of the build, else 0"),
        Column("reason", Kind.TEXT, "Stripe's word for why the last attempt that did not succeed failed"),
        NUMBER,
        CURRENCY,
        *money(amount="what was to be paid"),
    ),
    rows=f"""
        SELECT i.stripe_intent_id AS stripe_payment_intent, i.at AS first_confirmed_at, i.attempts, i.succeeded,
            {LAST_REASON} AS reason, {ORDER_OF.format("i.order_id")} AS order_number, i.order_id, i.currency,
            i.amount_minor, 0 AS waiting
        FROM (
            SELECT a.stripe_intent_id, MIN(a.currency) AS currency, MIN(a.at) AS at, COUNT(*) AS attempts,
                MAX(CASE WHEN a.outcome = 'succeeded' THEN 1 ELSE 0 END) AS succeeded, MAX(p.order_id) AS order_id,
                MAX(a.amount_minor) AS amount_minor
            FROM {CONFIRMED} AND a.stripe_intent_id IN (
                SELECT t.stripe_intent_id FROM payments_paymentattempt t
                WHERE t.at >= %(start_at)s AND t.at < %(end_at)s AND t.outcome <> 'unconfirmed'
            ) AND {settled("a", ATTEMPT, "<day of a.at>")}
            GROUP BY a.stripe_intent_id
        ) i
        WHERE i.at >= %(start_at)s AND i.at < %(end_at)s AND <currency i.currency> AND <cells>
    """,  # noqa: S608  constants
    order_by="r.first_confirmed_at, r.stripe_payment_intent",
    cells={"reason": f"i.succeeded = 0 AND {LAST_REASON} = %(reason)s"},
    refers={"order_number": "order"},
    arrivals=ATTEMPTS,
    shown=("stripe_payment_intent", "first_confirmed_at", "order_number", "attempts", "reason", "amount_minor"),
)

# A charge is marked by its sale; one that its order did not need, by itself.
CHARGED_SINCE = f"""CASE WHEN {settled("p", "payment", "<day of p.succeeded_at>")} AND NOT EXISTS (
    SELECT 1 FROM orders_salesentry s JOIN core_dirtyday m ON m.source_type = '{LEDGER}' AND m.source_id = s.id
        AND m.day = s.day
    WHERE s.order_id = p.order_id AND s.kind = 'sale'
) THEN 0 ELSE 1 END"""  # noqa: S608  declared in code

DISPUTES = Source(
    name="disputes",
    one="dispute or payment",
    many="disputes and payments",
    columns=(
        Column("kind", Kind.TEXT, "dispute, or payment"),
        Column("row_id", Kind.NUMBER, "its key"),
        Column("at", Kind.MOMENT, "when the dispute was opened, or the money taken"),
        Column("reason", Kind.TEXT, "why the bank wants the money back"),
        NUMBER,
        CURRENCY,
        *money(amount="what is disputed, or was paid"),
    ),
    rows=f"""
        SELECT d.kind, d.row_id, d.at, d.reason, {ORDER_OF.format("d.order_id")} AS order_number, d.order_id,
            d.currency, d.amount_minor, d.waiting, CASE WHEN d.kind = 'dispute' THEN d.row_id END AS dispute_id
        FROM (
            SELECT 'dispute' AS kind, t.id AS row_id, t.opened_at AS at, t.reason, p.order_id, t.currency,
                t.amount_minor, {waiting("t", DISPUTE, "t.opened_day")} AS waiting
            FROM payments_dispute t LEFT JOIN payments_payment p ON p.id = t.payment_id
                LEFT JOIN orders_order o ON o.id = p.order_id
            WHERE NOT t.is_inquiry AND t.opened_day BETWEEN %(start)s AND %(end)s AND <currency t.currency>
                AND (o.id IS NULL OR NOT o.is_test) AND (p.tender <> 'stripe' OR t.livemode = %(live)s)
            UNION ALL
            SELECT 'payment', p.id, p.succeeded_at, '', p.order_id, p.currency, p.captured_minor, {CHARGED_SINCE}
            FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
            WHERE p.captured_minor > 0 AND p.tender <> 'free' AND p.succeeded_at >= %(start_at)s
                AND p.succeeded_at < %(end_at)s AND <currency p.currency> AND {OURS}
        ) d WHERE <cells>
    """,  # noqa: S608  constants
    order_by="r.kind, r.at, r.row_id",
    cells={"reason": "d.kind = 'dispute' AND d.reason = %(reason)s"},
    refers={"order_number": "order", "row_id": "dispute"},
    dirty=DISPUTE,
    shown=("row_id", "kind", "at", "order_number", "reason", "amount_minor"),
)

MOVEMENTS = Source(
    name="movements",
    one="movement of the balance",
    many="movements of the balance",
    columns=(
        Column("balance_transaction", Kind.TEXT, "Stripe's id of the movement"),
        Column("business_day", Kind.DAY, "the day of the booking in the store's time zone"),
        Column("at", Kind.MOMENT, "when Stripe booked it"),
        Column("reporting_category", Kind.TEXT, "what it is for the books: charge, refund, dispute, fee, payout ..."),
        Column("source", Kind.TEXT, "Stripe's id of the charge, refund, dispute or payout"),
        NUMBER,
        CURRENCY,
        *money(
            amount="gross, signed: what comes in is positive",
            fee="what Stripe kept of it",
            net="amount - fee",
        ),
    ),
    rows=f"""
        SELECT b.stripe_id AS balance_transaction, b.id AS row_id, b.day AS business_day, b.at, b.reporting_category,
            b.source_id AS source, {ORDER_OF.format("COALESCE(p.order_id, q.order_id, s.order_id)")} AS order_number,
            COALESCE(p.order_id, q.order_id, s.order_id) AS order_id, b.currency, b.amount_minor, b.fee_minor,
            b.net_minor, {waiting("b", MOVEMENT)} AS waiting
        FROM payments_balancetransaction b
            LEFT JOIN payments_payment p ON p.stripe_charge_id = b.source_id
            LEFT JOIN payments_refund r ON r.stripe_refund_id = b.source_id
            LEFT JOIN payments_payment q ON q.id = r.payment_id
            LEFT JOIN payments_dispute d ON d.stripe_dispute_id = b.source_id
            LEFT JOIN payments_payment s ON s.id = d.payment_id
        WHERE b.day BETWEEN %(start)s AND %(end)s AND <currency b.currency> AND <cells>
    """,  # noqa: S608  constants
    order_by="r.at, r.row_id",
    refers={"order_number": "order", "balance_transaction": "movement"},
    dirty=MOVEMENT,
    key="row_id",
    shown=(
        "balance_transaction",
        "business_day",
        "reporting_category",
        "order_number",
        "amount_minor",
        "fee_minor",
        "net_minor",
    ),
)

PAYOUTS = Source(
    name="payouts",
    one="payout",
    many="payouts",
    columns=(
        Column("payout", Kind.TEXT, "Stripe's id of the payout"),
        Column("payout_id", Kind.NUMBER, "its key"),
        Column("arrives_on", Kind.DAY, "when it arrives at the bank"),
        Column("status", Kind.TEXT, "paid, failed, or Stripe's own word for what is under way"),
        CURRENCY,
        *money(amount="what is paid out; negative for money that the bank account had to give"),
    ),
    rows=f"""
        SELECT o.stripe_id AS payout, o.id AS payout_id, o.arrives_on, o.status, o.currency, o.amount_minor,
            {waiting("o", PAYOUT, "o.arrives_on")} AS waiting
        FROM payments_payout o
        WHERE o.arrives_on BETWEEN %(start)s AND %(end)s AND <currency o.currency> AND <cells>
    """,  # noqa: S608  constants
    order_by="r.arrives_on, r.payout_id",
    refers={"payout": "payout"},
    dirty=PAYOUT,
    key="payout_id",
    shown=("payout", "arrives_on", "status"),
)
