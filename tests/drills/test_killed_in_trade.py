"""Web and worker killed with SIGKILL, fifty times, in the middle of trade on PostgreSQL: nothing is lost or done twice.

Shoppers buy over HTTP and pay at the served simulator, staff work on the orders, and every few moments a process is
killed without warning and started again. Afterwards everything that waits is let come to its end, and then shop,
Stripe and figures must tell the same story, to the penny: the simulation's own verdict is asked.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings

from tests.architecture.files import ROOT
from tests.drills import serving
from tests.drills.shoppers import Shopper
from tests.served_stripe import ServedStripe
from tools.temporary_postgres import FOR_TESTS, TemporaryPostgres

pytestmark = pytest.mark.drill
KILLS = 50
SHOPPERS = 3
PAUSES = (0.5, 4.0)
DURABLE = FOR_TESTS | {"synchronous_commit": "on"}
FLOOR = [sys.executable, "-m", "tests.drills.trading_floor"]


class Shop:
    """A shop on PostgreSQL: its web server, its worker, and somebody of its staff."""

    def __init__(self, directory: Path, port: int, environment: dict[str, str]) -> None:
        self.directory, self.port, self.environment = directory, port, environment
        self.address = f"http://{serving.HOST}:{port}"
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        """Start the web server, the worker or the staff (again)."""
        bind = f"{serving.HOST}:{self.port}"
        web = ["gunicorn", "purelaka.wsgi", "--bind", bind, "--workers", "2", "--threads", "4", "--no-control-socket"]
        commands = {
            "web": [*web, "--worker-class", "gthread"],
            "worker": ["python", str(ROOT / "manage.py"), "worker"],
            "staff": ["python", *FLOOR[1:], "staff"],
        }
        self.processes[name] = serving.start(commands[name], self.directory, self.environment)

    def kill(self, name: str) -> None:
        """End a process as a lost machine would. Of the web it is one that serves; its master starts another."""
        if name == "web":
            serving_now = children_of(self.processes["web"].pid)
            os.kill(random.choice(serving_now), signal.SIGKILL)
            return
        self.processes[name].kill()
        self.processes[name].wait()
        self.start(name)

    def stop(self) -> None:
        """End what still runs, all at once."""
        web = self.processes.get("web")
        left = children_of(web.pid) if web is not None and web.poll() is None else []
        for process in self.processes.values():
            process.kill()
            process.wait()
        for child in left:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    while not (found := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        time.sleep(0.05)
    return [int(child) for child in found]


def run_floor(environment: dict[str, str], *words: str) -> str:
    """Run one of the trading floor's programs to its end; what it prints."""
    done = subprocess.run([*FLOOR, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


def environment_of(directory: Path, port: int, database_url: str, stripe: ServedStripe) -> dict[str, str]:
    """What every process of the shop sees: the real client, which the served simulator answers."""
    return serving.bare_environment() | {
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "purelaka.settings",
        "PURELAKA_NO_ENV_FILE": "1",
        "SECRET_KEY": "a-key-that-all-processes-share-0123456789abcdef",
        "DATABASE_URL": database_url,
        "ALLOWED_HOSTS": serving.HOST,
        "STORE_BASE_URL": f"http://{serving.HOST}:{port}",
        "CSRF_TRUSTED_ORIGINS": f"http://{serving.HOST}:{port}",
        "MEDIA_ROOT": str(directory / "media"),
        "STATIC_HASHED": "0",
        "EMAIL_URL": "dummymail://",
        "PAYMENTS_USE_STRIPE": "1",
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_SECRET_KEY": settings.STRIPE_SECRET_KEY,
        "STRIPE_WEBHOOK_SECRETS": ",".join(settings.STRIPE_WEBHOOK_SECRETS),
    }


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[tuple[Shop, ServedStripe]]:
    server = TemporaryPostgres(DURABLE)
    port = serving.free_port()
    try:
        with ServedStripe(tmp_path, webhook=f"http://{serving.HOST}:{port}/payments/webhook/") as stripe:
            shop = Shop(tmp_path, port, environment_of(tmp_path, port, server.url(), stripe))
            # Its tables are made with the simulator's among them, for the verdict at the end.
            own = shop.environment | {"PAYMENTS_USE_STRIPE": "0"}
            migrated = serving.manage(ROOT, own, "migrate", "--verbosity", "0")
            assert migrated.returncode == 0, migrated.stderr
            run_floor(own, "open")
            try:
                yield shop, stripe
            finally:
                shop.stop()
    finally:
        server.stop()


def test_fifty_kills_in_the_middle_of_trade_lose_nothing_and_do_nothing_twice(
    floor: tuple[Shop, ServedStripe], capsys: pytest.CaptureFixture[str]
) -> None:
    shop, stripe = floor
    for name in ("web", "worker", "staff"):
        shop.start(name)
    serving.wait_until(lambda: serving.answers(shop.port, shop.processes["web"], host=serving.HOST, https=False))
    outcomes: Counter[str] = Counter()
    shoppers = [Shopper(shop.address, stripe, outcomes) for _ in range(SHOPPERS)]
    for shopper in shoppers:
        shopper.start()

    killed: Counter[str] = Counter()
    for _ in range(KILLS):
        time.sleep(random.uniform(*PAUSES))
        name = random.choice(("web", "web", "worker", "worker", "staff"))
        shop.kill(name)
        killed[name] += 1

    for shopper in shoppers:
        shopper.stopping.set()
    for shopper in shoppers:
        shopper.join(timeout=60)
    shop.stop()
    serving.stop(stripe.process)  # what it was about to send is still in its tables
    own = shop.environment | {"PAYMENTS_USE_STRIPE": "0"}
    verdict = json.loads(run_floor(own, "settle", str(stripe.database)).splitlines()[-1])

    with capsys.disabled():
        sys.stdout.write(f"\nkilled {dict(killed)}; shoppers {dict(outcomes)}; orders {verdict['orders']}\n")
    assert verdict["problems"] == []
    assert outcomes["paid"] >= 20, outcomes
    assert verdict["orders"].get("paid", 0) + verdict["orders"].get("fulfilled", 0) > 0
