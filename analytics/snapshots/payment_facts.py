"""The statements that make facts of payments and of Stripe's books, by day.

Test orders are left out, and payments of the mode of Stripe that is not the shop's (live or test).
"""

from django.conf import settings
from django.db import connection

from analytics.snapshots.days import DaySet
from payments.booked import DISPUTES, FEES, PAYOUTS, TOPUPS
from payments.client import is_live

OURS = """
    (p.tender <> 'stripe' OR p.livemode = {live}) AND p.order_id NOT IN (SELECT id FROM orders_order WHERE is_test)
"""
# An intent counts on the day of its first confirmation, if that is one of these days, and as what it came to since.
PAYMENT_DAYS = """
    INSERT INTO fact_payment_day (day, currency, intents, intents_succeeded, attempts, attempts_succeeded, charges,
        disputes)
    WITH tried AS (
        SELECT a.stripe_intent_id, a.at, a.currency, CASE WHEN a.outcome = 'succeeded' THEN 1 ELSE 0 END AS succeeded
        FROM payments_paymentattempt a LEFT JOIN payments_payment p ON p.id = a.payment_id
        WHERE a.at >= {start} AND a.at < {end} AND a.outcome <> 'unconfirmed' AND (p.id IS NULL OR {ours})
    )
    SELECT d.day, d.currency, SUM(d.intents), SUM(d.intents_succeeded), SUM(d.attempts), SUM(d.attempts_succeeded),
        SUM(d.charges), SUM(d.disputes)
    FROM (
        SELECT {day_of_attempt} AS day, a.currency, 0 AS intents, 0 AS intents_succeeded, COUNT(*) AS attempts,
            SUM(a.succeeded) AS attempts_succeeded, 0 AS charges, 0 AS disputes
        FROM tried a
        GROUP BY 1, a.currency
        UNION ALL
        SELECT {day_of_intent}, i.currency, COUNT(*), SUM(CASE WHEN i.succeeded > 0 OR EXISTS (
            SELECT 1 FROM payments_paymentattempt x
            WHERE x.stripe_intent_id = i.stripe_intent_id AND x.at >= {end} AND x.outcome = 'succeeded'
        ) THEN 1 ELSE 0 END), 0, 0, 0, 0
        FROM (
            SELECT a.stripe_intent_id, MIN(a.currency) AS currency, MIN(a.at) AS at, MAX(a.succeeded) AS succeeded
            FROM tried a GROUP BY a.stripe_intent_id
        ) i
        WHERE NOT EXISTS (
            SELECT 1 FROM payments_paymentattempt x
            WHERE x.stripe_intent_id = i.stripe_intent_id AND x.at < {start} AND x.outcome <> 'unconfirmed'
        )
        GROUP BY 1, i.currency
        UNION ALL
        SELECT {day_of_charge}, p.currency, 0, 0, 0, 0, COUNT(*), 0
        FROM payments_payment p
        WHERE p.captured_minor > 0 AND p.tender <> 'free' AND p.succeeded_at >= {start} AND p.succeeded_at < {end}
            AND {ours}
        GROUP BY 1, p.currency
        UNION ALL
        SELECT e.opened_day, e.currency, 0, 0, 0, 0, 0, COUNT(*)
        FROM payments_dispute e LEFT JOIN payments_payment p ON p.id = e.payment_id
            LEFT JOIN orders_order o ON o.id = p.order_id
        WHERE NOT e.is_inquiry AND e.opened_day BETWEEN {first} AND {last} AND (o.id IS NULL OR NOT o.is_test)
            AND (p.tender <> 'stripe' OR e.livemode = {live})
        GROUP BY e.opened_day, e.currency
    ) d
    GROUP BY d.day, d.currency
"""


TABLES = ("fact_payment_day", "fact_stripe_day")


def _listed(categories: tuple[str, ...]) -> str:
    return ", ".join(f"'{category}'" for category in categories)


STRIPE_DAYS = f"""
    INSERT INTO fact_stripe_day (day, currency, disputed_minor, fees_minor, net_minor, payouts_minor)
    SELECT d.day, d.currency, SUM(d.disputed), SUM(d.fees), SUM(d.net), SUM(d.payouts)
    FROM (
        SELECT e.day, e.currency,
            SUM(CASE WHEN e.reporting_category IN ({_listed(DISPUTES)}) THEN -e.amount_minor ELSE 0 END) AS disputed,
            SUM(e.fee_minor - CASE WHEN e.reporting_category IN ({_listed(FEES)}) THEN e.amount_minor ELSE 0 END)
                AS fees,
            SUM(CASE WHEN e.reporting_category IN ({_listed((*PAYOUTS, *TOPUPS))}) THEN 0 ELSE e.net_minor END) AS net,
            0 AS payouts
        FROM payments_balancetransaction e
        WHERE {{which}}
        GROUP BY e.day, e.currency
        UNION ALL
        SELECT e.day, e.currency, 0, 0, 0, SUM(e.amount_minor)
        FROM (SELECT arrives_on AS day, currency, amount_minor FROM payments_payout WHERE status = 'paid') e
        WHERE {{which}}
        GROUP BY e.day, e.currency
    ) d
    GROUP BY d.day, d.currency
"""  # noqa: S608  constants


def rebuild_payment_facts(days: DaySet) -> int:
    """Write the facts of payments and of Stripe's books of these days anew; return how many rows that is."""
    for table in TABLES:
        days.run(f"DELETE FROM {table} AS e WHERE {{which}}")  # noqa: S608  the names above
    return sum(_payment_days(stretch) for stretch in days.stretches()) + days.run(STRIPE_DAYS)[0]


def _payment_days(stretch: DaySet) -> int:
    """Write the payments of days that follow each other: an attempt has a moment but no day."""
    start, end = (connection.ops.adapt_datetimefield_value(moment) for moment in stretch.bounds())
    named = {"start": start, "end": end, "first": stretch.days[0], "last": stretch.days[-1], "live": is_live()}
    statement = PAYMENT_DAYS.format(
        day_of_attempt=_day_sql("a.at"),
        day_of_intent=_day_sql("i.at"),
        day_of_charge=_day_sql("p.succeeded_at"),
        ours=OURS.format(live="%(live)s"),
        **{name: f"%({name})s" for name in named},
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, named | {"zone": settings.STORE_TIME_ZONE})
        return cursor.rowcount


def _day_sql(moment: str) -> str:
    """Return the expression for the business day of a moment."""
    if connection.vendor == "postgresql":
        return f"({moment} AT TIME ZONE %(zone)s)::date"
    return f"django_datetime_cast_date({moment}, %(zone)s, 'UTC')"
