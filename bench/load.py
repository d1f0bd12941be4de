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


def tool() -> str:
    """What drives the load, in words."""
    if shutil.which("wrk") is None:
        return f"Python's http.client in {PROCESSES} processes (install wrk for higher figures)"
    version = subprocess.run(["wrk", "--version"], check=False, capture_output=True, text=True)
    found = re.search(r"wrk (\S+)", version.stdout + version.stderr)
    return f"wrk {found[1]}" if found else "wrk"


def requests_a_second(url: str, *, connections: int, seconds: float) -> float:
    """Successful answers a second over the time given; raises RuntimeError if any answer was not 200."""
    drive = _wrk if shutil.which("wrk") else _threads
    return drive(url, connections, seconds)


def _wrk(url: str, connections: int, seconds: float) -> float:
    command = ["wrk", f"-t{PROCESSES}", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s", url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if trouble := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", output):
        raise RuntimeError(f"{url}: {trouble.group()}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])


def _threads(url: str, connections: int, seconds: float) -> float:
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        jobs = [(url, connections // PROCESSES, seconds)] * PROCESSES
        return sum(pool.starmap(_drive, jobs)) / seconds


def _drive(url: str, threads: int, seconds: float) -> int:
    """Keep `threads` connections busy until the time is over; the number of answers."""
    answers: list[int] = []
    end = time.monotonic() + seconds
    workers = [threading.Thread(target=lambda: answers.append(_visit(url, end))) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(answers) != threads:
        raise RuntimeError(f"{url}: a connection failed")
    return sum(answers)


def _visit(url: str, end: float) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    answers = 0
    while time.monotonic() < end:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{url}: {response.status}")
        answers += 1
    connection.close()
    return answers
