"""`manage.py import_history FILE.jsonl [--source NAME] [--dry-run]`: years of orders from another shop."""

import gzip
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from history.importing import DEFAULT_SOURCE, Outcome, import_history
from history.kinds import KINDS
from history.progress import Progress

EPILOG = f"""
One JSON object a line. Types: {", ".join(sorted(KINDS))}.
A bad line is reported as `line N: field: reason`. A batch is written whole or not at all; the exit status is 1 on any
bad line, and nothing after it is written. The same file again changes nothing.
"""


class Command(BaseCommand):
    """Reads, imports, shows progress; bad lines go to stderr."""

    help = "Import orders, refunds, parcels, stock and customers of another shop, so that every figure holds for them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = EPILOG
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("file", help="a .jsonl or .jsonl.gz file, or - for standard input")
        parser.add_argument("--source", default=DEFAULT_SOURCE, help="a name for where it comes from: %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="write nothing, and report every bad line")

    def handle(self, *, file: str, source: str, dry_run: bool, **options: Any) -> None:
        """Import; exit status 1 where a line is bad."""
        reported = 0

        def tell(outcome: Outcome) -> None:
            nonlocal reported
            for bad in outcome.bad[reported:]:
                self.stderr.write(str(bad))
            reported = len(outcome.bad)
            progress(outcome)

        try:
            with opened(file) as (lines, share_read):
                progress = Progress(self.stdout.write, share_read)
                outcome = import_history(lines, source=source, dry_run=dry_run, progress=tell)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        except (OSError, EOFError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        self._report(outcome, dry_run=dry_run)

    def _report(self, outcome: Outcome, *, dry_run: bool) -> None:
        counts = [f"{count:,} {kind}" for kind, count in sorted(outcome.new.items())]
        verb = "would be imported" if dry_run else "imported"
        self.stdout.write(f"{outcome.rows:,} lines read; {verb}: {', '.join(counts) or 'nothing'}")
        if outcome.known:
            self.stdout.write(f"{outcome.known:,} lines were known already and changed nothing")
        if outcome.expired:
            self.stdout.write(f"{outcome.expired:,} unpaid orders were past their time and are canceled")
        if outcome.bad:
            rest = "" if dry_run else "; neither its batch nor anything after it was written"
            raise CommandError(f"{len(outcome.bad):,} bad lines, the first is line {outcome.bad[0].number}{rest}.")


@contextmanager
def opened(file: str) -> Iterator[tuple[Iterator[bytes], Callable[[], float | None]]]:
    """Open a file, a compressed one, or standard input; yield its lines and what share of it has been read."""
    if file == "-":
        yield lines_of(sys.stdin.buffer), lambda: None
        return
    with Path(file).open("rb") as raw:
        size = os.fstat(raw.fileno()).st_size
        stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if file.endswith(".gz") else raw  # type: ignore[assignment]
        yield lines_of(stream), lambda: raw.tell() / size if size else None


def lines_of(stream: IO[bytes], *, longest: int = 2_000_000) -> Iterator[bytes]:
    """Yield lines; of one that is much too long the beginning alone, so that no file fills the memory."""
    while line := stream.readline(longest):
        yield line
        while line and not line.endswith(b"\n"):
            line = stream.readline(longest)
