"""Real processes on this machine: what the image starts, and answers read as a proxy would get them."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.drills.image import instruction, variables

HOST = "127.0.0.1"
NAME = "shop.example"
BIN = Path(sys.executable).parent
PATIENCE_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def bare_environment() -> dict[str, str]:
    """What a process needs of this machine, and nothing of ours."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def production_environment(database_url: str, directory: Path) -> dict[str, str]:
    """What the image sets, and what a merchant sets beside it. The values open nothing anywhere."""
    set_by_image = {name: value for name, value in variables(1).items() if name != "PATH"}
    return (
        bare_environment()
        | set_by_image
        | {
            "MEDIA_ROOT": str(directory / "media"),
            "SECRET_KEY": "a-key-for-this-drill-only-0123456789-abcdefghijklmnopqrstuvwxyz",
            "ALLOWED_HOSTS": NAME,
            "DATABASE_URL": database_url,
            "EMAIL_URL": "smtp://127.0.0.1:1",
            "STRIPE_SECRET_KEY": "sk_test_drill",
            "STRIPE_WEBHOOK_SECRETS": "whsec_drill",
            "AUDIT_SIGNING_KEY": "00112233445566778899aabbccddeeff" * 2,
            "TRUSTED_PROXY_COUNT": "1",
        }
    )


def start_web(directory: Path, environment: Mapping[str, str], port: int) -> subprocess.Popen[str]:
    """Start gunicorn with the words of the Dockerfile, on this port of the loopback."""
    command = instruction("CMD")
    command[command.index("--bind") + 1] = f"{HOST}:{port}"
    return start(command, directory, environment)


def start(command: list[str], directory: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a program; what it says goes to `said` in a file beside it."""
    with (directory / "said").open("ab") as said:
        return subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=directory,
            env=dict(environment),
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )


def said(directory: Path) -> str:
    """What the processes of this directory have said so far."""
    return (directory / "said").read_text()


def manage(directory: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` to its end."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=directory, env=dict(environment), capture_output=True, text=True, check=False, timeout=300
    )


def stop(process: subprocess.Popen[str]) -> int:
    """Ask a process to end; its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@dataclass(frozen=True)
class Answer:
    """One answer of the shop."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode()

    @property
    def cookies(self) -> list[str]:
        """The cookies that it sets, each as it stands in its header."""
        return self.headers.get_all("Set-Cookie") or []


def ask(
    port: int,
    path: str,
    *,
    https: bool = True,
    host: str = NAME,
    method: str = "GET",
    body: bytes | None = None,
    seconds: float = 30,
    **headers: str,
) -> Answer:
    """Ask the shop as the proxy in front of it does."""
    connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    sent = {"Host": host, "X-Forwarded-Proto": "https" if https else "http", "X-Forwarded-For": "203.0.113.7"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def wait_until(holds: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS, why: Callable[[], str] = str) -> None:
    """Wait for something to become true, or fail with what `why` says."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, why()
        time.sleep(0.1)


def answers(port: int, process: subprocess.Popen[str], **headers: str) -> bool:
    """Whether the shop answers yet; fails if its process has ended."""
    assert process.poll() is None, "the process ended"
    try:
        return ask(port, "/healthz/", **headers).status == 200
    except OSError:
        return False
