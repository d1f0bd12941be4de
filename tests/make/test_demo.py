"""The parts of `make demo` that stand alone: keys, ports, and finding a Python."""

import os
import socket
import stat
import subprocess
import sys

import pytest

from tests.architecture.files import ROOT
from tools.demo import free_port
from tools.write_env import write_env


def find_python(path: str, **variables: str) -> subprocess.CompletedProcess:
    environment = {"PATH": path, "HOME": "/nonexistent", **variables}
    command = ["/bin/sh", "tools/find_python.sh"]
    return subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture
def shims(tmp_path):
    """A PATH with the tools of the script and a python3.14 that fails, as an unset shim does."""
    for tool in ("ls", "sort"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    shim = tmp_path / "python3.14"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    return tmp_path


def test_env_is_for_its_owner_only(tmp_path):
    path = tmp_path / ".env"
    assert write_env(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_differ_from_one_clone_to_the_next(tmp_path):
    write_env(tmp_path / "one")
    write_env(tmp_path / "two")
    one, two = ((tmp_path / name).read_text().splitlines()[1:] for name in ("one", "two"))
    assert set(one) & set(two) == set()
    assert all(len(line.partition("=")[2]) >= 48 for line in one)


def test_an_env_that_is_there_is_left_alone(tmp_path):
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=mine\n")
    assert not write_env(path)
    assert path.read_text() == "SECRET_KEY=mine\n"


def test_a_taken_port_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert taken < free_port(taken) < taken + 100


def test_a_shim_that_fails_is_passed_over(shims):
    (shims / "python3.13").symlink_to(sys.executable)
    found = find_python(str(shims))
    assert found.returncode == 0
    assert os.path.samefile(found.stdout.strip(), sys.executable)


def test_without_a_python_the_package_is_named(shims):
    found = find_python(str(shims))
    assert found.returncode == 1
    assert "apt install python3 python3-venv" in found.stderr


def test_a_chosen_python_that_does_not_do_is_refused(shims):
    found = find_python(str(shims), PYTHON=str(shims / "python3.14"))
    assert found.returncode == 1
    assert f"PYTHON={shims}/python3.14 does not run" in found.stderr
