"""`make test`: every gate, the suite on SQLite and on PostgreSQL, the browser; then a table and a count."""

import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, replace

from tools.gates import GATES, Gate, Verdict, pytest_counts, run, suite_counted

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "no Chromium found: apt-get install -y chromium, or set CHROMIUM=/path/to/it"


@dataclass(frozen=True)
class Step:
    """What one gate did."""

    name: str
    status: int | None
    seconds: float
    verdict: Verdict
    passed: int = 0
    failed: int = 0


def chromium() -> str | None:
    """The browser to drive: CHROMIUM, or the first on PATH."""
    chosen = os.environ.get("CHROMIUM")
    return shutil.which(chosen) if chosen else next(filter(None, map(shutil.which, BROWSERS)), None)


def suites() -> list[Gate]:
    """The suite on each database, then the browser tests; two processes side by side."""
    parallel = {"PYTEST_ADDOPTS": "-n 2 --dist worksteal -m 'not browser and not drill'"}
    tests = next(gate for gate in GATES if gate.name == "tests")
    return [
        replace(tests, name="tests, SQLite", environment=parallel),
        replace(tests, name="tests, PostgreSQL", environment=parallel | {"TEST_DATABASE": "postgres"}),
        Gate("tests, browser", "python -m pytest -m browser -n 2 --dist worksteal", suite_counted),
    ]


def base_environment(directory: str) -> dict[str, str]:
    """The environment of every step: no `.env`, a database of its own, the caller's settings dropped."""
    dropped = {"DJANGO_SETTINGS_MODULE", "TEST_DATABASE", "PYTEST_ADDOPTS"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    own = {"DATABASE_URL": f"sqlite:///{directory}/gates.sqlite3", "MEDIA_ROOT": f"{directory}/media"}
    own["EXPORTS_ROOT"] = f"{directory}/exports"
    return kept | own | {"PURELAKA_NO_ENV_FILE": "1"}


def take(gate: Gate, environment: dict[str, str]) -> Step:
    """Run one gate and show it."""
    print(f"\n── {gate.name}: {gate.command}", flush=True)
    began = time.monotonic()
    status, output, verdict = run(gate, environment, show=True)
    counts = pytest_counts(output) if gate.read is suite_counted else {"passed": 0, "failed": 0}
    print(f"   {verdict.word} {verdict.note}", flush=True)
    return Step(gate.name, status, time.monotonic() - began, verdict, **counts)


def table(steps: list[Step]) -> str:
    """Name, exit code, seconds and verdict of each step."""
    rows = [f"{'step':<20} {'exit':>4} {'seconds':>8}  verdict"]
    for step in steps:
        status = "-" if step.status is None else step.status
        verdict = f"{step.verdict.word} {step.verdict.note}"
        rows.append(f"{step.name:<20} {status:>4} {step.seconds:>8.1f}  {verdict}")
    rows.append(f"{'all':<20} {'':>4} {sum(step.seconds for step in steps):>8.1f}")
    return "\n".join(rows)


def browser_step(environment: dict[str, str]) -> Step:
    """The browser tests; without a browser a failure that names what to install."""
    gate = suites()[-1]
    browser = chromium()
    if browser is None:
        return Step(gate.name, None, 0, Verdict("FAIL", NO_BROWSER))
    return take(gate, environment | {"CHROMIUM": browser})


def main() -> int:
    """Run everything, whatever fails on the way."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="purelaka-gates-") as directory:
        environment = base_environment(directory)
        steps = [take(gate, environment) for gate in GATES if gate.name != "tests"]
        steps += [take(gate, environment) for gate in suites()[:-1]]
        steps.append(browser_step(environment))
    bad = [step for step in steps if step.verdict.word == "FAIL"]
    print(f"\n{table(steps)}\n")
    print(f"failed: {', '.join(step.name for step in bad)}" if bad else "every gate passed")
    failed = sum(step.failed for step in steps) + sum(1 for step in bad if not step.failed)
    print(f"{sum(step.passed for step in steps)} passed, {failed} failed", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
