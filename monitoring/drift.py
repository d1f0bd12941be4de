"""What each table of facts holds of a day, beside what it was made of: found again by plain sums, not by a build."""

from collections.abc import Iterator
from datetime import date

from django.conf import settings

from analytics.rows.dialects import spoken
from analytics.snapshots.days import month_sql
from monitoring.reading import rows
from monitoring.registry import Finding
from payments.booked import DISPUTES, FEES, PAYOUTS, TOPUPS
from payments.client import is_live

DAY, CUSTOMER_DAY, COHORT_MONTH = "day", "customer_day", "cohort_month"
SEGMENTS = ("country", "code", "customer")

# Days that changed since their build are left out: there the ledger is ahead, and the next build takes them up.
DRIFT = """
SELECT day, currency, {sums}
FROM (
    SELECT day, currency, {ledger} FROM {source} GROUP BY day, currency
    UNION ALL
    SELECT day, currency, {facts} FROM {table} GROUP BY day, currency
) sums
WHERE NOT EXISTS (SELECT 1 FROM core_dirtyday d WHERE d.day = sums.day)
GROUP BY day, currency
HAVING {differ}
ORDER BY day, currency
"""
NET = "gross_minor - discount_minor - returns_minor"
CASH = "CASE WHEN refund_id IS NULL THEN 0 ELSE returns_minor - shipping_minor - tax_minor END"
UNITS = "CASE WHEN refund_id IS NULL THEN units ELSE 0 END"
COST = "COALESCE(cost_minor, 0)"
DAY_MEASURES = {
    "gross_minor": "gross_minor",
    "discount_minor": "discount_minor",
    "returns_minor": "returns_minor",
    "net_minor": NET,
    "shipping_minor": "shipping_minor",
    "tax_minor": "tax_minor",
    "total_minor": f"{NET} + shipping_minor + tax_minor",
    "refunds_cash_minor": CASH,
    "orders": "CASE WHEN kind = 'sale' THEN 1 ELSE 0 END",
    "units": UNITS,
    "net_units": "units",
}
CUSTOMER_MEASURES = {name: DAY_MEASURES[name] for name in ("orders", "net_minor")}
SEGMENT_MEASURES = {
    name: DAY_MEASURES[name]
    for name in ("gross_minor", "discount_minor", "returns_minor", "net_minor", "orders", "units")
}
PRODUCT_MEASURES = {
    "gross_minor": "gross_minor",
    "discount_minor": "discount_minor",
    "returns_minor": "returns_minor",
    "net_minor": NET,
    "units": UNITS,
    "net_units": "units",
    "cost_minor": COST,
}


def _is(categories: tuple[str, ...]) -> str:
    return f"reporting_category IN ({', '.join(map(repr, categories))})"


STRIPE_MEASURES = {
    "disputed_minor": f"CASE WHEN {_is(DISPUTES)} THEN -amount_minor ELSE 0 END",
    "fees_minor": f"fee_minor - CASE WHEN {_is(FEES)} THEN amount_minor ELSE 0 END",
    "net_minor": f"CASE WHEN {_is((*PAYOUTS, *TOPUPS))} THEN 0 ELSE net_minor END",
}
OF_PRODUCTS = "orders_salesentry WHERE line_id IS NOT NULL"
PAID_OUT = """(
    SELECT arrives_on AS day, currency, amount_minor FROM payments_payout WHERE status = 'paid'
) paid_out"""

OURS = """
    (p.tender <> 'stripe' OR p.livemode = {live}) AND p.order_id NOT IN (SELECT id FROM orders_order WHERE is_test)
"""
TRIES = """
    SELECT a.stripe_intent_id, a.at, a.currency, CASE WHEN a.outcome = 'succeeded' THEN 1 ELSE 0 END AS succeeded
    FROM payments_paymentattempt a LEFT JOIN payments_payment p ON p.id = a.payment_id
    WHERE a.outcome <> 'unconfirmed' AND (p.id IS NULL OR {ours})
"""
# Whether money was taken is what the checks of payments ask, so what was taken is not counted here once more.
PAID = """(
    SELECT <day of t.at> AS day, t.currency, 0 AS intents, 0 AS intents_succeeded, 1 AS attempts,
        t.succeeded AS attempts_succeeded, 0 AS disputes
    FROM ({tries}) t
    UNION ALL
    SELECT <day of i.at>, i.currency, 1, i.succeeded, 0, 0, 0
    FROM (
        SELECT MIN(t.at) AS at, MIN(t.currency) AS currency, MAX(t.succeeded) AS succeeded
        FROM ({tries}) t GROUP BY t.stripe_intent_id
    ) i
    UNION ALL
    SELECT e.opened_day, e.currency, 0, 0, 0, 0, 1
    FROM payments_dispute e LEFT JOIN payments_payment p ON p.id = e.payment_id
        LEFT JOIN orders_order o ON o.id = p.order_id
    WHERE NOT e.is_inquiry AND (o.id IS NULL OR NOT o.is_test) AND (p.tender <> 'stripe' OR e.livemode = {live})
) paid"""
PAID_MEASURES = {name: name for name in ("intents", "intents_succeeded", "attempts", "attempts_succeeded", "disputes")}

# Cells of no currency count a customer once in a month, whatever currencies were paid in.
BOUGHT = """(
    WITH months AS (
        SELECT d.customer_id, d.currency, {month} AS month, SUM(d.orders) AS orders, SUM(d.net_minor) AS net
        FROM customer_day d JOIN customer_first f ON f.customer_id = d.customer_id AND f.currency = d.currency
        GROUP BY d.customer_id, d.currency, {month}
    )
    SELECT month AS day, currency, CASE WHEN orders > 0 THEN 1 ELSE 0 END AS bought, net FROM months
    UNION ALL
    SELECT month, '', 1, 0 FROM (SELECT DISTINCT customer_id, month FROM months WHERE orders > 0) any_currency
) bought"""
CELLS = "(SELECT month AS day, currency, customers, net_minor FROM cohort_cell) cells"
COHORT_MEASURES = {"customers": "bought", "net_minor": "net"}


def drifted() -> Iterator[Finding]:
    """Yield each day of a table, or month of cohorts, that does not come to what it was made of."""
    yield from _drift(DAY, "fact_day", DAY_MEASURES)
    yield from _drift("product_day", "fact_product_day", PRODUCT_MEASURES, OF_PRODUCTS)
    for name in SEGMENTS:
        yield from _drift(f"{name}_segment_day", _segment(name), SEGMENT_MEASURES)
    yield from _drift("stripe_fact_day", "fact_stripe_day", STRIPE_MEASURES, "payments_balancetransaction")
    yield from _drift("payout_day", "fact_stripe_day", {"payouts_minor": "amount_minor"}, PAID_OUT)
    yield from _payments_drifted()
    yield from _people_drifted()


def _payments_drifted() -> Iterator[Finding]:
    ours = OURS.format(live="%(live)s")
    paid = spoken(PAID.format(tries=TRIES.format(ours=ours), live="%(live)s"))
    named = {"zone": settings.STORE_TIME_ZONE, "live": is_live()}
    return _drift("payment_day", "fact_payment_day", PAID_MEASURES, paid, named)


def _people_drifted() -> Iterator[Finding]:
    """Yield the days of customers, then the cohorts of months in which none of these days is wrong: they follow."""
    months = set()
    for finding in _drift(CUSTOMER_DAY, "customer_day", CUSTOMER_MEASURES):
        months.add(str(finding.entity_pk)[:7])
        yield finding
    for finding in _drift(COHORT_MONTH, CELLS, COHORT_MEASURES, BOUGHT.format(month=month_sql("d.day"))):
        if str(finding.entity_pk)[:7] not in months:
            yield finding


def _segment(name: str) -> str:
    return f"(SELECT * FROM fact_segment_day WHERE segment = '{name}') s"  # noqa: S608  constants


def _drift(
    entity: str,
    table: str,
    measures: dict[str, str],
    source: str = "orders_salesentry",
    named: dict[str, str | bool] | None = None,
) -> Iterator[Finding]:
    names = list(measures)
    sql = DRIFT.format(
        table=table,
        source=source,
        sums=", ".join(f"SUM(l_{name}), SUM(f_{name})" for name in names),
        ledger=", ".join(f"SUM({formula}) AS l_{name}, 0 AS f_{name}" for name, formula in measures.items()),
        facts=", ".join(f"0 AS l_{name}, SUM({name}) AS f_{name}" for name in names),
        differ=" OR ".join(f"SUM(l_{name}) <> SUM(f_{name})" for name in names),
    )
    for day, currency, *sums in rows(sql, named or ()):
        ledger, facts = (dict(zip(names, map(int, sums[start::2]), strict=True)) for start in (0, 1))
        yield Finding(
            entity,
            str(day),
            {name: value for name, value in ledger.items() if value != facts[name]},
            {name: value for name, value in facts.items() if value != ledger[name]},
            subject=", ".join(filter(None, (in_words(date.fromisoformat(str(day))), currency))),
            currency=currency,
            size=max(abs(ledger[name] - facts[name]) for name in names),
        )


def in_words(day: date) -> str:
    """A day as the pages write it."""
    return f"{day.day} {day:%B %Y}"
