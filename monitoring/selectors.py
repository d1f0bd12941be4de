"""What the pages show of checks and issues."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.timesince import timesince

from monitoring.models import CheckResult, CheckRun, Issue, Severity
from monitoring.registry import Check, all_checks

LATE_AFTER = timedelta(minutes=45)  # three scheduled runs
BROKEN = (CheckResult.Status.CRASHED, CheckResult.Status.SKIPPED)


def listed_issues(*, state: str = "", severity: str = "", check: str = "") -> "QuerySet[Issue]":
    """Return the issues of the list, the latest seen first; without a state those that are not resolved."""
    return Issue.objects.matching(state=state or "unresolved", severity=severity, check=check).select_related("owner")


def latest_results() -> dict[str, CheckResult]:
    """Return the last result of each check that ever ran, by id."""
    latest = CheckResult.objects.order_by().values("check_id").annotate(latest=Max("id")).values("latest")
    return {result.check_id: result for result in CheckResult.objects.filter(pk__in=latest)}


@dataclass(frozen=True)
class CheckRow:
    """A check with its last result and its open issues."""

    check: Check
    result: CheckResult | None
    open: int

    @property
    def needs_attention(self) -> bool:
        """Whether something is open, or it could not run."""
        return bool(self.open) or (self.result is not None and self.result.status in BROKEN)


@dataclass(frozen=True)
class Headline:
    """What the dashboard says first."""

    tone: str
    title: str
    text: str


@dataclass(frozen=True)
class Dashboard:
    """Every check with its last result, the open issues by severity, and what that comes to in a sentence."""

    headline: Headline
    rows: list[CheckRow]
    by_severity: dict[str, int]
    running_since: datetime | None


def dashboard() -> Dashboard:
    """Return the dashboard; three queries, however many issues there are."""
    now, results = timezone.now(), latest_results()
    counted = Issue.objects.open().order_by().values_list("check_id", "severity").annotate(count=Count("id"))
    by_check, by_severity = Counter[str](), Counter[str]()
    for check_id, severity, count in counted:
        by_check[check_id] += count
        by_severity[severity] += count
    rows = [CheckRow(check, results.get(check.id), by_check[check.id]) for check in all_checks()]
    rows.sort(key=lambda row: not row.needs_attention)  # what is wrong comes first, the rest stays in order
    running = CheckRun.objects.running().filter(lease_until__gte=now).first()
    severities = {severity.value: by_severity[severity] for severity in reversed(Severity)}
    return Dashboard(headline(rows, severities, now), rows, severities, running.started_at if running else None)


def headline(rows: list[CheckRow], by_severity: dict[str, int], now: datetime) -> Headline:
    """Say in a sentence what the last results come to, and how old they are."""
    results = [row.result for row in rows if row.result is not None]
    if not results:
        return Headline("info", "The checks have not run yet", "The worker runs them every 15 minutes.")
    oldest = min(result.at for result in results)
    text = f"Last looked at {ago(oldest, now)}."
    if now - oldest > LATE_AFTER:
        text += " The worker should do so every 15 minutes: see whether it runs."
    broken = sum(result.status in BROKEN for result in results)
    if broken:
        return Headline("err", f"{broken} {'check' if broken == 1 else 'checks'} could not run", text)
    count = sum(by_severity.values())
    if count:
        return Headline("err" if _is_bad(by_severity) else "warn", _counted(count, by_severity), text)
    if len(results) < len(rows):
        return Headline("info", "Not every check has run yet", text)
    if now - oldest > LATE_AFTER:
        return Headline("warn", f"All checks passed {ago(oldest, now)}", text)
    return Headline("ok", f"All checks passed {ago(oldest, now)}", "Orders, payments, stock and figures agree.")


def _is_bad(by_severity: dict[str, int]) -> bool:
    return bool(by_severity[Severity.CRITICAL] or by_severity[Severity.HIGH])


def _counted(count: int, by_severity: dict[str, int]) -> str:
    critical = by_severity[Severity.CRITICAL]
    return f"{count} open {'issue' if count == 1 else 'issues'}" + (f", {critical} critical" if critical else "")


def ago(at: datetime, now: datetime) -> str:
    """How long ago a moment was, as people say it."""
    if now - at < timedelta(minutes=1):
        return "just now"
    return f"{timesince(at, now, depth=1)} ago".replace("\N{NO-BREAK SPACE}", " ")
