"""How `make demo` ends: one signal, both processes gone, an exit code that tells which way."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.files import ROOT
from tools.demo import environment

PROCFILE = """web: echo $$ > web.pid; exec python -m http.server --bind 127.0.0.1 {port}
worker: echo $$ > worker.pid; exec {worker}
"""
SERVE = """
import os, sys, pathlib
from tools import demo
demo.ROOT = pathlib.Path(sys.argv[1])
sys.exit(demo.serve(dict(os.environ)))
"""


def start(directory: Path, *, worker: str) -> subprocess.Popen:
    """Serve a Procfile as the demo does, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    (directory / "Procfile").write_text(PROCFILE.format(port=port, worker=worker))
    command = [sys.executable, "-c", SERVE, str(directory)]
    env = environment(port) | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=directory, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[subprocess.Popen]:
    """A demo that is open."""
    demo = start(tmp_path, worker="sleep 60")
    for line in demo.stdout:
        if "The shop is open" in line:
            break
    yield demo
    demo.terminate()
    demo.communicate()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def both_gone(directory: Path) -> bool:
    """Whether web and worker end within a few seconds."""
    pids = [int((directory / f"{name}.pid").read_text()) for name in ("web", "worker")]
    end = time.monotonic() + 10
    while any(is_running(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.1)
    return not any(is_running(pid) for pid in pids)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_web_and_worker(served, tmp_path, sent):
    served.send_signal(sent)
    assert served.wait(timeout=20) == 0
    assert both_gone(tmp_path)


def test_a_worker_that_dies_ends_the_demo_with_an_error(tmp_path):
    demo = start(tmp_path, worker="sh -c 'sleep 2; exit 3'")
    output, _ = demo.communicate(timeout=40)
    assert demo.returncode == 3, output
    assert both_gone(tmp_path)
