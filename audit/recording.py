"""Writing the record: one row for each act, in the transaction of the act; refusals after the rollback."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction
from django.http import HttpRequest
from structlog.contextvars import get_contextvars

from audit.models import AuditOrigin, AuditRecord
from core.acts import Act
from core.errors import DomainError
from core.http import client_address

CODE = re.compile(r"[A-Za-z0-9_.:/+-]{0,60}\Z")
HIDDEN = "changed"
type Changes = Mapping[str, Any] | Iterable[str]


@transaction.atomic
def record(
    action: str,
    *,
    subject: models.Model | None = None,
    actor: Any = None,
    request: HttpRequest | None = None,
    outcome: str = AuditRecord.Outcome.DONE,
    changes: Changes | None = None,
    reason: str = "",
) -> AuditRecord:
    """Write one act, in the caller's transaction. The actor defaults to whoever is signed in to the request.

    `changes` are names of fields, or a mapping of names to values: numbers and code-like words are kept, every other
    value becomes `changed`, for this table is never erased and so holds no personal data. That goes for `reason` too.
    """
    who = actor if actor is not None else getattr(request, "user", None)
    row = AuditRecord.objects.create(
        action=action,
        outcome=outcome,
        actor_id=getattr(who, "pk", None),
        actor_role=str(getattr(who, "role", "") or "")[:20],
        subject_type=subject._meta.label_lower[:40] if subject is not None else "",
        subject_id=str(subject.pk)[:64] if subject is not None else "",
        changes=without_personal_data(changes or {}),
        reason=reason[:300],
        request_id=current_request_id(request),
    )
    if request is not None and (address := client_address(request)):
        AuditOrigin.objects.create(record=row, address=address)
    return row


@contextmanager
def recording_refusal(
    action: str,
    *,
    subject: models.Model | None = None,
    actor: Any = None,
    request: HttpRequest | None = None,
) -> Iterator[None]:
    """Record the act as refused if the block raises a DomainError, and raise it again.

    Stands outside the transaction of the act, so that the record survives its rollback.
    """
    try:
        yield
    except DomainError as error:
        record(
            action,
            subject=subject,
            actor=actor,
            request=request,
            outcome=AuditRecord.Outcome.REFUSED,
            reason=type(error).__name__,
        )
        raise


def record_act(act: Act) -> None:
    """Write what a room below this one announced."""
    match = act.request.resolver_match
    changes = {"page": match.view_name} if act.outcome == "refused" and match else {}
    record(
        act.action,
        subject=act.subject,
        request=act.request,
        outcome=act.outcome,
        changes=changes,
        reason=act.reason,
    )


def without_personal_data(changes: Changes) -> dict[str, Any]:
    """Return changes with every value that is not a number or a code-like word replaced by `changed`."""
    if not isinstance(changes, Mapping):
        return dict.fromkeys(changes, HIDDEN)
    return {name: _kept(value) for name, value in changes.items()}


def current_request_id(request: HttpRequest | None) -> str:
    """Return the id of the request, or of the task or job that is running."""
    return getattr(request, "request_id", "") or str(get_contextvars().get("request_id", ""))[:64]


def _kept(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_kept(part) for part in value]
    return str(value) if CODE.match(str(value)) else HIDDEN
