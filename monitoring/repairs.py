"""Repairs that are safe without a person: recorded, one issue at a time, never before the findings are."""

import structlog
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from monitoring.history import change
from monitoring.models import Issue
from monitoring.registry import CHECKS, Check

log = structlog.get_logger("purelaka.checks")


def repair_issues(check: Check, *, actor: User | None = None) -> int:
    """Repair what a check found, if that is safe; return how many issues were repaired."""
    if check.repair is None:
        return 0
    done = 0
    for issue in Issue.objects.filter(check_id=check.id).open().order_by("pk"):
        try:
            repair(issue.pk, actor=actor)
            done += 1
        except DomainError as refusal:
            log.warning("repair_refused", check=check.id, issue=issue.pk, reason=refusal.message)
        except Exception:  # the edge of the loop: the others are still to be repaired
            log.exception("repair_failed", check=check.id, issue=issue.pk)
    return done


def _repaired(known: Check, issue: Issue) -> str:
    if known.repair is None or issue.entity_type == "check":
        raise DomainError("There is no repair for this that is safe without a person.")
    try:
        return known.repair(issue)
    except ObjectDoesNotExist as gone:
        raise NotAllowedInState("What this issue is about is no longer there; run the check again.") from gone


def repair(issue_id: int, *, actor: User | None = None, request: HttpRequest | None = None) -> str:
    """Repair the thing that an issue is about and return what was done; the next look resolves the issue.

    Safe to repeat. The repair has a transaction of its own, and never runs inside another. Raises DomainError where
    there is no safe repair, or where it is refused.
    """
    issue = Issue.objects.get(pk=issue_id)
    known = CHECKS.get(issue.check_id)
    if known is None:
        raise DomainError("The check of this issue is no longer run.")
    with recording_refusal("issue.repaired", subject=issue, actor=actor, request=request):
        done = _repaired(known, issue)
    with transaction.atomic():
        issue = Issue.objects.lock().get(pk=issue_id)
        change(issue, "repaired", issue.state, at=timezone.now(), actor=actor)
        record("issue.repaired", subject=issue, actor=actor, request=request, changes={"check": issue.check_id})
    return done
