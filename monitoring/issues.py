"""What people do with issues. Each act is audited and written into the issue's history; notes stand apart, erasable."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from audit.recording import record
from core.errors import DomainError, NotAllowedInState
from monitoring.history import change
from monitoring.models import Issue, IssueNote

State = Issue.State


@transaction.atomic
def acknowledge(issue_id: int, *, actor: User, request: HttpRequest | None = None) -> Issue:
    """Say that somebody is on it, and who. Safe to repeat. Raises NotAllowedInState unless the issue is open."""
    issue = _locked(issue_id, among=Issue.OPEN)
    return _move(issue, "acknowledged", State.ACKNOWLEDGED, actor, request, owner=actor)


@transaction.atomic
def resolve(issue_id: int, *, actor: User, request: HttpRequest | None = None) -> Issue:
    """Say that it is dealt with; if the next run still finds it, it regresses. Safe to repeat."""
    return _move(_locked(issue_id), "resolved", State.RESOLVED, actor, request)


@transaction.atomic
def reopen(issue_id: int, *, actor: User, request: HttpRequest | None = None) -> Issue:
    """Take back an acknowledgement, a mute or a resolution. Safe to repeat."""
    return _move(_locked(issue_id), "reopened", State.OPEN, actor, request)


@transaction.atomic
def mute(
    issue_id: int, *, until: datetime | None, reason: str, actor: User, request: HttpRequest | None = None
) -> Issue:
    """Keep an issue quiet until a moment, or without one until it gets worse.

    Raises DomainError without a reason or for a moment that has passed, NotAllowedInState for a resolved issue.
    """
    if not reason.strip():
        raise DomainError("Say why this can wait.")
    if until is not None and until <= timezone.now():
        raise DomainError("Choose a day to come.")
    issue = _locked(issue_id, among=(*Issue.OPEN, State.MUTED))
    size = issue.size if until is None else None
    reason = reason.strip()[:300]
    return _move(issue, "muted", State.MUTED, actor, request, muted_until=until, muted_size=size, mute_reason=reason)


@transaction.atomic
def add_note(issue_id: int, *, text: str, actor: User, request: HttpRequest | None = None) -> IssueNote:
    """Write something about an issue. Raises DomainError if there is nothing to write."""
    if not text.strip():
        raise DomainError("Write the note first.")
    issue = _locked(issue_id)
    note = IssueNote.objects.create(issue=issue, author=actor, text=text.strip()[:2000])
    change(issue, "noted", issue.state, at=note.at, actor=actor)
    record("issue.noted", subject=issue, actor=actor, request=request)
    return note


def _locked(issue_id: int, *, among: Collection[str] = frozenset(State)) -> Issue:
    issue = Issue.objects.lock().get(pk=issue_id)
    if issue.state not in among:
        raise NotAllowedInState(f"This issue is {issue.get_state_display().lower()}; reopen it first.")
    return issue


def _move(issue: Issue, kind: str, to: str, actor: User, request: HttpRequest | None, **fields: object) -> Issue:
    if issue.state == to and all(getattr(issue, name) == value for name, value in fields.items()):
        return issue
    change(issue, kind, to, at=timezone.now(), actor=actor, fields=fields)
    record(f"issue.{kind}", subject=issue, actor=actor, request=request, changes={"check": issue.check_id})
    return issue
