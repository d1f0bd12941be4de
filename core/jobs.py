"""Work by the clock: jobs are declared beside what they do, and each of their slots is run by one worker.

A worker owns the slot whose `JobRun` it inserted: no leader, and the same on both databases. Slots that passed while no
worker ran are not made up for; the latest one is.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import structlog
from django.db import connection
from django.utils import timezone

from core.days import business_day, store_zone
from core.db import drop_broken_connection, is_temporary
from core.models import JobRun

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ERROR_LENGTH = 4_000
log = structlog.get_logger("purelaka.jobs")


@dataclass(frozen=True)
class Job:
    """A function and when it runs: every so often, or at a time of day in the store's zone."""

    name: str
    run: Callable[[], object]
    every: timedelta | None = None
    at: time | None = None

    def slot(self, now: datetime) -> datetime:
        """Return the latest moment, not after `now`, at which this job was to start (UTC)."""
        if self.every is not None:
            return EPOCH + (now - EPOCH) // self.every * self.every
        today = business_day(now)
        slot = self._at(today)
        return slot if slot <= now else self._at(today - timedelta(days=1))

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, self.at or time.min, tzinfo=store_zone()).astimezone(UTC)


JOBS: dict[str, Job] = {}


def job[Function: Callable[[], object]](
    name: str, *, every: timedelta | None = None, at: time | None = None
) -> Callable[[Function], Function]:
    """Declare a function without arguments as a job. Exactly one of `every` and `at` (the store's zone) is given."""
    if (every is None) == (at is None):
        raise ValueError(f"job {name} needs either an interval or a time of day")

    def declare(function: Function) -> Function:
        if name in JOBS and JOBS[name].run is not function:
            raise ValueError(f"there are two jobs named {name}")
        JOBS[name] = Job(name, function, every, at)
        return function

    return declare


def run_due_jobs(now: datetime | None = None) -> int:
    """Run each job whose latest slot nobody has taken; return how many ran."""
    return sum(run_slot(due, slot) for due, slot in open_slots(now or timezone.now()))


def open_slots(now: datetime) -> list[tuple[Job, datetime]]:
    """Return the jobs whose latest slot nobody has taken, with one query."""
    slots = {declared.name: declared.slot(now) for declared in list(JOBS.values())}
    taken = set(JobRun.objects.filter(job__in=slots, slot_at__in=set(slots.values())).values_list("job", "slot_at"))
    return [(JOBS[name], slot) for name, slot in slots.items() if (name, slot) not in taken]


def run_slot(due: Job, slot: datetime) -> bool:
    """Take the slot and run the job; return False if another worker was faster. A failure is recorded, not raised."""
    if not take_slot(due.name, slot):
        return False
    run = JobRun.objects.filter(job=due.name, slot_at=slot)
    structlog.contextvars.bind_contextvars(job=due.name)
    try:
        due.run()
    except Exception as problem:  # a job that fails must not stop the others
        if is_temporary(problem):  # give the slot back, so that it is run once the database answers again
            drop_broken_connection()
            run.delete()
            raise
        log.exception("job_failed")
        error = traceback.format_exc()[-ERROR_LENGTH:]
        run.update(state=JobRun.State.FAILED, finished_at=timezone.now(), error=error)
    else:
        run.update(state=JobRun.State.SUCCEEDED, finished_at=timezone.now())
    finally:
        structlog.contextvars.unbind_contextvars("job")
    return True


def take_slot(name: str, slot: datetime) -> bool:
    """Insert the run of a slot; return whether it was this worker who did."""
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_jobrun (job, slot_at, state, started_at, error) VALUES (%s, %s, %s, %s, '') "
            "ON CONFLICT (job, slot_at) DO NOTHING",
            [name, adapt(slot), JobRun.State.RUNNING.value, adapt(timezone.now())],
        )
        return cursor.rowcount == 1
