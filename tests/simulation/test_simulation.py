"""Random trade under faults: after each seed money, stock, ledger, orders and Stripe tell the same story."""

from pathlib import Path

import pytest
from django.db import connection

from tests.simulation.running import run, story

pytestmark = pytest.mark.django_db
KEPT = Path(__file__).parent / "kept_seeds.txt"
SEEDS = {"sqlite": 200, "postgresql": 20}[connection.vendor]


def kept_seeds() -> list[int]:
    """The seeds that once failed."""
    lines = [line.partition("#")[0].strip() for line in KEPT.read_text().splitlines()]
    return [int(line) for line in lines if line]


def run_seed(seed: int) -> None:
    report = run(seed)
    assert not report.problems, story(report)


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_a_seed(seed: int) -> None:
    run_seed(seed)


@pytest.mark.parametrize("seed", kept_seeds())
def test_a_seed_that_once_failed(seed: int) -> None:
    run_seed(seed)
