"""A pass over checks: under one lease, each with a time limit of its own, findings recorded before any repair."""

import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from core.errors import DomainError
from monitoring.models import CheckResult, CheckRun, Issue
from monitoring.registry import CannotRun, Check
from monitoring.repairs import repair_issues
from monitoring.sightings import collect, write_sightings

LEASE = timedelta(minutes=5)
STATEMENT_SECONDS = 20
ERROR_LENGTH = 4_000
Status = CheckResult.Status
log = structlog.get_logger("purelaka.checks")


class AnotherRun(DomainError):
    """Another run holds the lease."""


class LeaseLost(Exception):
    """This run took so long that another one has begun."""


@dataclass(frozen=True)
class Pass:
    """What a run came to. `found` is what each check saw, `left` the same after repairs, where there were any."""

    run: CheckRun
    found: list[CheckResult]
    left: list[CheckResult]

    @property
    def open(self) -> int:
        """Open issues of the checks of this run, as it left them."""
        return sum(result.open for result in self.left)

    @property
    def resolved(self) -> int:
        """Issues that this run closed."""
        again = [result for result in self.left if result not in self.found]
        return sum(result.resolved for result in (*self.found, *again))

    @property
    def is_broken(self) -> bool:
        """Whether a check crashed or could not run."""
        return any(result.status in (Status.CRASHED, Status.SKIPPED) for result in (*self.found, *self.left))


def run_checks(
    checks: Sequence[Check], *, trigger: str, is_full: bool, actor: User | None = None, with_repairs: bool = False
) -> Pass:
    """Run checks and bring the issues to what they saw; with repairs, then repair what is safe and look again.

    Raises AnotherRun while another run is on. A check that raises is recorded as crashed, and the others go on.
    """
    run = begin(trigger=trigger, is_full=is_full, actor=actor)
    found = [_take(run, check) for check in checks]
    left = found
    if with_repairs:
        repaired = {check.id for check in checks if repair_issues(check, actor=actor)}
        again = {check.id: _take(run, check) for check in checks if check.id in repaired}
        left = [again.get(result.check_id, result) for result in found]
    CheckRun.objects.running().filter(pk=run.pk).update(state=CheckRun.State.FINISHED, finished_at=timezone.now())
    return Pass(run, found, left)


def begin(*, trigger: str, is_full: bool, actor: User | None = None) -> CheckRun:
    """Take the lease by writing the row of a run; a run whose lease ran out is marked as died. Raises AnotherRun."""
    now = timezone.now()
    CheckRun.objects.running().filter(lease_until__lt=now).update(state=CheckRun.State.DIED, finished_at=now)
    try:
        with transaction.atomic():
            return CheckRun.objects.create(
                trigger=trigger,
                is_full=is_full,
                actor_id=actor.pk if actor else None,
                started_at=now,
                lease_until=now + LEASE,
            )
    except IntegrityError as error:
        raise AnotherRun("The checks are running already; their results will be here in a moment.") from error


def _take(run: CheckRun, check: Check) -> CheckResult:
    """Run one check and keep its result, whatever becomes of it."""
    began = time.monotonic()
    result = CheckResult(run=run, check_id=check.id)
    try:
        _hold(run)
        result.examined, result.resolved = _look(check)
    except (CannotRun, LeaseLost) as reason:
        result.status, result.error = Status.SKIPPED, str(reason)[:ERROR_LENGTH]
        log.warning("check_skipped", check=check.id, reason=str(reason))
    except Exception:  # the edge of the loop: one check that fails must not stop the others
        result.status, result.error = Status.CRASHED, traceback.format_exc()[-ERROR_LENGTH:]
        log.exception("check_crashed", check=check.id)
    result.open = Issue.objects.filter(check_id=check.id).open().count()
    result.status = result.status or (Status.ISSUES if result.open else Status.PASSED)
    result.seconds = time.monotonic() - began
    result.at = timezone.now()
    result.save()
    return result


def _hold(run: CheckRun) -> None:
    """Keep the lease for the next check."""
    held = CheckRun.objects.running().filter(pk=run.pk).update(lease_until=timezone.now() + LEASE)
    if not held:
        raise LeaseLost("The run lost its lease to another one.")


def _look(check: Check) -> tuple[int, int]:
    """Look, then record: the rows examined, and the issues resolved."""
    with nullcontext() if check.asks_outside else time_limit():
        look = check.look()
        sightings = collect(check, look.findings)
    return look.examined, write_sightings(check, look, sightings, at=timezone.now())


@contextmanager
def time_limit(seconds: float = STATEMENT_SECONDS) -> Iterator[None]:
    """Let no statement inside the block run longer (PostgreSQL; SQLite has no such limit and reads outside atomic)."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(seconds * 1000)}ms"])
        yield
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
