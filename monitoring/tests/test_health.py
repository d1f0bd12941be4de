"""What machines ask: alive without a database, ready part by part."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from mail.delivery import deliver_due_mail_task
from monitoring import health
from monitoring.tests.factories import make_event


def ready(status: int) -> dict:
    response = Client().get("/readyz/")
    assert response.status_code == status
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    return response.json()


def test_alive_without_a_database(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = Client().get("/healthz/")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert not response.cookies


@pytest.mark.django_db
def test_ready_when_every_part_is(django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        answer = ready(200)
    assert answer == {
        "ready": True,
        "database": {"ok": True},
        "migrations": {"ok": True, "unapplied": 0},
        "tasks": {"ok": True, "oldest_seconds": 0},
        "inbox": {"ok": True, "oldest_seconds": 0},
    }


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'monitoring' AND name = '0001_initial'")
    assert ready(503)["migrations"] == {"ok": False, "unapplied": 1}


@pytest.mark.django_db
def test_not_ready_while_tasks_pile_up():
    deliver_due_mail_task.enqueue()
    assert ready(200)["tasks"]["ok"]
    DBTaskResult.objects.update(enqueued_at=timezone.now() - timedelta(minutes=11))
    answer = ready(503)
    assert answer["tasks"]["ok"] is False
    assert answer["tasks"]["oldest_seconds"] >= 660
    assert answer["database"] == {"ok": True}


@pytest.mark.django_db
def test_not_ready_while_events_wait():
    make_event(state="received", received_at=timezone.now() - timedelta(minutes=11))
    assert ready(503)["inbox"]["ok"] is False


@pytest.mark.django_db
def test_a_database_that_is_away_is_told_and_names_no_secret(monkeypatch):
    def away():
        raise OperationalError("connection to server at 10.0.0.7 failed: password wrong")

    monkeypatch.setitem(health.PARTS, "database", away)
    answer = ready(503)
    assert answer["database"] == {"ok": False, "error": "OperationalError"}
    assert "10.0.0.7" not in str(answer)


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_machines_may_only_ask(path):
    assert Client().post(path).status_code == 405
