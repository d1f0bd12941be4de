"""Files while others act: canceled in the middle, kept alive while they are long, written by one worker of several."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import make_user
from analytics.exports import running
from analytics.exports.datasets import DATASETS
from analytics.exports.running import Heartbeat, StoppedError, write_due_files
from analytics.exports.runs import cancel_export
from analytics.exports.scheduling import ask_for_due_files, make_schedule
from analytics.exports.store import stored_names
from analytics.models import ExportRun
from analytics.tests.export_scenes import DAY, make_dataset, make_run
from core.tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20  # seconds


def until(truth) -> bool:
    """Whether something became true in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if truth():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(autouse=True)
def a_quick_pulse_and_an_empty_store(monkeypatch, tmp_path, settings):
    monkeypatch.setattr(running, "BEAT_SECONDS", 0.05)
    settings.EXPORTS_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "exports": settings.STORAGES["exports"] | {"OPTIONS": {"location": tmp_path}}
    }


def test_a_file_that_is_canceled_while_it_is_written_is_stopped(monkeypatch):
    written = []

    def rows():
        for number in range(100_000):
            written.append(number)
            if number == 10:
                cancel_export(ExportRun.objects.get())
            time.sleep(0.002)
            yield (number, DAY, "row")

    monkeypatch.setattr(running, "count_expected", lambda _asked: None)
    monkeypatch.setitem(DATASETS, "long", make_dataset("long", rows))
    run = make_run("long")

    assert write_due_files() == 0

    run.refresh_from_db()
    assert (run.state, run.file, run.sha256) == (ExportRun.State.CANCELED, "", "")
    assert len(written) < 50_000
    assert list(stored_names()) == []


def test_a_long_file_says_how_far_it_has_come_and_keeps_its_lease(monkeypatch):
    seen = []

    def rows():
        yield (1, DAY, "one")
        first = ExportRun.objects.get().lease_until
        assert until(lambda: ExportRun.objects.get().lease_until > first)
        assert until(lambda: ExportRun.objects.get().rows_done == 1)
        seen.append(ExportRun.objects.get())
        yield (2, DAY, "two")

    monkeypatch.setattr(running, "count_expected", lambda _asked: 2)
    monkeypatch.setitem(DATASETS, "long", make_dataset("long", rows))
    make_run("long")

    assert write_due_files() == 1

    assert (seen[0].state, seen[0].rows_done, seen[0].rows_expected) == (ExportRun.State.RUNNING, 1, 2)


def test_a_worker_whose_file_was_taken_by_another_hears_of_it():
    run = make_run()
    ExportRun.objects.update(state=ExportRun.State.RUNNING, attempts=2)
    run.attempts = 1

    with Heartbeat(run) as beat:
        assert until(beat._lost.is_set)
        with pytest.raises(StoppedError):
            beat.told(5)


@pytest.mark.postgres
def test_several_workers_write_each_file_once():
    analyst = make_user("analyst")
    for _ in range(6):
        make_run(actor=analyst)

    assert at_once([write_due_files] * 4) == ["done"] * 4

    assert list(ExportRun.objects.values_list("state", "attempts").distinct()) == [("done", 1)]
    assert sorted(stored_names()) == sorted(ExportRun.objects.values_list("file", flat=True))


@pytest.mark.postgres
def test_several_workers_ask_for_a_scheduled_file_once(time_machine):
    time_machine.move_to(datetime(2026, 6, 8, 0, 30, tzinfo=UTC), tick=True)
    make_schedule(DATASETS["orders"], currency="GBP", file_format="csv", every="day", owner=make_user("analyst"))
    time_machine.move_to(datetime(2026, 6, 9, 0, 30, tzinfo=UTC), tick=True)

    assert at_once([ask_for_due_files] * 6) == ["done"] * 6

    assert list(ExportRun.objects.values_list("end", flat=True)) == [date(2026, 6, 8)]


def test_a_lease_outlasts_many_a_missed_beat():
    run = make_run()
    ExportRun.objects.update(state=ExportRun.State.RUNNING)

    with Heartbeat(run) as beat:
        assert until(lambda: ExportRun.objects.get().lease_until is not None)
        beat.told(1)

    left = ExportRun.objects.get().lease_until - timezone.now()
    assert left > timedelta(seconds=running.LEASE_SECONDS / 2)
