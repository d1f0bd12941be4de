"""What monitoring does by the clock, and the run that somebody asks for on a page."""

from datetime import time, timedelta

import structlog
from django.tasks import task
from django.utils import timezone

from accounts.models import User
from core.jobs import job
from monitoring.models import CheckRun
from monitoring.registry import all_checks
from monitoring.running import AnotherRun, run_checks

KEEP_RUNS = timedelta(days=30)
log = structlog.get_logger("purelaka.checks")


@job("monitoring.run_checks", every=timedelta(minutes=15))
def run_all_checks() -> None:
    """Run every check, unless somebody else does just now."""
    try:
        run_checks(all_checks(), trigger=CheckRun.Trigger.JOB, is_full=True)
    except AnotherRun:
        log.info("checks_running_already")


@job("monitoring.purge_runs", at=time(3, 50))
def purge_runs() -> None:
    """Delete old runs with their results; issues and their history stay."""
    CheckRun.objects.filter(started_at__lt=timezone.now() - KEEP_RUNS).delete()


@task
def run_checks_for(user_id: int) -> None:
    """Run every check because somebody asked for it; if it is lost, the next scheduled run does the same."""
    try:
        run_checks(
            all_checks(),
            trigger=CheckRun.Trigger.PERSON,
            is_full=True,
            actor=User.objects.filter(pk=user_id).first(),
        )
    except AnotherRun:
        log.info("checks_running_already")
