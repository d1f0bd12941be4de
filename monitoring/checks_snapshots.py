"""Snapshots: every day is built, soon after it changed, and holds what the ledger says."""

from datetime import date, timedelta

from django.utils import timezone

from analytics.models import Build, DayState, FactDay
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES, FULL, days_without_state, fact_days, one_day
from analytics.snapshots.leasing import BuildRunning
from core.errors import NotAllowedInState
from core.models import DirtyDay
from monitoring.drift import COHORT_MONTH, CUSTOMER_DAY, DAY, drifted, in_words
from monitoring.models import Issue, Severity
from monitoring.registry import Finding, Look, check

OLDEST_CHANGE = timedelta(minutes=15)


def days_waiting() -> set[str]:
    """The days that changed since their build, as issues name them."""
    return {day.isoformat() for day in DirtyDay.objects.order_by().values_list("day", flat=True).distinct()}


def rebuild_day(issue: Issue) -> str:
    """Build the day of an issue anew from the ledger.

    Cohorts are kept in step with what the days of customers were before, so wrong ones of either are built in full.
    """
    day = date.fromisoformat(issue.entity_pk)
    is_of_people = issue.entity_type in (CUSTOMER_DAY, COHORT_MONTH)
    try:
        build_snapshots(FULL if is_of_people else one_day(day))
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
    "what is shown of payments, of Stripe's balance and of cohorts is what tries, movements and customers come to.",
    severity=Severity.CRITICAL,
    what_to_do="Repair it: the day is built from the ledger, and its old figures are kept with the reason.",
    repair=rebuild_day,
)
def drift() -> Look:
    """Days whose facts differ from the ledger; those that changed since their build are left out."""
    waiting = days_waiting()
    findings = drifted()
    # A day that changes while this looks is left out as well, so it is asked again: it is not mended by that.
    return Look(FactDay.objects.count(), findings, covers=lambda issue: issue.entity_pk not in waiting | days_waiting())
