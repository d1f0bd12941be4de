"""`manage.py test`, handed over to pytest."""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError

NO_TESTS_COLLECTED = 5


class PytestRunner:
    """Runs pytest in a process of its own, so that it settles database and settings before Django starts."""

    def __init__(self, *, verbosity: int = 1, failfast: bool = False, **options: Any) -> None:
        self.arguments = ["--exitfirst"] if failfast else []
        self.arguments += {0: ["-q"], 1: []}.get(verbosity, ["-v"])
        for name in ("-k", "-m", "-n"):
            if value := options.get(name.strip("-")):
                self.arguments += [name, value]

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """The options of pytest that are worth having here."""
        parser.add_argument("-k", help="Only tests whose names match this expression.")
        parser.add_argument("-m", help="Only tests whose marks match this expression.")
        parser.add_argument("-n", help="How many processes run tests side by side.")

    def run_tests(self, test_labels: list[str], **_kwargs: Any) -> int:
        """Run the labels (paths, `path::test`, or dotted names of packages); return how many tests failed."""
        if settings.SETTINGS_MODULE.endswith("settings_prod"):
            raise CommandError(
                "Tests do not run under purelaka.settings_prod: that module sends every plain request to "
                "https, so the test client would get 301 redirects instead of pages. "
                "Unset DJANGO_SETTINGS_MODULE."
            )
        with tempfile.TemporaryDirectory() as directory:
            report = Path(directory) / "report.xml"
            labels = [as_path(label) for label in test_labels]
            command = [sys.executable, "-m", "pytest", *self.arguments, f"--junitxml={report}", *labels]
            status = subprocess.run(command, check=False, cwd=settings.BASE_DIR).returncode  # noqa: S603  ourselves
            return failures(report, status)


def as_path(label: str) -> str:
    """A label as pytest takes it: Django's `orders.tests.test_placing` is a path there."""
    if "/" in label or "::" in label or Path(settings.BASE_DIR, label).exists():
        return label
    path = Path(*label.split("."))
    module = path.with_suffix(".py")
    return str(module if Path(settings.BASE_DIR, module).exists() else path)


def failures(report: Path, status: int) -> int:
    """How many tests failed, at least one if pytest itself did not end well."""
    if status == 0:
        return 0
    if status == NO_TESTS_COLLECTED or not report.exists():
        return 1
    suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314  the file that pytest has just written
    return max(1, sum(int(suite.get("failures", 0)) + int(suite.get("errors", 0)) for suite in suites))
