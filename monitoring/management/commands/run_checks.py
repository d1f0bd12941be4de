"""`manage.py run_checks [--fail-on-issues] [--fail-on SEVERITY] [--only ID]... [--repair] [--json]`."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring.models import CheckResult, CheckRun, Severity
from monitoring.registry import CHECKS, Check, all_checks
from monitoring.running import AnotherRun, Pass, run_checks

CLEAN, ISSUES, BROKEN, BUSY = 0, 1, 2, 3


class Command(BaseCommand):
    """Runs the checks, a line for each, and ends with `open=N resolved=N`; `docs/checks.md` has the exit status."""

    help = "Run the data-quality checks. Exit status: 1 open issues (if asked), 2 a check crashed, 3 another run is on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fail-on-issues", action="store_true", help="Exit 1 if any issue is open.")
        parser.add_argument("--fail-on", choices=Severity.values, help="Exit 1 if one this severe, or worse, is open.")
        parser.add_argument("--only", action="append", metavar="ID", help="Run this check; may be given again.")
        parser.add_argument("--repair", action="store_true", help="Afterwards repair what is safe, and look again.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object and nothing else.")

    def handle(self, **options: Any) -> None:
        """Run, print, exit."""
        checks = chosen(options["only"])
        try:
            done = run_checks(
                checks,
                trigger=CheckRun.Trigger.COMMAND,
                is_full=not options["only"],
                with_repairs=options["repair"],
            )
        except AnotherRun as refusal:
            raise CommandError(refusal.message, returncode=BUSY) from refusal
        self.stdout.write(as_json(done) if options["json"] else as_text(done))
        sys.exit(exit_status(done, fail_on_issues=options["fail_on_issues"], fail_on=options["fail_on"]))


def chosen(only: list[str] | None) -> list[Check]:
    """Return the checks to run. Raises CommandError for an id that there is not: that check could not run."""
    if not only:
        return all_checks()
    unknown = sorted(set(only) - set(CHECKS))
    if unknown:
        raise CommandError(f"There is no check {', '.join(unknown)}. docs/checks.md lists them.", returncode=BROKEN)
    return [CHECKS[check_id] for check_id in dict.fromkeys(only)]


def exit_status(done: Pass, *, fail_on_issues: bool, fail_on: str | None) -> int:
    """Return the exit status: that of the findings before any repair."""
    if done.is_broken:
        return BROKEN
    failing = set(Severity(fail_on).and_worse()) if fail_on else set()
    failing |= set(Severity) if fail_on_issues else set()
    severe = any(result.open and CHECKS[result.check_id].severity in failing for result in done.found)
    return ISSUES if severe else CLEAN


def as_json(done: Pass) -> str:
    """Return the run as one JSON object."""
    checks = [result.as_json() for result in done.left]
    return json.dumps({"checks": checks, "open": done.open, "resolved": done.resolved})


def as_text(done: Pass) -> str:
    """Return the run as a line for each check, and the counts."""
    lines = [line(result) for result in done.left]
    return "\n".join([*lines, f"open={done.open} resolved={done.resolved}"])


def line(result: CheckResult) -> str:
    """Return what one check came to; of a crash the last line of its traceback."""
    note = f"  {result.error.strip().splitlines()[-1]}" if result.error else ""
    counts = f"examined {result.examined:>9,}  open {result.open:>3}"
    return f"{result.status:<8} {result.check_id:<32} {counts}  {result.seconds:6.2f} s{note}"
