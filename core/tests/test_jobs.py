from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import OperationalError
from django.utils import timezone

from core import jobs
from core.housekeeping import LOST, close_lost_runs, purge_runs_and_sessions
from core.jobs import Job, job, open_slots, run_due_jobs, run_slot, take_slot
from core.models import JobRun
from core.tests.races import at_once

NOON = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def only_these_jobs(monkeypatch):
    """Each test declares its own jobs."""
    monkeypatch.setattr(jobs, "JOBS", {})


def test_an_interval_starts_at_round_times():
    each = Job("each", list, every=timedelta(minutes=15))
    assert each.slot(NOON) == datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert each.slot(NOON + timedelta(minutes=14)) == datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert each.slot(NOON + timedelta(minutes=15)) == datetime(2026, 11, 24, 12, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        (datetime(2026, 7, 1, 1, 59, tzinfo=UTC), datetime(2026, 6, 30, 2, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 2, 0, tzinfo=UTC), datetime(2026, 7, 1, 2, 0, tzinfo=UTC)),
        (datetime(2026, 12, 1, 2, 59, tzinfo=UTC), datetime(2026, 11, 30, 3, 0, tzinfo=UTC)),
        (datetime(2026, 12, 1, 3, 0, tzinfo=UTC), datetime(2026, 12, 1, 3, 0, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_that_of_the_store(settings, now, slot):
    settings.STORE_ZONE = ZoneInfo("Europe/London")
    assert Job("nightly", list, at=time(3, 0)).slot(now) == slot


def test_a_job_runs_once_a_day_over_the_change_of_the_clocks(settings):
    settings.STORE_ZONE = ZoneInfo("Europe/London")
    nightly = Job("nightly", list, at=time(1, 30))  # does not exist on 29 March, comes twice on 25 October
    for start in (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)):
        slots = {nightly.slot(start + timedelta(minutes=minute)) for minute in range(0, 5 * 24 * 60, 10)}
        assert len(slots - {min(slots)}) == 5


def test_a_slot_is_run_once(db):
    ran = []
    job("test.each", every=timedelta(minutes=1))(lambda: ran.append(1))
    assert [run_due_jobs(NOON), run_due_jobs(NOON), run_due_jobs(NOON + timedelta(seconds=29))] == [1, 0, 0]
    assert run_due_jobs(NOON + timedelta(seconds=30)) == 1
    assert len(ran) == 2
    assert set(JobRun.objects.values_list("job", "state")) == {("test.each", "succeeded")}


def test_slots_that_passed_while_nobody_ran_are_run_once(db):
    ran = []
    job("test.each", every=timedelta(minutes=1))(lambda: ran.append(1))
    run_due_jobs(NOON)
    run_due_jobs(NOON + timedelta(hours=3))
    assert len(ran) == 2


def test_a_job_that_fails_is_recorded_and_the_others_run(db, caplog):
    ran = []

    @job("test.bad", every=timedelta(minutes=1))
    def bad():
        raise RuntimeError("broken")

    job("test.good", every=timedelta(minutes=1))(lambda: ran.append(1))
    assert run_due_jobs(NOON) == 2
    assert ran == [1]
    run = JobRun.objects.get(job="test.bad")
    assert (run.state, run.finished_at is not None) == ("failed", True)
    assert run.error.endswith("RuntimeError: broken\n")
    assert "job_failed" in caplog.text


def test_a_locked_database_leaves_the_slot_for_later(db):
    ran = []

    @job("test.locked", every=timedelta(minutes=1))
    def locked():
        ran.append(1)
        if len(ran) == 1:
            raise OperationalError("database is locked")

    with pytest.raises(OperationalError):
        run_due_jobs(NOON)
    assert run_due_jobs(NOON) == 1
    assert JobRun.objects.get().state == "succeeded"


def test_two_workers_who_saw_the_same_slot_run_it_once(db):
    ran = []
    job("test.each", every=timedelta(minutes=1))(lambda: ran.append(1))
    first, second = open_slots(NOON), open_slots(NOON)
    assert run_slot(*first[0]) is True
    assert run_slot(*second[0]) is False
    assert ran == [1]


def test_looking_at_the_clock_costs_one_query(db, django_assert_num_queries):
    for number in range(5):
        job(f"test.{number}", every=timedelta(minutes=1))(list)
    run_due_jobs(NOON)
    with django_assert_num_queries(1):
        run_due_jobs(NOON)


@pytest.mark.parametrize("when", [{}, {"every": timedelta(hours=1), "at": time(3)}])
def test_a_job_needs_exactly_one_kind_of_time(when):
    with pytest.raises(ValueError, match=r"test\.wrong needs either"):
        job("test.wrong", **when)


def test_two_jobs_cannot_share_a_name():
    job("test.same", every=timedelta(minutes=1))(list)
    with pytest.raises(ValueError, match=r"two jobs named test\.same"):
        job("test.same", every=timedelta(minutes=1))(dict)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_get_one_slot():
    won = []

    def work():
        won.extend(minute for minute in range(10) if take_slot("test.race", NOON + timedelta(minutes=minute)))

    at_once([work] * 6)
    assert sorted(won) == list(range(10))


def test_housekeeping_closes_lost_runs_and_deletes_old_ones(db):
    now = timezone.now()
    for name, age in (("lost", timedelta(hours=7)), ("at work", timedelta(hours=1)), ("old", timedelta(days=91))):
        JobRun.objects.create(job=name, slot_at=now - age, started_at=now - age)
    close_lost_runs()
    purge_runs_and_sessions()
    assert set(JobRun.objects.values_list("job", "state", "error")) == {
        ("lost", "failed", LOST),
        ("at work", "running", ""),
    }
