"""Whether this process can serve, and whether the work behind it gets done: what a load balancer asks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from payments.models import WebhookEvent

OLDEST_TASK = timedelta(minutes=10)
OLDEST_EVENT = timedelta(minutes=10)
log = structlog.get_logger("purelaka.health")


@dataclass(frozen=True)
class Part:
    """One part of the answer: whether it is well, and its figures."""

    is_ok: bool
    figures: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The part as the page shows it."""
        return {"ok": self.is_ok, **self.figures}


def readiness() -> dict[str, Part]:
    """Return every part, by name. A part that cannot be asked is not well; the others are asked all the same."""
    return {name: _asked(name, ask) for name, ask in PARTS.items()}


def _asked(name: str, ask: Callable[[], Part]) -> Part:
    try:
        return ask()
    except DatabaseError as error:
        log.warning("not_ready", part=name, error=str(error))
        return Part(is_ok=False, figures={"error": type(error).__name__})


def database() -> Part:
    """Whether the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Part(is_ok=True, figures={})


def migrations() -> Part:
    """Whether every migration of this code is applied."""
    missing = _migrations_of_the_code() - set(MigrationRecorder(connection).applied_migrations())
    return Part(not missing, {"unapplied": len(missing)})


@cache
def _migrations_of_the_code() -> frozenset[tuple[str, str]]:
    """The migrations on the disk, read once: the code of a running process does not change."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def tasks() -> Part:
    """How long the oldest task has waited that could run."""
    now = timezone.now()
    oldest = DBTaskResult.objects.ready().aggregate(at=Min("enqueued_at"))["at"]
    return _age(oldest, now, OLDEST_TASK)


def inbox() -> Part:
    """How long the oldest event of Stripe's has waited."""
    waiting = WebhookEvent.objects.filter(state=WebhookEvent.State.RECEIVED)
    return _age(waiting.aggregate(at=Min("received_at"))["at"], timezone.now(), OLDEST_EVENT)


def _age(oldest: datetime | None, now: datetime, limit: timedelta) -> Part:
    age = max((now - oldest).total_seconds(), 0.0) if oldest else 0.0
    return Part(age <= limit.total_seconds(), {"oldest_seconds": round(age)})


PARTS: dict[str, Callable[[], Part]] = {
    "database": database,
    "migrations": migrations,
    "tasks": tasks,
    "inbox": inbox,
}
