"""`manage.py rebase_business_days`: after STORE_TIME_ZONE was changed, every stored business day is worked out anew."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.snapshots.leasing import BuildRunning
from analytics.snapshots.rebasing import Rebased, days_to_rebase, rebase_business_days
from core.errors import NotAllowedInState


class Command(BaseCommand):
    """Says what it changes, and what it came to."""

    help = "Work out every stored business day in STORE_TIME_ZONE, then build every figure. Stop web and worker first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and write nothing")
        parser.add_argument(
            "--keep-closed-months",
            action="store_true",
            help="go on although months are closed: they keep the figures that they were closed with",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebase; exit status 1 if that is refused."""
        if options["dry_run"]:
            self._say(days_to_rebase(), "would get")
            return
        try:
            result = rebase_business_days(keep_closed_months=options["keep_closed_months"], progress=self._tell)
        except (NotAllowedInState, BuildRunning) as refusal:
            raise CommandError(refusal.message) from refusal
        self._say(result, "got")
        if result.build is not None:
            self.stdout.write(f"Built {result.build.days:,} days, {result.build.rows:,} rows.")

    def _say(self, result: Rebased, verb: str) -> None:
        self.stdout.write(f"Business days of {result.before}, worked out for {result.after}:")
        for name, count in result.changed.items():
            self.stdout.write(f"{count:>12,} {name} {verb} another day")

    def _tell(self, name: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"{name}: {done:,} of {total:,}", ending="\r" if done < total else "\n")
