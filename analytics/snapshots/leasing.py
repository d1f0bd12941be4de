"""The lease of the snapshot build: one build at a time, and one that died does not stand in the way for long."""

from datetime import timedelta

import structlog
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from analytics.models import Build
from core.db import drop_broken_connection
from core.errors import NotAllowedInState

LEASE = timedelta(minutes=1)
ERROR_LENGTH = 300
log = structlog.get_logger("purelaka.analytics")


class BuildRunning(NotAllowedInState):
    """Another build holds the lease, or has taken it over."""


def claim(scope: str) -> Build:
    """Begin a build and return it. Raises BuildRunning while another one runs.

    One whose lease ran out is taken for dead, unless it still holds its row: a build on PostgreSQL locks it all along.
    """
    now = timezone.now()
    with transaction.atomic():
        dead = list(
            _free(Build.objects.filter(state=Build.State.RUNNING, lease_until__lt=now)).values_list("pk", flat=True)
        )
        Build.objects.filter(pk__in=dead).update(
            state=Build.State.FAILED, finished_at=now, error="It ended without a word, and its lease ran out."
        )
    try:
        with transaction.atomic():
            return Build.objects.create(scope=scope, started_at=now, lease_until=now + LEASE)
    except IntegrityError as clash:
        raise _running() from clash


def hold(build: Build) -> None:
    """Lock the build's row in the caller's transaction (SQLite: renew its lease). Raises BuildRunning if it is lost."""
    held = Build.objects.filter(pk=build.pk, state=Build.State.RUNNING)
    if connection.features.has_select_for_update:
        # Locked, not updated: an INSERT of another build would wait for the end of an update instead of being refused.
        is_held = held.select_for_update().first() is not None
    else:
        is_held = bool(held.update(lease_until=timezone.now() + LEASE))
    if not is_held:
        raise BuildRunning(f"Build {build.pk} took too long, and another one has taken its place.")


def succeed(build: Build, *, data_to: object, days: int, rows: int) -> None:
    """End the build, in the transaction that holds what it built."""
    build.refresh_from_db()
    build.state, build.finished_at = Build.State.SUCCEEDED, timezone.now()
    build.data_to, build.days, build.rows = data_to, days, rows  # type: ignore[assignment]
    build.save(update_fields=["state", "finished_at", "data_to", "days", "rows"])


def release(build: Build, problem: BaseException) -> None:
    """End a build that failed, whatever state the connection is in, so that the next one need not wait."""
    drop_broken_connection()
    try:
        Build.objects.filter(pk=build.pk, state=Build.State.RUNNING).update(
            state=Build.State.FAILED, finished_at=timezone.now(), error=type(problem).__name__[:ERROR_LENGTH]
        )
    except DatabaseError:  # the lease will run out; what matters is the problem itself, which the caller raises
        log.exception("build_not_released", build=build.pk)


def _free(builds: "QuerySet[Build]") -> "QuerySet[Build]":
    if connection.features.has_select_for_update_skip_locked:
        return builds.select_for_update(skip_locked=True)
    return builds


def _running() -> BuildRunning:
    other = Build.objects.filter(state=Build.State.RUNNING).first()
    since = f" since {date_format(timezone.localtime(other.started_at), 'H:i')}" if other else ""
    return BuildRunning(f"Another build has been running{since}; its figures will be there in a moment.")
