"""What the kernel clears away by the clock."""

from datetime import time, timedelta

from django.core.management import call_command
from django.utils import timezone

from core.jobs import job
from core.models import JobRun
from core.tasks import purge_results

KEEP_RUNS = timedelta(days=90)
LOST_AFTER = timedelta(hours=6)
LOST = "The worker that ran this job ended before the job did."


@job("core.purge_results", every=timedelta(hours=1))
def purge_task_results() -> None:
    """Delete results of tasks that nobody will look at."""
    purge_results()


@job("core.close_lost_runs", every=timedelta(hours=1))
def close_lost_runs() -> None:
    """Mark as failed the runs of jobs whose worker was killed."""
    running = JobRun.objects.filter(state=JobRun.State.RUNNING, started_at__lt=timezone.now() - LOST_AFTER)
    running.update(state=JobRun.State.FAILED, finished_at=timezone.now(), error=LOST)


@job("core.purge_runs", at=time(3, 40))
def purge_runs_and_sessions() -> None:
    """Delete old runs of jobs, and sessions that have expired."""
    JobRun.objects.filter(started_at__lt=timezone.now() - KEEP_RUNS).delete()
    call_command("clearsessions")
