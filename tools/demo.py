"""`make demo`: migrate, seed, build the figures, collect the static files, then serve shop and worker until Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tools.write_env import write_env

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
HOST = "127.0.0.1"
FIRST_PORT = 8000
PATIENCE_SECONDS = 60


def free_port(wanted: int) -> int:
    """The wanted port, or the next one nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    sys.exit(f"No free port between {wanted} and {wanted + 99}.")


def environment(port: int) -> dict[str, str]:
    """What the demo's processes see: production's way of serving, at a plain local address."""
    address = f"http://{HOST}:{port}"
    return os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "DJANGO_SETTINGS_MODULE": "purelaka.settings",
        "PYTHONUNBUFFERED": "1",
        "DEBUG": "0",
        "DEMO": "1",
        "STATIC_HASHED": "1",
        "STORE_BASE_URL": address,
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "CSRF_TRUSTED_ORIGINS": f"{address},http://localhost:{port}",
        "BIND": f"{HOST}:{port}",
    }


def prepare(env: dict[str, str]) -> None:
    """Bring database and static files up to date; the first failure ends the demo with its exit code."""
    for arguments in ("migrate --verbosity 0", "seed_demo", "build_snapshots", "collectstatic --noinput --verbosity 0"):
        print(f"── manage.py {arguments}", flush=True)
        command = [sys.executable, "manage.py", *arguments.split()]
        status = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
        if status:
            sys.exit(status)


def wait_until_served(address: str, server: subprocess.Popen) -> bool:
    """Whether the shop answers before patience or the server ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.3)
    return False


def serve(env: dict[str, str]) -> int:
    """Run the Procfile until Ctrl-C or until one of its processes ends; the exit code of the run."""
    command = [BIN / "honcho", "--env", os.devnull, "--procfile", "Procfile", "start"]
    # In a session of its own, so that Ctrl-C reaches it once, through here, and both processes end in order.
    server = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    stopping = False

    def stop(*_signal: object) -> None:
        nonlocal stopping
        stopping = True
        server.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if wait_until_served(env["STORE_BASE_URL"], server):
        address = env["STORE_BASE_URL"]
        print(f"\n   The shop is open at {address}  (Ctrl-C ends it; the logins stand above)\n", flush=True)
    status = server.wait()
    return 0 if stopping else status or 1


def main() -> int:
    """Prepare and serve."""
    wanted = int(os.environ.get("PORT") or FIRST_PORT)
    port = free_port(wanted)
    if port != wanted:
        print(f"Port {wanted} is taken; using {port}.", flush=True)
    if write_env(ROOT / ".env"):
        print("── .env written with random keys", flush=True)
    env = environment(port)
    prepare(env)
    return serve(env)


if __name__ == "__main__":
    sys.exit(main())
