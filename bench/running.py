"""What every benchmark runs on: a PostgreSQL of its own, the shop in gunicorn, and the page of figures."""

import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
import psycopg

from tools.temporary_postgres import FOR_BENCH, TemporaryPostgres

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
RESULTS = ROOT / "bench" / "RESULTS.md"
HOST = "127.0.0.1"
WORKERS, THREADS = 2, 4
LONGEST = 30 * 60  # seconds that any one command may take


@dataclass(frozen=True)
class Shop:
    """A shop of the benchmark's own: how its commands are run and its database is asked."""

    environment: dict[str, str]
    database: str
    port: int

    def manage(self, *arguments: str) -> str:
        """Run a management command; what it printed."""
        return self.run("manage.py", *arguments)

    def run(self, *arguments: str) -> str:
        """Run Python in the shop's environment; what it printed."""
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True, timeout=LONGEST
        )
        print(done.stdout, end="", flush=True)
        return done.stdout

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that commits by itself."""
        return psycopg.connect(self.database, autocommit=True)

    def seed(self, *options: str) -> str:
        """Migrate, fill the database and collect what the pages link to; what `seed_demo` printed."""
        self.manage("migrate", "--verbosity", "0")
        told = self.manage("seed_demo", *options)
        self.manage("build_snapshots")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")
        self.settle()
        return told

    def settle(self) -> None:
        """Give the database's planner its statistics."""
        with self.connect() as connection:
            connection.execute("VACUUM ANALYZE")


@contextmanager
def shop() -> Iterator[Shop]:
    """Set up an empty shop as production serves it, over plain http on this machine; everything goes afterwards."""
    server = TemporaryPostgres(FOR_BENCH)
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        with tempfile.TemporaryDirectory() as directory:
            port = free_port()
            environment = os.environ | {
                "DJANGO_SETTINGS_MODULE": "purelaka.settings",
                "PURELAKA_NO_ENV_FILE": "1",
                "SECRET_KEY": "throw-away-value-for-the-benchmark-0123456789-abcdefghijklmnop",
                "DATABASE_URL": server.url("bench"),
                "MEDIA_ROOT": f"{directory}/media",
                "EXPORTS_ROOT": f"{directory}/exports",
                "STATIC_HASHED": "1",
                "STORE_BASE_URL": f"http://{HOST}:{port}",
                "LOG_LEVEL": "WARNING",
                "EMAIL_URL": "dummymail://",
                "DEBUG": "0",
            }
            yield Shop(environment, server.get_uri("bench"), port)
    finally:
        server.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Served:
    """A running server: its address, and the process id of its arbiter."""

    address: str
    pid: int


@contextmanager
def gunicorn(
    application: str, environment: dict[str, str], port: int, *, workers: int = WORKERS, page: str = ""
) -> Iterator[Served]:
    """Serve an application; yields once it answers for one of its pages."""
    command = [BIN / "gunicorn", application, "--bind", f"{HOST}:{port}", "--worker-class", "gthread"]
    command += ["--workers", str(workers), "--threads", str(THREADS), "--keep-alive", "30", "--log-level", "warning"]
    server = subprocess.Popen([*command, "--no-control-socket"], cwd=ROOT, env=environment)
    try:
        address = f"http://{HOST}:{port}/"
        _wait_for(address + page, server)
        yield Served(address, server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


def _wait_for(address: str, server: subprocess.Popen) -> None:
    """Return when the server answers; raise if it ends or a minute has passed."""
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"{address} does not answer")


def load() -> float:
    """How many processes wanted a core in the last minute."""
    return os.getloadavg()[0]


def circumstances(shop: Shop, *, load_before: float) -> str:
    """Machine, load, versions and server, as lines of a list."""
    with shop.connect() as connection:
        postgres = connection.execute("SHOW server_version").fetchone()[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    busy = ": other work took its share, so read figures beside their references" if load_before > 1 else ""
    return f"""- Machine: {os.cpu_count()} cores, {memory:.0f} GiB of memory, shared by server, database and client.
- Load average before the run: {load_before:.1f}{busy}.
- Versions: Python {platform.python_version()}, Django {django.get_version()}, PostgreSQL {postgres}, durable.
- Server: gunicorn gthread, {WORKERS} workers of {THREADS} threads, `DEBUG=0`."""


def keep(title: str, text: str) -> None:
    """Print a section and put it into the page of figures, in the place of the one with the same title."""
    section = f"# {title}\n\nMeasured on {datetime.now(UTC):%Y-%m-%d}. {text.strip()}\n"
    print(f"\n{section}")
    before = RESULTS.read_text() if RESULTS.exists() else ""
    sections = [part.strip() + "\n" for part in re.split(r"^# ", before, flags=re.MULTILINE) if part]
    parts = {part.partition("\n")[0]: part for part in sections}
    parts[title] = section.removeprefix("# ")
    RESULTS.write_text("\n".join(f"# {part}" for part in parts.values()))
