"""Drives one address with a fixed number of connections: wrk if it is installed, a client of threads otherwise."""

import http.client
import multiprocessing
import re
import shutil
import subprocess
import threading
import time
from urllib.parse import urlsplit

PROCESSES = 2
PATIENCE = 30  # seconds that an answer may take


def tool() -> str:
    """What drives the load, in words."""
    if shutil.which("wrk") is None:
        return f"Python's http.client in {PROCESSES} processes (install wrk for higher figures)"
    version = subprocess.run(["wrk", "--version"], check=False, capture_output=True, text=True)
    found = re.search(r"wrk (\S+)", version.stdout + version.stderr)
    return f"wrk {found[1]}" if found else "wrk"


def requests_a_second(url: str, *, connections: int, seconds: float, cookies: str = "") -> float:
    """Successful answers a second over the time given; raises RuntimeError if any answer was not 200."""
    headers = {"Cookie": cookies} if cookies else {}
    _visit(url, 0, headers)  # once: wrk takes a redirect, as to the sign-in, for a success
    drive = _wrk if shutil.which("wrk") else _threads
    return drive(url, connections, seconds, headers)


def _wrk(url: str, connections: int, seconds: float, headers: dict[str, str]) -> float:
    command = ["wrk", f"-t{PROCESSES}", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", f"{PATIENCE}s"]
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    output = subprocess.run([*command, *sent, url], check=True, capture_output=True, text=True).stdout
    if trouble := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", output):
        raise RuntimeError(f"{url}: {trouble.group()}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])


def _threads(url: str, connections: int, seconds: float, headers: dict[str, str]) -> float:
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        jobs = [(url, connections // PROCESSES, seconds, headers)] * PROCESSES
        return sum(pool.starmap(_drive, jobs)) / seconds


def _drive(url: str, threads: int, seconds: float, headers: dict[str, str]) -> int:
    """Keep `threads` connections busy until the time is over; the number of answers."""
    answers: list[int] = []
    end = time.monotonic() + seconds
    workers = [threading.Thread(target=lambda: answers.append(_visit(url, end, headers))) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(answers) != threads:
        raise RuntimeError(f"{url}: a connection failed")
    return sum(answers)


def _visit(url: str, end: float, headers: dict[str, str]) -> int:
    """Ask again and again until the time is over, at least once; the number of answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    answers = 0
    while not answers or time.monotonic() < end:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{url}: {response.status}")
        answers += 1
    connection.close()
    return answers
