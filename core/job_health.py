"""Whether the jobs run: for each, the latest of its slots that somebody took."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from core.jobs import JOBS, Job
from core.models import JobRun

BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class JobHealth:
    """A job and its latest run; `state` is a value of the kind `job`, or `missed` if two slots passed without a run."""

    name: str
    state: str
    started_at: datetime | None
    error: str = ""


def job_health(now: datetime) -> list[JobHealth]:
    """Return every job with how it is, those in trouble first. One query."""
    slots = {job.name: _slots(job, now) for job in JOBS.values()}
    if not slots:
        return []
    named = Q()
    for name, moments in slots.items():
        named |= Q(job=name, slot_at__in=moments)
    latest: dict[str, JobRun] = {}
    for run in JobRun.objects.filter(named).order_by("slot_at"):
        latest[run.job] = run
    found = [_health(name, latest.get(name)) for name in slots]
    return sorted(found, key=lambda job: (job.state not in ("failed", "missed"), job.name))


def _slots(job: Job, now: datetime) -> list[datetime]:
    slot = job.slot(now)
    return [slot, job.slot(slot - BEFORE)]


def _health(name: str, run: JobRun | None) -> JobHealth:
    if run is None:
        return JobHealth(name, "missed", None)
    last_line = run.error.strip().splitlines()[-1:] or [""]
    return JobHealth(name, run.state, run.started_at, last_line[0][:200])
