"""The one place that changes the state of an issue, and writes the history row of every change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from monitoring.models import Issue, IssueEvent

State = Issue.State


def change(
    issue: Issue,
    kind: str,
    to_state: str,
    *,
    at: datetime,
    actor: User | None = None,
    detail: Mapping[str, Any] | None = None,
    fields: Mapping[str, object] | None = None,
) -> IssueEvent:
    """Bring a locked or new issue to a state, save it with other `fields`, and write its history.

    `detail` may hold no personal data: the history is never erased.
    """
    before = issue.state if issue.pk else ""
    for name, value in (fields or {}).items():
        setattr(issue, name, value)
    issue.state = to_state
    if to_state != before:
        issue.resolved_at = at if to_state == State.RESOLVED else None
    if to_state != State.MUTED:
        issue.muted_until, issue.muted_size, issue.mute_reason = None, None, ""
    issue.save()
    return IssueEvent.objects.create(
        issue=issue,
        at=at,
        kind=kind,
        from_state=before,
        to_state=to_state,
        actor_id=actor.pk if actor else None,
        detail=dict(detail or {}),
    )
