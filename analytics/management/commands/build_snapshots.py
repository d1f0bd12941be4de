"""`manage.py build_snapshots [--full | --days N | --day D]`: bring the figures up to date with the ledger."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.figures.windows import LONGEST
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES, FULL, Scope, last_days, one_day
from analytics.snapshots.leasing import BuildRunning


def a_day(text: str) -> date:
    """Read a day from the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a day; write it like 2026-06-01.") from None


def a_count(text: str) -> int:
    """Read a number of days from the command line."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LONGEST:
        raise ArgumentTypeError(f"“{text}” is not a number of days from 1 to {LONGEST}.")
    return int(text)


class Command(BaseCommand):
    """Builds, says how far it is, and what it came to."""

    help = "Build the snapshots that every figure is read from: the days that changed, unless told otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--full", action="store_true", help="every day from the first fact to today")
        which.add_argument("--days", type=a_count, metavar="N", help="the last N days, the last of which is today")
        which.add_argument("--day", type=a_day, metavar="D", help="one day, like 2026-06-01")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build; exit status 1 while another build runs."""
        try:
            result = build_snapshots(self._scope(options), progress=self._tell)
        except BuildRunning as refusal:
            raise CommandError(refusal.message) from refusal
        if result.build is None:
            self.stdout.write(f"Nothing to do: every day is built ({result.seconds:.2f} s).")
            return
        self.stdout.write(
            f"Build {result.build.pk}: {result.days:,} days, {result.rows:,} rows, {result.seconds:.2f} s"
        )

    def _scope(self, options: dict[str, Any]) -> Scope:
        if options["full"]:
            return FULL
        if options["days"]:
            return last_days(options["days"])
        return one_day(options["day"]) if options["day"] else CHANGES

    def _tell(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"{done:,} of {total:,} days", ending="\r" if done < total else "\n")
