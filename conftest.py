"""What every test runs under: its database, no network, and the marks that choose what runs."""

import ipaddress
import os
import socket
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from django.conf import settings
from django.test import TransactionTestCase
from django.utils.module_loading import import_string

from core.db import append_only_lifted
from tests.environment import DIRECTORY


def is_sqlite() -> bool:
    """Whether this run is on SQLite."""
    return settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run is not for: races on SQLite, drills unless `-m` names them."""
    asked = config.getoption("markexpr")
    unwanted = {"postgres"} if is_sqlite() else set()
    if "drill" not in asked:
        unwanted.add("drill")
    left_out = [item for item in items if any(item.get_closest_marker(mark) for mark in unwanted)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> None:
    """SQLite tests run in a file, as people's databases do; each parallel worker has its own database."""
    if is_sqlite():
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        path = Path(os.environ[DIRECTORY]) / f"test_{worker}.sqlite3"
        settings.DATABASES["default"]["TEST"]["NAME"] = str(path)
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session", autouse=True)
def append_only_tables_can_be_flushed() -> Generator[None]:
    """Lift the triggers of append-only tables while a transactional test is cleaned up, and only then."""
    patch = pytest.MonkeyPatch()
    flush = TransactionTestCase._fixture_teardown

    def flush_with_triggers_lifted(self: TransactionTestCase) -> None:
        with append_only_lifted():
            flush(self)

    patch.setattr(TransactionTestCase, "_fixture_teardown", flush_with_triggers_lifted)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def a_judge_beside_the_simulator() -> None:
    """Hold what the shop and the simulator say to each other against Stripe's OpenAPI file, in every test."""
    settings.STRIPE_SIMULATOR = "stripe_simulator.tests.judged.handle"


@pytest.fixture(autouse=True)
def every_exchange_with_stripe_is_judged() -> Generator[None]:
    """A test in which shop or simulator said what Stripe does not document fails, even if the shop caught it."""
    yield
    mistakes: list[str] = import_string("stripe_simulator.tests.judged.mistakes")  # needs Django's settings
    found, mistakes[:] = list(mistakes), []
    if found:
        pytest.fail("\n".join(found))


def is_local(family: int, address: Sequence[object] | str | bytes) -> bool:
    """Whether a socket address stays on this machine."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = str(address[0])
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Generator[None]:
    """A test that reaches for another machine fails at once, and says which address it wanted."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Sequence[object], original=original) -> object:
            if not is_local(self.family, address):
                raise PermissionError(f"A test tried to reach {address!r}; the suite runs without a network.")
            return original(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()
