"""The ground the suite stands on: its databases, no network, and append-only tables that stay append-only."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import TransactionTestCase

from audit.models import AuditRecord
from tests.architecture.files import ROOT

MARKED = """
import pytest

@pytest.mark.postgres
def test_race(): pass

@pytest.mark.drill
def test_drill(): pass
"""
ELSEWHERE = "192.0.2.1"  # reserved for documentation


def pytest_run(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """A pytest of its own, as if started from a shell."""
    hidden = ("PYTEST_", "TEST_", "DJANGO_")
    shell = {name: value for name, value in os.environ.items() if not name.startswith(hidden)} | variables
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env=shell, capture_output=True, text=True, timeout=120)


@pytest.mark.django_db
def test_sqlite_runs_in_a_file_of_this_run():
    if connection.vendor != "sqlite":
        assert connection.settings_dict["NAME"].startswith("test_")
        return
    assert Path(connection.settings_dict["NAME"]).parent == Path(os.environ["PURELAKA_TEST_DIRECTORY"])


def test_no_env_file_is_read():
    assert os.environ["PURELAKA_NO_ENV_FILE"] == "1"
    assert Path(settings.MEDIA_ROOT) == Path(os.environ["PURELAKA_TEST_DIRECTORY"], "media")


@pytest.mark.parametrize("connect", ["connect", "connect_ex"])
def test_another_machine_is_out_of_reach(connect):
    with socket.socket() as client, pytest.raises(PermissionError, match=ELSEWHERE):
        getattr(client, connect)((ELSEWHERE, 80))


def test_this_machine_is_within_reach():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.django_db(transaction=True)
def test_the_flush_between_tests_empties_append_only_tables_and_leaves_them_append_only():
    AuditRecord.objects.create(action="test.before")
    TransactionTestCase(methodName="__init__")._fixture_teardown()
    assert AuditRecord.objects.count() == 0

    AuditRecord.objects.create(action="test.after")
    with pytest.raises(DatabaseError, match="append-only"):
        AuditRecord.objects.update(action="test.changed")
    with pytest.raises(DatabaseError, match="append-only"):
        AuditRecord.objects.all()._raw_delete("default")
    assert list(AuditRecord.objects.values_list("action", flat=True)) == ["test.after"]


@pytest.mark.parametrize("how", ["environment", "option"])
def test_production_settings_stop_the_suite_with_the_reason(how):
    module = "purelaka.settings_prod"
    run = pytest_run(DJANGO_SETTINGS_MODULE=module) if how == "environment" else pytest_run(f"--ds={module}")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "301 redirects" in run.stderr


def test_an_unknown_database_is_refused():
    run = pytest_run(TEST_DATABASE="oracle")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "TEST_DATABASE is sqlite or postgres, not 'oracle'." in run.stderr


def test_races_are_left_out_on_sqlite_and_drills_unless_asked_for(tmp_path):
    (tmp_path / "test_marks.py").write_text(MARKED)
    common = ["-c", str(ROOT / "pyproject.toml"), "--confcutdir", str(ROOT), "-p", "conftest", str(tmp_path)]
    assert "2 deselected" in pytest_run(*common).stdout
    assert "1 passed, 1 deselected" in pytest_run(*common, "-m", "drill").stdout
