"""The simulator as a process of its own, with its own database: started, paid at over HTTP, told to misbehave."""

import re
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings

from tests.architecture.files import ROOT
from tests.drills import serving

LAST_PAGE = "/static/stripe_simulator/pay.css"


class ServedStripe:
    """A served simulator; a context manager. `webhook` is where it sends its events, signed."""

    def __init__(self, directory: Path, *, webhook: str = "", database: str = "stripe.sqlite3") -> None:
        self.directory = directory
        self.port = serving.free_port()
        self.url = f"http://{serving.HOST}:{self.port}"
        self.database = directory / database
        self.environment = serving.bare_environment() | {
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "stripe_simulator.settings",
            "STRIPE_SIMULATOR_DATABASE": str(self.database),
            "STRIPE_SIMULATOR_WEBHOOK_URL": webhook,
            "STRIPE_SECRET_KEY": settings.STRIPE_SECRET_KEY,
            "STRIPE_WEBHOOK_SECRETS": ",".join(settings.STRIPE_WEBHOOK_SECRETS),
        }

    def __enter__(self) -> Self:
        migrate = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=self.directory, env=self.environment, check=True, timeout=120)
        command = ["gunicorn", "stripe_simulator.wsgi", "--bind", f"{serving.HOST}:{self.port}", "--threads", "8"]
        command += ["--no-control-socket"]
        self.process = serving.start(command, self.directory, self.environment)
        serving.wait_until(self._answers, why=lambda: serving.said(self.directory))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=40)

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the simulator ended"
        try:
            with urllib.request.urlopen(self.url + LAST_PAGE, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def pay(self, page: str, card: str) -> str:
        """Pay on a payment page as a browser does; where it leads on to."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), Stay())
        form = browser.open(page, timeout=20).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token is not None, form
        fields = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], "card": card})
        request = urllib.request.Request(page, data=fields.encode(), headers={"Referer": page})
        try:
            browser.open(request, timeout=20)
        except urllib.error.HTTPError as redirect:
            return redirect.headers["Location"] or ""
        return ""

    def fail_next(self, operation: str, mode: str) -> None:
        """Let the next request to an operation go wrong, as `stripe_simulator.control.fail_next` does."""
        with sqlite3.connect(self.database, timeout=30) as tables:
            tables.execute(
                "INSERT INTO stripe_simulator_fault (area, subject, mode, seconds, remaining) "
                "VALUES ('request', ?, ?, NULL, 1)",
                [operation, mode],
            )


class Stay(urllib.request.HTTPRedirectHandler):
    """A browser that shows where it is sent instead of going there."""

    def redirect_request(self, *_: object) -> None:
        return None
