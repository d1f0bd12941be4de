"""A million orders in a minute or two: trade written by the database itself, in sets, each row as the shop writes it.

The shop must have a catalogue. The ledger is what `orders.ledger` makes of the same orders: a test compares them.
"""

from datetime import UTC, datetime

import psycopg

LINES_EACH = "1 + (ARRAY[0, 1, 1, 2, 1, 3, 2, 1, 3, 1])[1 + (o.id %% 10)]"  # 2.5 on average
RATE_BPS = 2000

STEPS = {
    "customers": """
        INSERT INTO accounts_customer (email_canonical, name, created_at)
        SELECT 'buyer-' || %(mark)s || '-' || n || '@example.com', 'Buyer ' || n, %(start)s
        FROM generate_series(1, %(orders)s * 2 / 5 + 1) n
    """,
    "what is drawn for each order": """
        CREATE TEMP TABLE drawn AS
        SELECT row_number() OVER (ORDER BY placed_at) AS n, placed_at, chance FROM (
            SELECT %(start)s + (%(end)s - %(start)s) * random() AS placed_at, random() AS chance
            FROM generate_series(1, %(orders)s)
        ) d
    """,
    "orders": """
        CREATE TEMP TABLE sold AS
        SELECT nextval(pg_get_serial_sequence('orders_order', 'id')) AS id, d.*,
            d.placed_at + INTERVAL '3 minutes' AS paid_at,
            p.low + floor(random() * (1 + d.n * 0.4))::bigint AS customer_id,
            (ARRAY['GB', 'GB', 'GB', 'GB', 'GB', 'GB', 'IE', 'FR', 'DE', 'NL'])[1 + floor(random() * 10)::int]
                AS country,
            CASE WHEN d.chance < 0.1 THEN 'WELCOME10' WHEN d.chance < 0.15 THEN 'SPRING' ELSE '' END AS code,
            CASE WHEN random() < 0.7 THEN 395 ELSE 0 END AS shipping,
            d.chance > 0.95 AND d.placed_at < %(end)s - INTERVAL '5 days' AS is_refunded,
            d.placed_at < %(end)s - INTERVAL '2 days' AS is_sent
        FROM (SELECT * FROM drawn ORDER BY n) d CROSS JOIN (
            SELECT MIN(id) AS low FROM accounts_customer WHERE email_canonical LIKE 'buyer-' || %(mark)s || '-%%'
        ) p
    """,
    "lines": """
        CREATE TEMP TABLE bought AS
        SELECT b.*, b.units * b.price AS listed,
            CASE WHEN b.has_code THEN (b.units * b.price + 5) / 10 ELSE 0 END AS discount
        FROM (
            SELECT nextval(pg_get_serial_sequence('orders_orderline', 'id')) AS id, o.id AS order_id, o.paid_at,
                place, o.code <> '' AS has_code, o.is_refunded AND place = 1 AS is_refunded, o.is_sent,
                1 + (o.id + place) %% 2 AS units, v.id AS variant_id, v.sku, v.name, v.price_minor AS price,
                v.cost_minor AS cost
            FROM sold o CROSS JOIN LATERAL generate_series(1, {lines}) place
                JOIN (
                    SELECT v.*, row_number() OVER (ORDER BY v.id) - 1 AS rank, COUNT(*) OVER () AS of
                    FROM products_variant v
                ) v ON v.rank = (o.id * 31 + place * 17) %% v.of
            ORDER BY o.id, place
        ) b
    """,
    "what lines come to": """
        CREATE TEMP TABLE priced AS
        SELECT b.*, b.listed - b.discount AS total,
            (2 * (b.listed - b.discount) * {rate} + 10000 + {rate}) / (2 * (10000 + {rate})) AS tax,
            b.listed - (2 * b.listed * {rate} + 10000 + {rate}) / (2 * (10000 + {rate})) AS gross
        FROM bought b
    """,
    "what orders come to": """
        CREATE TEMP TABLE summed AS
        SELECT o.*, l.items, l.discount, l.total + o.shipping AS total, l.back,
            (2 * o.shipping * {rate} + 10000 + {rate}) / (2 * (10000 + {rate})) AS shipping_tax, l.tax AS goods_tax
        FROM sold o JOIN (
            SELECT order_id, SUM(listed)::bigint AS items, SUM(discount)::bigint AS discount,
                SUM(total)::bigint AS total, SUM(tax)::bigint AS tax,
                SUM(CASE WHEN is_refunded THEN total ELSE 0 END)::bigint AS back
            FROM priced GROUP BY order_id
        ) l ON l.order_id = o.id
    """,
    "stored orders": """
        INSERT INTO orders_order (id, public_id, customer_id, email, status, cancel_reason, checkout_key, country,
            currency, items_minor, discount_minor, shipping_minor, shipping_discount_minor, tax_minor,
            shipping_tax_minor, shipping_tax_rate_bps, total_minor, prices_include_tax, paid_minor, refunded_minor,
            discount_code, shipping_name, placed_at, paid_at, fulfilled_at, hold_reason, is_test)
        SELECT id, 'mass' || id, customer_id, 'buyer@example.com', CASE WHEN is_sent THEN 'fulfilled' ELSE 'paid' END,
            '', 'mass' || id, country, 'GBP', items, discount, shipping, 0, goods_tax + shipping_tax, shipping_tax,
            {rate}, total, true, total, back, code, 'Standard', placed_at, paid_at,
            CASE WHEN is_sent THEN paid_at + INTERVAL '20 hours' END, '', false
        FROM summed ORDER BY id
    """,
    "stored lines": """
        INSERT INTO orders_orderline (id, order_id, position, variant_id, sku, name, variant_name, quantity,
            unit_price_minor, discount_minor, tax_class, tax_rate_bps, tax_minor, total_minor, unit_cost_minor,
            quantity_fulfilled, quantity_canceled, quantity_refunded, quantity_restocked)
        SELECT id, order_id, place, variant_id, sku, name, '', units, price, discount, 'standard', {rate}, tax, total,
            cost, CASE WHEN is_sent THEN units ELSE 0 END, 0, CASE WHEN is_refunded THEN units ELSE 0 END, 0
        FROM priced ORDER BY id
    """,
    "parcels": """
        INSERT INTO orders_fulfilment (order_id, at, carrier, tracking)
        SELECT id, paid_at + INTERVAL '20 hours', '', '' FROM sold WHERE is_sent ORDER BY id
    """,
    "payments": """
        INSERT INTO payments_payment (order_id, tender, stripe_session_id, stripe_intent_id, stripe_charge_id,
            checkout_url, amount_minor, captured_minor, refund_committed_minor, currency, status, disposition, livemode,
            succeeded_at, card_brand, card_last4, created_at)
        SELECT id, 'stripe', 'cs_mass' || id, 'pi_mass' || id, 'ch_mass' || id, '', total, total, back, 'GBP',
            'succeeded', 'applied', false, paid_at, 'visa', '4242', placed_at
        FROM summed ORDER BY id
    """,
    "attempts": """
        INSERT INTO payments_paymentattempt (payment_id, stripe_intent_id, stripe_charge_id, at, outcome, code,
            amount_minor, currency)
        SELECT p.id, p.stripe_intent_id, CASE WHEN t.outcome = 'succeeded' THEN p.stripe_charge_id END,
            p.succeeded_at - t.before, t.outcome, t.code, p.amount_minor, p.currency
        FROM payments_payment p JOIN sold o ON o.id = p.order_id CROSS JOIN LATERAL (
            SELECT 'succeeded' AS outcome, '' AS code, INTERVAL '0' AS before
            UNION ALL SELECT 'failed', 'card_declined', INTERVAL '1 minute' WHERE o.chance > 0.4 AND o.chance < 0.48
        ) t ORDER BY p.id
    """,
    "refunds": """
        INSERT INTO payments_refund (payment_id, stripe_refund_id, amount_minor, shipping_minor, shipping_tax_minor,
            currency, status, source, reason, created_at, refunded_at, failure_code, cancels_order, settled_note)
        SELECT p.id, 're_mass' || o.id, o.back, 0, 0, 'GBP', 'succeeded', 'staff', '', o.paid_at + INTERVAL '3 days',
            o.paid_at + INTERVAL '3 days', '', false, ''
        FROM summed o JOIN payments_payment p ON p.order_id = o.id WHERE o.is_refunded ORDER BY o.id
    """,
    "refunded lines": """
        INSERT INTO payments_refundline (refund_id, line_id, quantity, goods_minor, tax_minor, restock,
            unsellable_quantity)
        SELECT r.id, l.id, l.units, l.total - l.tax, l.tax, 'none', 0
        FROM priced l JOIN payments_refund r ON r.stripe_refund_id = 're_mass' || l.order_id WHERE l.is_refunded
    """,
    "ledger": """
        INSERT INTO orders_salesentry (order_id, line_id, refund_id, kind, at, day, currency, gross_minor,
            discount_minor, returns_minor, shipping_minor, tax_minor, units, cost_minor)
        SELECT e.order_id, e.line_id, e.refund_id, e.kind, e.at, (e.at AT TIME ZONE %(zone)s)::date, 'GBP', e.gross,
            e.discount, e.returned, e.shipping, e.tax, e.units, e.cost
        FROM (
            SELECT o.id AS order_id, NULL::bigint AS line_id, NULL::bigint AS refund_id, 'sale' AS kind,
                o.paid_at AS at, 0 AS gross, 0 AS discount, 0 AS returned, 0 AS shipping, 0 AS tax, 0 AS units,
                NULL::bigint AS cost
            FROM summed o
            UNION ALL
            SELECT l.order_id, l.id, NULL, 'line', l.paid_at, l.gross, l.gross - (l.total - l.tax), 0, 0, l.tax,
                l.units, l.cost * l.units
            FROM priced l
            UNION ALL
            SELECT o.id, NULL, NULL, 'shipping', o.paid_at, 0, 0, 0, o.shipping - o.shipping_tax, o.shipping_tax, 0,
                NULL
            FROM summed o WHERE o.shipping > 0
            UNION ALL
            SELECT l.order_id, l.id, r.id, 'refund', r.refunded_at, 0, 0, l.total - l.tax, 0, -l.tax, -l.units,
                CASE WHEN l.cost IS NULL THEN NULL ELSE 0 END
            FROM priced l JOIN payments_refund r ON r.stripe_refund_id = 're_mass' || l.order_id WHERE l.is_refunded
        ) e ORDER BY e.at
    """,
    "movements of the balance": """
        INSERT INTO payments_balancetransaction (stripe_id, type, reporting_category, amount_minor, fee_minor,
            net_minor, currency, at, day, available_on, source_id, is_imported, recorded_at)
        SELECT 'txn_mass' || m.name, m.kind, m.kind, m.amount, m.fee, m.amount - m.fee, 'GBP', m.at,
            (m.at AT TIME ZONE %(zone)s)::date, m.at + INTERVAL '3 days', m.name, false, m.at
        FROM (
            SELECT stripe_charge_id AS name, 'charge' AS kind, captured_minor AS amount,
                20 + captured_minor * 15 / 1000 AS fee, succeeded_at AS at
            FROM payments_payment WHERE order_id >= (SELECT MIN(id) FROM sold)
            UNION ALL
            SELECT stripe_refund_id, 'refund', -amount_minor, 0, refunded_at
            FROM payments_refund r JOIN sold o ON r.stripe_refund_id = 're_mass' || o.id
        ) m ORDER BY m.at
    """,
    "payouts": """
        INSERT INTO payments_payout (stripe_id, amount_minor, currency, status, is_automatic, arrives_on, created_at,
            failure_code, is_imported, items_complete, synced_at)
        SELECT 'po_mass' || %(mark)s || t.day, SUM(t.net_minor), 'GBP', 'paid', true, t.day + 3, MAX(t.at), '', true,
            true, MAX(t.at)
        FROM payments_balancetransaction t WHERE t.stripe_id LIKE 'txn_mass%%' AND t.day + 3 <= %(end)s::date
        GROUP BY t.day
    """,
    "disputes": """
        INSERT INTO payments_dispute (payment_id, stripe_dispute_id, stripe_charge_id, amount_minor, currency, reason,
            status, is_inquiry, outcome, opened_at, opened_day, has_evidence, submission_count, is_past_due, closed_at,
            livemode, created_at)
        SELECT p.id, 'du_mass' || p.id, p.stripe_charge_id, p.amount_minor, 'GBP', 'fraudulent', 'won', false, 'won',
            p.succeeded_at + INTERVAL '9 days', ((p.succeeded_at + INTERVAL '9 days') AT TIME ZONE %(zone)s)::date,
            true, 1, false, p.succeeded_at + INTERVAL '29 days', false, p.succeeded_at
        FROM payments_payment p
        WHERE p.order_id >= (SELECT MIN(id) FROM sold) AND p.id %% 1000 = 0
            AND p.succeeded_at < %(end)s - INTERVAL '30 days'
    """,
    "wishes": """
        INSERT INTO wishlist_wishevent (customer_id, product_id, variant_id, kind, at, day)
        SELECT o.customer_id, v.product_id, NULL, 'wish', o.paid_at - INTERVAL '2 days',
            ((o.paid_at - INTERVAL '2 days') AT TIME ZONE %(zone)s)::date
        FROM sold o JOIN bought b ON b.order_id = o.id AND b.place = 1 JOIN products_variant v ON v.id = b.variant_id
        WHERE o.n %% 20 = 0 ORDER BY o.n
    """,
    "bags": """
        INSERT INTO orders_cart (token, discount_code, created_at, updated_at, checkout_at, closed_at, order_id,
            currency)
        SELECT 'mass' || o.id || '-' || t.n, '',
            o.placed_at - INTERVAL '30 minutes', o.placed_at,
            CASE WHEN t.n < 3 THEN o.placed_at END, CASE WHEN t.n = 1 THEN o.paid_at END,
            CASE WHEN t.n = 1 THEN o.id END, CASE WHEN t.n = 1 THEN 'GBP' ELSE '' END
        FROM sold o CROSS JOIN LATERAL generate_series(1, CASE WHEN o.chance > 0.8 THEN 3 ELSE 1 END) t(n)
        ORDER BY o.id
    """,
    "days to build": """
        INSERT INTO core_dirtyday (source_type, source_id, day)
        SELECT 'sales_entry', e.id, e.day FROM orders_salesentry e WHERE e.order_id >= (SELECT MIN(id) FROM sold)
    """,
}


def trade(connection: psycopg.Connection, *, orders: int, start: datetime, end: datetime, zone: str) -> None:
    """Add this many paid orders between two moments; the connection must be its owner's, outside a transaction.

    Keys are not checked while it writes: they are right by how they are made, and checking each takes minutes.
    """
    values = {"orders": orders, "start": start, "end": end, "zone": zone, "mark": f"{datetime.now(UTC):%H%M%S%f}"}
    with connection.transaction(), psycopg.ClientCursor(connection) as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("SELECT setseed(0.42)")
        for statement in STEPS.values():
            cursor.execute(statement.replace("{lines}", LINES_EACH).replace("{rate}", str(RATE_BPS)), values)
        for table in ("drawn", "sold", "bought", "priced", "summed"):
            cursor.execute(f"DROP TABLE {table}")
