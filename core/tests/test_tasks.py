from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from structlog.contextvars import get_contextvars

from core.tasks import MAX_CLAIMS, claim_task, purge_results, run_task
from core.testing import run_tasks_fixture  # noqa: F401  the fixture under test
from core.tests import trial_tasks
from core.tests.races import at_once


@pytest.fixture(autouse=True)
def nothing_done(db):
    trial_tasks.done.clear()


def test_tasks_run_in_the_order_they_came_and_keep_their_value(run_tasks):
    for word in ("one", "two", "three"):
        trial_tasks.note.enqueue(word)
    assert run_tasks() == 3
    assert trial_tasks.done == ["one", "two", "three"]
    assert set(DBTaskResult.objects.values_list("status", "return_value")) == {
        ("SUCCESSFUL", "one"),
        ("SUCCESSFUL", "two"),
        ("SUCCESSFUL", "three"),
    }
    assert run_tasks() == 0


def test_a_task_that_a_task_enqueues_runs_too(run_tasks):
    trial_tasks.enqueue_another.enqueue()
    assert run_tasks() == 2
    assert trial_tasks.done == ["from a task"]


def test_a_task_that_was_enqueued_in_a_transaction_that_failed_never_runs(run_tasks):
    @transaction.atomic
    def act():
        trial_tasks.note.enqueue("never")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert run_tasks() == 0


def test_a_task_that_fails_is_marked_and_the_next_one_runs(caplog):
    trial_tasks.fail.enqueue()
    trial_tasks.note.enqueue("after")
    while taken := claim_task("worker"):
        run_task(taken)
    failed = DBTaskResult.objects.get(status=TaskResultStatus.FAILED)
    assert failed.exception_class_path == "builtins.RuntimeError"
    assert "broken" in failed.traceback
    assert trial_tasks.done == ["after"]
    assert "task_failed" in caplog.text


def test_run_tasks_raises_what_a_task_raises(run_tasks):
    trial_tasks.fail.enqueue()
    with pytest.raises(RuntimeError, match="broken"):
        run_tasks()


def test_a_task_that_no_longer_exists_fails_alone():
    trial_tasks.note.enqueue("gone")
    DBTaskResult.objects.update(task_path="core.tests.trial_tasks.gone")
    assert isinstance(run_task(claim_task("worker")), ImportError)
    assert DBTaskResult.objects.get().status == TaskResultStatus.FAILED


def test_a_locked_database_puts_the_task_back_for_later():
    trial_tasks.lock_out.enqueue()
    run_task(claim_task("worker"))
    row = DBTaskResult.objects.get()
    assert row.status == TaskResultStatus.READY
    assert timezone.now() < row.run_after <= timezone.now() + timedelta(seconds=6)
    assert claim_task("worker") is None


def test_a_database_that_stays_locked_ends_the_task_at_last():
    trial_tasks.lock_out.enqueue()
    for _ in range(MAX_CLAIMS):
        DBTaskResult.objects.update(run_after=timezone.now())
        run_task(claim_task("worker"))
    assert DBTaskResult.objects.get().status == TaskResultStatus.FAILED
    assert trial_tasks.done == ["tried"] * MAX_CLAIMS


def test_a_missing_table_is_a_bug_and_not_waited_for():
    if connection.vendor == "sqlite":
        trial_tasks.miss_table.enqueue()
        run_task(claim_task("worker"))
        assert DBTaskResult.objects.get().status == TaskResultStatus.FAILED


def test_logs_of_a_task_carry_its_own_id(run_tasks):
    trial_tasks.look_around.enqueue()
    run_tasks()
    [(task_id, bound)] = trial_tasks.done
    assert bound["request_id"] == task_id.replace("-", "")
    assert bound["task"] == "core.tests.trial_tasks.look_around"
    assert get_contextvars() == {}


def test_results_are_purged_when_nobody_will_look_at_them():
    for age in (0, 2, 31):
        for status in (TaskResultStatus.SUCCESSFUL, TaskResultStatus.FAILED, TaskResultStatus.RUNNING):
            trial_tasks.note.enqueue(f"{status} {age}")
            then = timezone.now() - timedelta(days=age)
            DBTaskResult.objects.filter(status=TaskResultStatus.READY).update(
                status=status, started_at=then, finished_at=then
            )
    trial_tasks.note.enqueue("waiting")
    assert purge_results() == 5
    assert sorted(row.args_kwargs["args"][0] for row in DBTaskResult.objects.all()) == [
        "FAILED 0",
        "FAILED 2",
        "RUNNING 0",
        "SUCCESSFUL 0",
        "waiting",
    ]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_run_each_task_once():
    for number in range(40):
        trial_tasks.note.enqueue(str(number))

    def work():
        while taken := claim_task("worker"):
            run_task(taken)

    at_once([work] * 4)
    # A worker that finds only a row another one holds stops early here; the loop of the real one looks again.
    while taken := claim_task("last"):
        run_task(taken)
    assert sorted(trial_tasks.done, key=int) == [str(number) for number in range(40)]
    assert {len(row.worker_ids) for row in DBTaskResult.objects.all()} == {1}
