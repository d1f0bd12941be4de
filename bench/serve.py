"""`make bench`: requests a second of the shop's busiest pages on PostgreSQL, beside a bare Django view."""

import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import django
import psycopg

from bench.load import requests_a_second, tool
from tools.temporary_postgres import FOR_BENCH, TemporaryPostgres

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
RESULTS = ROOT / "bench" / "RESULTS.md"
HOST = "127.0.0.1"
WORKERS, THREADS = 2, 4
CONNECTIONS = 16
WARM_UP_SECONDS, ROUND_SECONDS, ROUNDS = 3.0, 5.0, 3
BUSY = ". **The machine was busy with other work: these are lower bounds, no comparison**; run it again when it is idle"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextmanager
def gunicorn(application: str, environment: dict[str, str], port: int) -> Iterator[str]:
    """Serve an application; yields its address once it answers."""
    command = [
        BIN / "gunicorn",
        application,
        "--bind",
        f"{HOST}:{port}",
        "--worker-class",
        "gthread",
        "--no-control-socket",
    ]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--keep-alive", "30", "--log-level", "warning"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        address = f"http://{HOST}:{port}/"
        wait_for(address, server)
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


def wait_for(address: str, server: subprocess.Popen) -> None:
    """Return when the server answers; raise if it ends or a minute has passed."""
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"{address} does not answer")


def measure(address: str) -> float:
    """Requests a second: the median of the rounds, after a warm-up."""
    requests_a_second(address, connections=CONNECTIONS, seconds=WARM_UP_SECONDS)
    rounds = [requests_a_second(address, connections=CONNECTIONS, seconds=ROUND_SECONDS) for _ in range(ROUNDS)]
    return statistics.median(rounds)


def product_address(address: str) -> str:
    """A product page that the listing links to."""
    with urllib.request.urlopen(f"{address}shop/", timeout=30) as answer:
        found = re.search(r'href="(/products/[^"/]+/)"', answer.read().decode())
    if found is None:
        raise RuntimeError("The listing links to no product: is the database seeded?")
    return address.rstrip("/") + found[1]


def shop_environment(database_url: str, port: int, directory: str) -> dict[str, str]:
    """The shop as production serves it, over plain http on this machine."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "purelaka.settings",
        "PURELAKA_NO_ENV_FILE": "1",
        "SECRET_KEY": "throw-away-value-for-the-benchmark-0123456789-abcdefghijklmnop",
        "DATABASE_URL": database_url,
        "MEDIA_ROOT": f"{directory}/media",
        "STATIC_HASHED": "1",
        "STORE_BASE_URL": f"http://{HOST}:{port}",
        "LOG_LEVEL": "WARNING",
        "DEBUG": "0",
    }


def seed(environment: dict[str, str]) -> None:
    """Migrate and fill the database, and collect what the pages link to."""
    for arguments in ("migrate --verbosity 0", "seed_demo", "build_snapshots", "collectstatic --noinput --verbosity 0"):
        command = [sys.executable, "manage.py", *arguments.split()]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)


def memory_gib() -> float:
    """The memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def report(figures: dict[str, float], postgres: str, *, load: float) -> str:
    """The figures as a page: what was measured, how, and on what."""
    bare = figures["bare Django view"]
    rows = "\n".join(f"| {name} | {figure:,.0f} | {figure / bare:.1%} |" for name, figure in figures.items())
    return f"""# Requests a second

Made by `make bench` on {datetime.now(UTC):%Y-%m-%d}. Every answer was a 200.

- Machine: {os.cpu_count()} cores, {memory_gib():.0f} GiB of memory, shared by server, database and load.
- Load average before the run: {load:.1f}{BUSY if load > 1 else ""}.
- Versions: Python {platform.python_version()}, Django {django.get_version()}, PostgreSQL {postgres}.
- Server: gunicorn gthread, {WORKERS} workers of {THREADS} threads, `DEBUG=0`; the data of `seed_demo`.
- Load: {tool()}, {CONNECTIONS} kept-alive connections on loopback, {WARM_UP_SECONDS:.0f} s of warm-up,
  median of {ROUNDS} rounds of {ROUND_SECONDS:.0f} s.

| page | requests a second | of the bare view |
|---|---|---|
{rows}
"""


def bench(server: TemporaryPostgres, directory: str) -> str:
    """Seed a database on the server, measure, and return the page of figures."""
    load = os.getloadavg()[0]
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench")
        version = connection.execute("SHOW server_version").fetchone()[0]
    port = free_port()
    environment = shop_environment(server.url("bench"), port, directory)
    seed(environment)
    with psycopg.connect(server.get_uri("bench"), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    with gunicorn("bench.bare", dict(os.environ), free_port()) as address:
        figures = {"bare Django view": measure(address)}
    with gunicorn("purelaka.wsgi", environment, port) as address:
        figures["home"] = measure(address)
        figures["listing"] = measure(f"{address}shop/")
        figures["product"] = measure(product_address(address))
    return report(figures, version, load=load)


def main() -> None:
    """Measure, print and keep the figures."""
    server = TemporaryPostgres(FOR_BENCH)
    try:
        with tempfile.TemporaryDirectory() as directory:
            page = bench(server, directory)
    finally:
        server.stop()
    print(page)
    RESULTS.write_text(page)


if __name__ == "__main__":
    main()
