"""Write the documents that are generated from code, or check that those in the repository are current."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.contracts import DOCUMENTS, difference, write_documents


class Command(BaseCommand):
    """`contracts` writes; `contracts --check` shows the differences and exits 1 if there are any."""

    help = "Write the documents that are generated from code (--check: only compare, exit 1 on a difference)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Change nothing; exit 1 if one is not current.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            written = write_documents()
            self.stdout.write("\n".join(f"wrote {path}" for path in written) or "All documents are current.")
            return
        differences = [text for path in sorted(DOCUMENTS) if (text := difference(path))]
        if differences:
            self.stdout.write("\n".join(differences))
            self.stderr.write("Run `python manage.py contracts` and commit what it writes.")
            sys.exit(1)
        self.stdout.write(f"{len(DOCUMENTS)} documents are current.")
