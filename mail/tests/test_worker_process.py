import signal
import sqlite3
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from core.models import JobRun
from mail.delivery import deliver_due_mail_task
from mail.models import OutgoingMail
from mail.tests.factories import make_mail
from mail.tests.worker_process import WorkerProcess, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
TROUBLE_SECONDS = 10.2


@pytest.fixture
def worker(tmp_path):
    process = WorkerProcess(tmp_path)
    yield process
    process.close()


def make_queued_mail():
    mail = make_mail()
    deliver_due_mail_task.enqueue()
    return mail


def state_of(mail):
    return OutgoingMail.objects.get(pk=mail.pk).state


def next_minute():
    """The clock has moved on: leases have run out, and the jobs of the next minute are due."""
    OutgoingMail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    JobRun.objects.all().delete()


@contextmanager
def trouble_with_the_database():
    """Somebody holds SQLite's write lock; a PostgreSQL throws every other connection out."""
    if connection.vendor == "sqlite":
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield lambda: None
        other.execute("ROLLBACK")
        other.close()
    else:
        yield throw_out_the_others


def throw_out_the_others():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_trouble_with_the_database_for_ten_seconds_does_not_end_the_worker(worker):
    mail = make_queued_mail()
    with trouble_with_the_database() as make_trouble:
        worker.start()
        wait_until(lambda: make_trouble() or "worker_waits" in worker.events())
        end = time.monotonic() + TROUBLE_SECONDS
        while time.monotonic() < end:
            make_trouble()
            time.sleep(0.1)
        wait_until(lambda: make_trouble() or worker.events().count("worker_waits") >= 2)
        assert worker.is_alive()
    wait_until(lambda: state_of(mail) == "sent")
    assert worker.sent() == [mail.message_id]
    worker.send_signal(signal.SIGTERM)
    assert worker.exit_code() == 0


def test_a_worker_killed_before_the_send_leaves_it_to_the_next_which_sends_once(worker):
    mail = make_queued_mail()
    (worker.directory / "hold").touch()
    worker.start()
    wait_until((worker.directory / "reached").exists)
    worker.send_signal(signal.SIGKILL)
    worker.exit_code()
    (worker.directory / "hold").unlink()
    assert (worker.sent(), state_of(mail)) == ([], "queued")

    worker.start()
    other = make_queued_mail()
    wait_until(lambda: state_of(other) == "sent")
    assert worker.sent() == [other.message_id]  # the lease of the dead one still holds

    next_minute()
    wait_until(lambda: state_of(mail) == "sent")
    next_minute()
    wait_until(lambda: JobRun.objects.filter(job="mail.deliver", state="succeeded").exists())
    assert worker.sent() == [other.message_id, mail.message_id]
    assert OutgoingMail.objects.get(pk=mail.pk).attempts == 2


def test_a_worker_killed_right_after_the_send_repeats_it_under_the_same_id(worker):
    """Nobody can close this gap; a stable Message-ID lets the receiver see that it is one message."""
    mail = make_queued_mail()
    (worker.directory / "die").touch()
    worker.start()
    assert worker.exit_code() == -signal.SIGKILL
    (worker.directory / "die").unlink()
    next_minute()
    worker.start()
    wait_until(lambda: state_of(mail) == "sent")
    assert worker.sent() == [mail.message_id] * 2


def test_sigterm_lets_the_piece_in_hand_end_first(worker):
    mail, waiting = make_queued_mail(), make_queued_mail()
    OutgoingMail.objects.filter(pk=waiting.pk).update(next_attempt_at=timezone.now() + timedelta(hours=1))
    (worker.directory / "hold").touch()
    worker.start()
    wait_until((worker.directory / "reached").exists)
    worker.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert worker.is_alive()
    (worker.directory / "hold").unlink()
    assert worker.exit_code() == 0
    assert (state_of(mail), state_of(waiting)) == ("sent", "queued")
    assert worker.events()[-1] == "worker_stopped"
    assert not DBTaskResult.objects.filter(status="RUNNING").exists()


def test_an_idle_worker_ends_at_once_and_takes_new_work_within_a_second(worker):
    worker.start()
    wait_until(lambda: "worker_started" in worker.events())
    wait_until(lambda: JobRun.objects.filter(job="mail.deliver", state="succeeded").exists())
    started = time.monotonic()
    mail = make_queued_mail()
    wait_until(lambda: state_of(mail) == "sent")
    assert time.monotonic() - started < 2
    worker.send_signal(signal.SIGTERM)
    assert worker.exit_code() == 0
    assert time.monotonic() - started < 4
