"""Somebody holds SQLite's write lock for ten seconds: the demo's web and worker wait, and nobody loses anything."""

import json
import re
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.files import ROOT
from tests.drills import serving
from tools import demo

pytestmark = pytest.mark.drill
HELD_SECONDS = 10
ON_SALE = "from products.models import Product; Product.objects.update(status='active')"
PRODUCT = {"type": "product", "ref": "SOAP-1", "name": "Plain soap", "price": 450, "currency": "GBP", "stock": 20}


@dataclass(frozen=True)
class Demo:
    """A shop served by the Procfile on a SQLite file."""

    port: int
    database: Path
    process: subprocess.Popen[str]

    def ask(self, path: str, **options) -> serving.Answer:
        return serving.ask(self.port, path, host=f"127.0.0.1:{self.port}", https=False, **options)

    def jobs_since(self, moment: str) -> int:
        """How many jobs ended well after a moment of SQLite's clock."""
        with sqlite3.connect(self.database) as reader:
            query = "SELECT count(*) FROM core_jobrun WHERE state = 'succeeded' AND finished_at > ?"
            return reader.execute(query, [moment]).fetchone()[0]

    def now(self) -> str:
        with sqlite3.connect(self.database) as reader:
            return reader.execute("SELECT strftime('%Y-%m-%d %H:%M:%f')").fetchone()[0]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Demo]:
    port, database = serving.free_port(), tmp_path / "shop.sqlite3"
    environment = serving.bare_environment() | {
        name: value for name, value in demo.environment(port).items() if name in demo_names()
    }
    environment |= {
        "DATABASE_URL": f"sqlite:///{database}",
        "MEDIA_ROOT": str(tmp_path / "media"),
        "STATIC_HASHED": "0",
    }
    environment |= {"PURELAKA_NO_ENV_FILE": "1", "SECRET_KEY": "a-key-that-both-web-processes-share-0123456789"}
    history = tmp_path / "history.jsonl"
    history.write_text(json.dumps(PRODUCT) + "\n")
    for arguments in (["migrate", "--verbosity", "0"], ["import_history", str(history)], ["shell", "-c", ON_SALE]):
        prepared = serving.manage(ROOT, environment, *arguments)
        assert prepared.returncode == 0, prepared.stderr
    with (tmp_path / "said").open("wb") as said:
        command = [serving.BIN / "honcho", "--env", "/dev/null", "--procfile", str(ROOT / "Procfile"), "start"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said, text=True)
    served = Demo(port, database, process)
    try:
        serving.wait_until(lambda: is_open(served), why=(tmp_path / "said").read_text)
        yield served
    finally:
        serving.stop(process)


def demo_names() -> set[str]:
    """The names that the demo sets for its processes."""
    return set(re.findall(r'^\s+"([A-Z_]+)":', (ROOT / "tools" / "demo.py").read_text(), re.MULTILINE)) - {"PATH"}


def is_open(shop: Demo) -> bool:
    try:
        return shop.ask("/shop/").status == 200
    except OSError:
        return False


def form_of(page: serving.Answer) -> tuple[str, str]:
    """The body of the form that puts a product into the bag, and the cookie that goes with it."""
    fields = {
        name: re.search(rf'name="{name}" value="([^"]+)"', page.text)[1]
        for name in ("csrfmiddlewaretoken", "product", "variant")
    }
    body = "&".join(f"{name}={value}" for name, value in fields.items()) + "&quantity=2"
    return body, "; ".join(cookie.split(";")[0] for cookie in page.cookies)


def test_a_writer_that_holds_the_lock_for_ten_seconds_stops_neither_web_nor_worker(shop):
    path = re.search(r'href="(/products/[^"/]+/)"', shop.ask("/shop/").text)[1]
    body, cookie = form_of(shop.ask(path))
    serving.wait_until(lambda: shop.jobs_since("2000") > 0)
    answers = []

    def put_into_bag():
        began = time.monotonic()
        answer = shop.ask(
            "/bag/add/",
            method="POST",
            body=body.encode(),
            Cookie=cookie,
            Content_Type="application/x-www-form-urlencoded",
        )
        answers.append((answer, time.monotonic() - began))

    writer = sqlite3.connect(shop.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    buying = threading.Thread(target=put_into_bag)
    buying.start()
    end = time.monotonic() + HELD_SECONDS
    looked = 0
    while time.monotonic() < end:
        assert shop.ask(path, seconds=8).status == 200  # reading needs no lock, and no thread is spent on waiting
        looked += 1
        time.sleep(0.2)
    assert answers == []
    writer.execute("ROLLBACK")
    writer.close()
    released = shop.now()
    buying.join(timeout=30)

    [(answer, seconds)] = answers
    assert answer.status == 302, answer.text
    assert seconds > HELD_SECONDS - 1
    assert looked > 3
    cookies = "; ".join([cookie, *(kept.split(";")[0] for kept in answer.cookies)])
    assert "Plain soap" in shop.ask("/bag/", Cookie=cookies).text
    serving.wait_until(lambda: shop.jobs_since(released) > 0, seconds=90)
    assert shop.process.poll() is None  # honcho ends both as soon as one of them has ended
