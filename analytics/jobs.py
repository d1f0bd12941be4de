"""Snapshots by the clock."""

from datetime import timedelta

from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.snapshots.leasing import BuildRunning
from core.jobs import job


@job("analytics.build_snapshots", every=timedelta(minutes=5))
def build_changed_days() -> None:
    """Build the days that changed; while another build runs, leave it to that one."""
    try:
        build_snapshots(CHANGES)
    except BuildRunning:
        return
