"""A real worker in a process of its own, on the database of the test, with a mail server that is two files."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection

CONNECTION = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
SETTINGS = """
import json
from purelaka.settings import *
DATABASES["default"].update(json.loads({connection!r}))
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"]["timeout"] = 1
MAILERS = {{"default": {{"BACKEND": "trial_mail.EmailBackend"}}}}
"""
MAIL_SERVER = """
import os, signal, time
from pathlib import Path
from django.core.mail.backends.base import BaseEmailBackend

HERE = Path(__file__).parent

class EmailBackend(BaseEmailBackend):
    def send_messages(self, messages):
        (HERE / "reached").touch()
        while (HERE / "hold").exists():
            time.sleep(0.02)
        with (HERE / "sent").open("a") as sent:
            for message in messages:
                sent.write(message.extra_headers["Message-ID"] + "\\n")
        if (HERE / "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return len(messages)
"""


class WorkerProcess:
    """`manage.py worker`. A file `hold` keeps its mail server from answering, `die` kills it right after the answer."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "log"
        names = json.dumps({name: str(connection.settings_dict[name]) for name in CONNECTION})
        (directory / "trial_settings.py").write_text(SETTINGS.format(connection=names))
        (directory / "trial_mail.py").write_text(MAIL_SERVER)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the worker."""
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "trial_settings",
            "PYTHONPATH": f"{self.directory}{os.pathsep}{settings.BASE_DIR}",
            "LOG_FORMAT": "json",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"], cwd=settings.BASE_DIR, env=environment, stderr=log, stdout=log
            )

    def send_signal(self, number: int) -> None:
        """Send a signal to the worker."""
        self.process.send_signal(number)

    def exit_code(self) -> int:
        """Wait for the worker to end and return its exit code."""
        return self.process.wait(timeout=20)

    def is_alive(self) -> bool:
        """Whether the worker still runs."""
        return self.process.poll() is None

    def close(self) -> None:
        """Make sure that nothing is left behind."""
        if self.process is not None and self.is_alive():
            self.process.kill()
            self.process.wait(timeout=20)

    def sent(self) -> list[str]:
        """The Message-IDs that its mail server took, in order."""
        file = self.directory / "sent"
        return file.read_text().split() if file.exists() else []

    def events(self) -> list[str]:
        """The names of what it logged, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line)["event"] for line in lines if line.startswith("{")]


def wait_until(holds: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait for something to become true, or fail the test."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
