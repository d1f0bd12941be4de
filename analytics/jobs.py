"""Snapshots by the clock."""

from datetime import time, timedelta

from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.snapshots.leasing import BuildRunning
from analytics.summary.sending import send_summaries
from core.jobs import job


@job("analytics.build_snapshots", every=timedelta(minutes=5))
def build_changed_days() -> None:
    """Build the days that changed; while another build runs, leave it to that one."""
    try:
        build_snapshots(CHANGES)
    except BuildRunning:
        return


@job("analytics.send_weekly_summaries", at=time(7))
def send_weekly_summaries() -> None:
    """Send last week's summary on Monday morning; on the other days to those whom a worker that stood still missed."""
    send_summaries()
