"""Eight writers trade on PostgreSQL while builds are killed with SIGKILL at random: at the end every fact is right.

Buying, paying, refunding and disputing go through the real services, on days in no order. What every table of facts
holds is compared with a plain recount of the rows, day by day, exactly; and so is what a full build makes of them.
"""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.architecture.files import ROOT
from tests.drills import serving
from tools.temporary_postgres import FOR_TESTS, TemporaryPostgres

pytestmark = pytest.mark.drill
WRITERS, LEAST_KILLS, LONGEST_SECONDS = 8, 10, 1_200
PAUSES = (0.0, 1.2)
FLOOR = [sys.executable, "-m", "tests.drills.ledger_floor"]


class Floor:
    """A shop on PostgreSQL whose programs are started here."""

    def __init__(self, directory: Path, server: TemporaryPostgres) -> None:
        self.uri = server.get_uri()
        self.environment = serving.bare_environment() | {
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "purelaka.settings",
            "PURELAKA_NO_ENV_FILE": "1",
            "SECRET_KEY": "a-key-that-all-processes-share-0123456789abcdef",
            "DATABASE_URL": server.url(),
            "MEDIA_ROOT": str(directory / "media"),
            "EMAIL_URL": "dummymail://",
            "LOG_LEVEL": "ERROR",
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start one of the floor's programs."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*FLOOR, *words], cwd=ROOT, env=self.environment, **pipes)

    def run(self, *words: str) -> str:
        """Run one of the floor's programs to its end; what it prints."""
        said, trouble = (process := self.start(*words)).communicate(timeout=LONGEST_SECONDS)
        assert process.returncode == 0, trouble[-3_000:]
        return said

    def expire_lease(self) -> bool:
        """Let the minute pass that the build of a dead process holds; whether it died in the middle of one."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            ended = "UPDATE analytics_build SET lease_until = now() - INTERVAL '9 years' WHERE state = 'running'"
            return connection.execute(ended).rowcount > 0


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    server = TemporaryPostgres(FOR_TESTS)
    try:
        floor = Floor(tmp_path, server)
        migrated = serving.manage(ROOT, floor.environment, "migrate", "--verbosity", "0")
        assert migrated.returncode == 0, migrated.stderr
        floor.run("open")
        yield floor
    finally:
        server.stop()


def test_facts_are_right_to_the_row_after_builds_were_killed_in_the_middle_of_trade(
    floor: Floor, capsys: pytest.CaptureFixture[str]
) -> None:
    writers = [floor.start("trade", str(seed)) for seed in range(WRITERS)]
    killed: Counter[bool] = Counter()
    end = time.monotonic() + LONGEST_SECONDS
    while any(writer.poll() is None for writer in writers) or killed[True] < LEAST_KILLS:
        assert time.monotonic() < end, killed
        builder = floor.start("build")
        assert builder.stdout is not None
        assert builder.stdout.readline() == "building\n", builder.communicate()[1][-3_000:]
        time.sleep(random.uniform(*PAUSES))
        assert builder.poll() is None, builder.communicate()[1][-3_000:]
        builder.kill()
        builder.communicate()
        killed[floor.expire_lease()] += 1
    for writer in writers:
        _, trouble = writer.communicate()
        assert writer.returncode == 0, trouble[-3_000:]

    verdict = json.loads(floor.run("settle").splitlines()[-1])

    with capsys.disabled():
        sys.stdout.write(f"\n{killed[True]} builds killed at work, {killed[False]} between; {verdict['counts']}\n")
    assert verdict["problems"] == []
    assert verdict["counts"]["marks"] == 0
    assert verdict["counts"]["refunds"] > 0
    assert verdict["counts"]["disputes"] > 0
