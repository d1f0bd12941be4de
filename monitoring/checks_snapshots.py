"""Snapshots: every day is built, soon after it changed, and holds what the ledger says."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain

from django.utils import timezone

from analytics.models import Build, DayState, FactDay
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES, days_without_state, fact_days, one_day
from analytics.snapshots.leasing import BuildRunning
from core.errors import NotAllowedInState
from core.models import DirtyDay
from monitoring.models import Issue, Severity
from monitoring.reading import rows
from monitoring.registry import Finding, Look, check
from payments.booked import DISPUTES, FEES, PAYOUTS, TOPUPS

OLDEST_CHANGE = timedelta(minutes=15)
DAY, PRODUCT_DAY, CUSTOMER_DAY, STRIPE_DAY = "day", "product_day", "customer_day", "stripe_fact_day"
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


def _is(categories: tuple[str, ...]) -> str:
    return f"reporting_category IN ({', '.join(map(repr, categories))})"


STRIPE_MEASURES = {
    "disputed_minor": f"CASE WHEN {_is(DISPUTES)} THEN -amount_minor ELSE 0 END",
    "fees_minor": f"fee_minor - CASE WHEN {_is(FEES)} THEN amount_minor ELSE 0 END",
    "net_minor": f"CASE WHEN {_is((*PAYOUTS, *TOPUPS))} THEN 0 ELSE net_minor END",
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


def days_waiting() -> set[str]:
    """The days that changed since their build, as issues name them."""
    return {day.isoformat() for day in DirtyDay.objects.order_by().values_list("day", flat=True).distinct()}


def rebuild_day(issue: Issue) -> str:
    """Build the day of an issue anew from the ledger."""
    day = date.fromisoformat(issue.entity_pk)
    try:
        build_snapshots(one_day(day))
    except BuildRunning as running:
        raise NotAllowedInState("A build is running; try again in a minute.") from running
    return f"{in_words(day)} is built from the ledger again."


def build_changes(_issue: Issue) -> str:
    """Build the days that wait."""
    try:
        build_snapshots(CHANGES)
    except BuildRunning as running:
        raise NotAllowedInState("A build is running; try again in a minute.") from running
    return "The days that waited are built."


@check(
    "snap.missing_day",
    title="Day that was never built",
    rule="Every day between the first and the last fact is built, days on which nothing happened too.",
    severity=Severity.HIGH,
    what_to_do="Repair it: the day is built from the ledger.",
    repair=rebuild_day,
)
def missing_day() -> Look:
    """Days without a state. Those that just changed are waiting for their build, which is another check's."""
    facts = fact_days()
    if facts is None:
        return Look(0)
    waiting = days_waiting()
    missing = [day for day in days_without_state(facts) if day.isoformat() not in waiting]
    findings = (
        Finding(DAY, day.isoformat(), {"state": "built"}, {"state": "missing"}, subject=in_words(day))
        for day in missing
    )
    return Look(len(facts), findings, covers=lambda issue: issue.entity_pk not in waiting)


@check(
    "snap.stale",
    title="Figures that are behind the ledger",
    rule="A day that changed is built again within 15 minutes.",
    severity=Severity.HIGH,
    what_to_do="See whether the worker runs, and what the last build says; or repair it: the days are built now.",
    repair=build_changes,
)
def stale() -> Look:
    """Days that wait for a build while the last one that succeeded is too long ago.

    A mark has no time of its own; a build that finds nothing to do moves `data_to` on, so marks are younger than it.
    """
    waiting = len(days_waiting())
    last = Build.objects.succeeded().values_list("data_to", flat=True).first()
    findings = []
    if waiting and (last is None or last < timezone.now() - OLDEST_CHANGE):
        found = {"built": last.isoformat() if last else "never", "days_waiting": waiting}
        expected = {"built": "within 15 minutes", "days_waiting": 0}
        findings = [Finding("snapshots", "changes", expected, found, subject="Snapshots", size=waiting)]
    return Look(DayState.objects.count() + waiting, findings)


@check(
    "snap.drift",
    title="Figures of a day that are not the ledger's",
    rule="What is shown for a day, in all and by product, customer and kind of order, is what the ledger sums up to; "
    "what is shown of Stripe's balance is what its movements come to.",
    severity=Severity.CRITICAL,
    what_to_do="Repair it: the day is built from the ledger, and its old figures are kept with the reason.",
    repair=rebuild_day,
)
def drift() -> Look:
    """Days whose facts differ from the ledger; those that changed since their build are left out."""
    waiting = days_waiting()
    findings = chain(
        _drift(DAY, "fact_day", DAY_MEASURES),
        _drift(PRODUCT_DAY, "fact_product_day", PRODUCT_MEASURES, source="orders_salesentry WHERE line_id IS NOT NULL"),
        _drift(CUSTOMER_DAY, "customer_day", CUSTOMER_MEASURES),
        *(_drift(f"{name}_segment_day", _segment(name), SEGMENT_MEASURES) for name in SEGMENTS),
        _drift(STRIPE_DAY, "fact_stripe_day", STRIPE_MEASURES, source="payments_balancetransaction"),
    )
    # A day that changes while this looks is left out as well, so it is asked again: it is not mended by that.
    return Look(FactDay.objects.count(), findings, covers=lambda issue: issue.entity_pk not in waiting | days_waiting())


def _segment(name: str) -> str:
    return f"(SELECT * FROM fact_segment_day WHERE segment = '{name}') s"  # noqa: S608  constants


def _drift(entity: str, table: str, measures: dict[str, str], source: str = "orders_salesentry") -> Iterator[Finding]:
    names = list(measures)
    sql = DRIFT.format(
        table=table,
        source=source,
        sums=", ".join(f"SUM(l_{name}), SUM(f_{name})" for name in names),
        ledger=", ".join(f"SUM({formula}) AS l_{name}, 0 AS f_{name}" for name, formula in measures.items()),
        facts=", ".join(f"0 AS l_{name}, SUM({name}) AS f_{name}" for name in names),
        differ=" OR ".join(f"SUM(l_{name}) <> SUM(f_{name})" for name in names),
    )
    for day, currency, *sums in rows(sql):
        ledger, facts = (dict(zip(names, map(int, sums[start::2]), strict=True)) for start in (0, 1))
        yield Finding(
            entity,
            str(day),
            {name: value for name, value in ledger.items() if value != facts[name]},
            {name: value for name, value in facts.items() if value != ledger[name]},
            subject=f"{in_words(date.fromisoformat(str(day)))}, {currency}",
            currency=currency,
            size=max(abs(ledger[name] - facts[name]) for name in names),
        )


def in_words(day: date) -> str:
    """A day as the pages write it."""
    return f"{day.day} {day:%B %Y}"
