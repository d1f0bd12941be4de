"""What the suite runs in, settled before Django reads its settings (loaded by `-p` in pyproject.toml).

SQLite in a file is the default. TEST_DATABASE=postgres starts a PostgreSQL of its own for the run;
TEST_DATABASE_URL names any other server. With pytest-xdist the controller does this once, and its workers
inherit the environment.
"""

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Properties are judged by what they say, never by how long a busy machine takes to say it. `make mutants` wants the
# same examples each time.
PATIENT: dict[str, Any] = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("suite", **PATIENT)
hypothesis.settings.register_profile("mutants", derandomize=True, database=None, max_examples=60, **PATIENT)
hypothesis.settings.load_profile("suite")
WRONG_SETTINGS = (
    "The suite does not run under purelaka.settings_prod: that module sends every plain request to https, "
    "so the test client would get 301 redirects instead of pages. Unset DJANGO_SETTINGS_MODULE "
    "(PowerShell: Remove-Item Env:DJANGO_SETTINGS_MODULE) and run it again."
)
ENV_EXAMPLE = Path(__file__).parent.parent / ".env.example"
DIRECTORY = "PURELAKA_TEST_DIRECTORY"
_cleanups: list[Callable[[], object]] = []


def chosen_settings(config: pytest.Config) -> str:
    """The settings module that pytest-django would load, in its own order: option, environment, ini file."""
    return (
        config.known_args_namespace.ds
        or os.environ.get("DJANGO_SETTINGS_MODULE")
        or config.getini("DJANGO_SETTINGS_MODULE")
    )


def database_url() -> str:
    """Start or name the database of this run."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        return url
    kind = os.environ.get("TEST_DATABASE", "sqlite")
    if kind == "sqlite":
        return f"sqlite:///{os.environ[DIRECTORY]}/development.sqlite3"
    if kind != "postgres":
        raise pytest.UsageError(f"TEST_DATABASE is sqlite or postgres, not {kind!r}.")
    from tools.temporary_postgres import FOR_TESTS, TemporaryPostgres  # noqa: PLC0415 - only this run needs the server

    server = TemporaryPostgres(FOR_TESTS)
    _cleanups.append(server.stop)
    return server.url("purelaka")


def prepare() -> None:
    """Give the run its own directory and database, and hide `.env` and a person's variables from it."""
    atexit.register(clean_up)  # for a run that ends before it is configured
    directory = tempfile.mkdtemp(prefix="purelaka-tests-")
    _cleanups.append(lambda: shutil.rmtree(directory, ignore_errors=True))
    os.environ[DIRECTORY] = directory
    for name in re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", ENV_EXAMPLE.read_text(), re.MULTILINE):
        os.environ.pop(name, None)
    os.environ["PURELAKA_NO_ENV_FILE"] = "1"
    os.environ["MEDIA_ROOT"] = f"{directory}/media"
    os.environ["EXPORTS_ROOT"] = f"{directory}/exports"
    os.environ["DATABASE_URL"] = database_url()
    # Playwright keeps an event loop in the main thread, which Django would take for an async caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Before pytest-django loads the settings: refuse the wrong ones, prepare (controller only)."""
    if chosen_settings(early_config).endswith("settings_prod"):
        raise pytest.UsageError(WRONG_SETTINGS)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        prepare()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    clean_up()


def clean_up() -> None:
    """Stop and remove what this run started, newest first. Safe to repeat."""
    while _cleanups:
        _cleanups.pop()()
