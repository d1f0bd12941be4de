"""From what a check saw to issues: opened, refreshed, resolved, regressed. One transaction a check."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from monitoring.history import change
from monitoring.models import Issue
from monitoring.registry import Check, Finding, Look

MOST_ISSUES = 50
State = Issue.State


@dataclass
class Sightings:
    """The findings that get an issue, by fingerprint, and how many more there were."""

    findings: dict[str, Finding] = field(default_factory=dict)
    more: int = 0


def collect(check: Check, findings: Iterable[Finding]) -> Sightings:
    """Read all findings and keep those that get an issue: the known ones, and new ones up to the limit together."""
    standing = set(Issue.objects.filter(check_id=check.id).standing().values_list("fingerprint", flat=True))
    seen, fresh = Sightings(), Sightings()
    for finding in findings:
        fingerprint = check.fingerprint(finding)
        if fingerprint in standing:
            seen.findings[fingerprint] = finding
        elif fingerprint in fresh.findings or len(fresh.findings) < MOST_ISSUES:
            fresh.findings[fingerprint] = finding
        else:
            fresh.more += 1
    room = max(MOST_ISSUES - len(seen.findings), 0)
    kept = list(fresh.findings)[:room]
    seen.findings |= {fingerprint: fresh.findings[fingerprint] for fingerprint in kept}
    seen.more = fresh.more + len(fresh.findings) - len(kept)
    if seen.more:
        rest = _rest(seen.more)
        seen.findings[check.fingerprint(rest)] = rest
    return seen


def _rest(count: int) -> Finding:
    """The issue that stands for the findings beyond the limit."""
    return Finding("check", "more", {"more": 0}, {"more": count}, subject=f"{count:,} more", size=count)


@transaction.atomic
def write_sightings(check: Check, look: Look, sightings: Sightings, *, at: datetime) -> int:
    """Bring the issues of a check to what it saw and return how many were resolved.

    Called only for a check that finished: what it did not see is resolved if it lay in its scope.
    """
    seen = sightings.findings
    issues = {issue.fingerprint: issue for issue in _concerned(check, seen)}
    unchanged = []
    for fingerprint, finding in seen.items():
        issue = issues.get(fingerprint)
        if issue is None:
            _open(check, finding, at)
        elif not _refresh(check, issue, finding, at):
            unchanged.append(issue.pk)
    Issue.objects.filter(pk__in=unchanged).update(last_seen_at=at)
    gone = [issue for name, issue in issues.items() if name not in seen and look.covers(issue)]
    for issue in gone:
        change(issue, "resolved", State.RESOLVED, at=at)
    return len(gone)


def _concerned(check: Check, seen: Iterable[str]) -> list[Issue]:
    """The issues that stand, and those that were seen again, locked in the order of their keys."""
    mine = Issue.objects.filter(check_id=check.id)
    return list((mine.standing() | mine.filter(fingerprint__in=list(seen))).lock())


def _open(check: Check, finding: Finding, at: datetime) -> None:
    issue = Issue(
        check_id=check.id,
        fingerprint=check.fingerprint(finding),
        entity_type=finding.entity_type,
        entity_pk=str(finding.entity_pk),
        currency=finding.currency,
        severity=check.severity,
        first_seen_at=at,
        **_sight(finding, at),
    )
    change(issue, "opened", State.OPEN, at=at)


def _refresh(check: Check, issue: Issue, finding: Finding, at: datetime) -> bool:
    """Bring an issue that was seen again up to date; return whether anything but the time has changed."""
    sight = _sight(finding, at) | {"severity": check.severity}
    if issue.state == State.RESOLVED:
        change(issue, "regressed", State.REGRESSED, at=at, fields=sight)
    elif issue.state == State.MUTED and issue.mute_is_over(at, finding.size):
        change(issue, "unmuted", State.OPEN, at=at, fields=sight)
    elif issue.details != sight["details"]:
        change(issue, "changed", issue.state, at=at, detail=sight["details"], fields=sight)
    else:
        return False
    return True


def _sight(finding: Finding, at: datetime) -> dict[str, Any]:
    return {
        "subject": (finding.subject or f"{finding.entity_type} {finding.entity_pk}")[:120],
        "details": {"expected": dict(finding.expected), "found": dict(finding.found)},
        "size": finding.size,
        "last_seen_at": at,
    }
