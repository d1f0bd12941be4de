"""What files need by the clock."""

from datetime import time, timedelta

from analytics.exports.expiring import expire_files, remove_leftovers
from analytics.exports.running import write_due_files
from analytics.exports.scheduling import ask_for_due_files
from core.jobs import job


@job("analytics.write_exports", every=timedelta(minutes=1))
def write_what_waits() -> None:
    """Write files that are due for another attempt, and those that a worker that died had taken."""
    write_due_files()


@job("analytics.schedule_exports", at=time(1, 0))
def ask_for_scheduled_files() -> None:
    """Ask for the files whose period is over; by one o'clock the snapshots hold the last day whole."""
    ask_for_due_files()


@job("analytics.expire_exports", every=timedelta(hours=1))
def delete_old_files() -> None:
    """Delete files that have expired, and what was left half written."""
    expire_files()
    remove_leftovers()
