"""Planted problems: as many as asked for, each found by the check that it was made for, and by no other."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import FULL
from core.errors import DomainError
from demo.problems import SLIPS, plant
from demo.seeding import seed_demo
from monitoring.models import CheckRun, Issue
from monitoring.registry import all_checks
from monitoring.running import run_checks

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    seed_demo(orders=200, seed=3)
    build_snapshots(FULL)


def found() -> list[str]:
    run_checks(all_checks(), trigger=CheckRun.Trigger.COMMAND, is_full=True)
    return sorted(Issue.objects.open().values_list("check_id", flat=True))


def test_the_demo_is_clean_and_each_problem_is_found_once(shop):
    assert found() == []
    planted = plant(12, seed=1)
    assert found() == sorted(problem.check_id for problem in planted)
    assert {problem.check_id for problem in planted} == {slip.check_id for slip in SLIPS}


def test_the_same_seed_plants_the_same_and_starts_with_a_count(shop):
    with transaction.atomic():
        first = plant(8, seed=5)
        transaction.set_rollback(True)
    assert plant(8, seed=5) == first
    assert first[0].check_id == "stock.ledger_mismatch"


def test_the_command_plants_and_says_what(shop):
    out = StringIO()
    call_command("seed_demo", problems=2, stdout=out)
    assert out.getvalue().count("Planted for ") == 2
    assert found() == ["refund.total_mismatch", "stock.ledger_mismatch"]


@pytest.mark.parametrize("count", [-1, 201])
def test_a_number_of_problems_that_makes_no_sense_is_refused(count):
    with pytest.raises(DomainError, match="between 0 and 200"):
        plant(count, seed=1)


def test_a_shop_without_trade_has_nothing_to_bring_wrong():
    with pytest.raises(DomainError, match="not enough"):
        plant(1, seed=1)


def test_the_command_refuses_with_a_sentence(shop):
    with pytest.raises(CommandError, match="between 0 and 200"):
        call_command("seed_demo", problems=500, stdout=StringIO())
