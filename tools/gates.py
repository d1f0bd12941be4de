"""The gates, as data: what `make test`, `make gates`, the workflow and the runbook name is this list."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
ON_GITHUB = os.environ.get("GITHUB_ACTIONS") == "true"

# Values that only have to be present: `check --deploy` reads the settings and connects to nothing.
THROWAWAY_PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "purelaka.settings_prod",
    "SECRET_KEY": "throw-away-value-for-the-deploy-check-0123456789-abcdefghijklmnop",
    "ALLOWED_HOSTS": "shop.example",
    "STRIPE_SECRET_KEY": "sk_test_throw_away",
    "STRIPE_WEBHOOK_SECRETS": "whsec_throw_away",
}


@dataclass(frozen=True)
class Verdict:
    """PASS, FAIL or NOT RUN, and the counts or the reason in a few words."""

    word: str
    note: str = ""


@dataclass(frozen=True)
class Gate:
    """One command whose outcome decides; `read` makes the verdict from exit code and output."""

    name: str
    command: str
    read: Callable[[int, str], Verdict]
    release: bool = False  # one of the gates that a release is measured by; `make gates` runs these
    environment: dict[str, str] = field(default_factory=dict)
    needs: str = ""  # a program without which the gate cannot run
    answer: str = ""  # options by which it answers a program, and shows nothing
    files: str = ""  # a pattern of `git ls-files`, whose matches are appended to the command
    before: tuple["Gate", ...] = ()  # what makes the ground it stands on; if one fails, the gate does
    after: tuple["Gate", ...] = ()  # what shows that it can fail; each has its own reading


def by_exit_code(status: int, _output: str) -> Verdict:
    """Pass on exit code 0."""
    return Verdict("PASS" if status == 0 else "FAIL", "" if status == 0 else f"exit code {status}")


def last_line(status: int, output: str) -> Verdict:
    """Pass on exit code 0, with the tool's own closing line as the note."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return Verdict("PASS" if status == 0 else "FAIL", lines[-1][:80] if lines else f"exit code {status}")


def without_warnings(status: int, output: str) -> Verdict:
    """Django's checks exit 0 with warnings; here a warning fails."""
    found = re.search(r"System check identified .*", output)
    clean = status == 0 and "no issues" in output
    return Verdict("PASS" if clean else "FAIL", found.group() if found else f"exit code {status}")


def ends_with(status: int, line: str) -> Callable[[int, str], Verdict]:
    """Return a reading that passes on this exit code and this last line of the output."""

    def read(actual: int, output: str) -> Verdict:
        last = output.rstrip().rpartition("\n")[2]
        is_right = (actual, last) == (status, line)
        note = "as it must be" if is_right else f"instead of exit code {status} and {line}"
        return Verdict("PASS" if is_right else "FAIL", f"exit code {actual}, {last[:60]}: {note}")

    return read


def all_examined(_status: int, output: str) -> Verdict:
    """Pass when every check but those of the settings has looked at something."""
    start = output.find('{"checks"')
    if start < 0:
        return Verdict("FAIL", "no answer")
    checks = json.JSONDecoder().raw_decode(output[start:])[0]["checks"]
    looking = [check for check in checks if not check["id"].startswith("config.")]
    blind = [check["id"] for check in looking if not check["examined"]]
    note = f"saw nothing: {', '.join(blind)}" if blind else f"{len(looking)} checks, each of which examined rows"
    return Verdict("FAIL" if blind or not looking else "PASS", note)


def suite_counted(status: int, output: str) -> Verdict:
    """Pass when pytest did and at least one test ran."""
    counts = pytest_counts(output)
    ran = counts["passed"] + counts["failed"] > 0
    note = f"{counts['passed']} passed, {counts['failed']} failed" if ran else "no test ran"
    return Verdict("PASS" if status == 0 and ran else "FAIL", note)


def pytest_counts(output: str) -> dict[str, int]:
    """Passed and failed (errors included) from pytest's last summary line."""
    lines = re.findall(r"^=+ (.*(?:passed|failed|error|selected).*) in [\d.]+s.*=+$", output, re.MULTILINE)
    found = dict.fromkeys(("passed", "failed"), 0)
    for number, word in re.findall(r"(\d+) (passed|failed|error)", lines[-1] if lines else ""):
        found["passed" if word == "passed" else "failed"] += int(number)
    return found


def locked_names() -> set[str]:
    """The packages of requirements.txt that this platform and Python install."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - comes with the development lock

    lock = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^([A-Za-z0-9][^\\\n]*?)\s*\\?$", lock, re.MULTILINE)
    wanted = [Requirement(pin) for pin in pins]
    return {canonical(item.name) for item in wanted if item.marker is None or item.marker.evaluate()}


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def audit(status: int, output: str) -> Verdict:
    """Read pip-audit's JSON: it exits 0 when it could audit nothing, so only audited = locked is a pass."""
    start = output.find('{"dependencies"')
    if start < 0:
        return unaudited(f"no answer (exit code {status})")
    rows = json.JSONDecoder().raw_decode(output[start:])[0]["dependencies"]
    vulnerable = sorted(row["name"] for row in rows if row.get("vulns"))
    if vulnerable:
        return Verdict("FAIL", f"known vulnerabilities: {', '.join(vulnerable)}")
    locked = locked_names()
    audited = {canonical(row["name"]) for row in rows if "skip_reason" not in row}
    note = f"audited {len(audited & locked)} of {len(locked)} locked packages"
    if audited != locked:
        return unaudited(note)
    return Verdict("PASS" if status == 0 else "FAIL", note)


def unaudited(note: str) -> Verdict:
    """An audit that did not happen: a failure on GitHub, where the advisories can be reached."""
    return Verdict("FAIL" if ON_GITHUB else "NOT RUN", note)


RUN_CHECKS = "python manage.py run_checks --fail-on-issues"
DATA = Gate(
    "data",
    RUN_CHECKS,
    ends_with(0, "open=0 resolved=0"),
    release=True,
    environment={"EMAIL_URL": "dummymail://", "LOG_LEVEL": "WARNING"},
    before=(
        Gate("tables", "python manage.py migrate --verbosity 0", by_exit_code),
        Gate("trade", "python manage.py seed_demo --orders 1500 --problems 0", by_exit_code),
        Gate("figures", "python manage.py build_snapshots", by_exit_code),
        Gate("a purchase", "python -m tools.purchase", last_line),
    ),
    after=(
        Gate("nothing overlooked", "python manage.py run_checks --json", all_examined),
        Gate("a fault", "python manage.py seed_demo --problems 1", by_exit_code),
        Gate("found", RUN_CHECKS, ends_with(1, "open=1 resolved=0")),
        Gate("repaired", f"{RUN_CHECKS} --repair", ends_with(1, "open=0 resolved=1")),  # exit code of the findings
        Gate("clean again", RUN_CHECKS, ends_with(0, "open=0 resolved=0")),
    ),
)
GATES = [
    Gate("lint", "ruff check .", last_line, release=True),
    Gate("format", "ruff format --check .", last_line, release=True),
    Gate("templates format", "djade --target-version 6.1 --check", by_exit_code, files="*.html"),
    Gate("templates lint", "djlint --lint templates", last_line),
    Gate("imports", "lint-imports", last_line),
    Gate("types", "mypy .", last_line),
    Gate("check", "python manage.py check", without_warnings, release=True),
    Gate("migrations", "python manage.py makemigrations --check --dry-run", last_line, release=True),
    DATA,
    Gate("contracts", "python manage.py contracts --check", last_line),
    Gate(
        "deploy check",
        "python manage.py check --deploy",
        without_warnings,
        release=True,
        environment=THROWAWAY_PRODUCTION,
    ),
    Gate("vendored files", "python tools/vendor.py --check", last_line, needs="npm"),
    Gate(
        "audit",
        "pip-audit -r requirements.txt",
        audit,
        release=True,
        answer="--disable-pip --format json --progress-spinner off",
    ),
    Gate(
        "tests",
        "python manage.py test",
        suite_counted,
        release=True,
        environment={"PYTEST_ADDOPTS": "-n 2 --dist worksteal"},
    ),
]


Told = Callable[[Gate, int | None, str, Verdict, float], None]


def untold(_gate: Gate, _status: int | None, _output: str, _verdict: Verdict, _seconds: float) -> None:
    """Keep no record of a command."""


def run(gate: Gate, environment: dict[str, str], *, show: bool, told: Told = untold) -> tuple[int | None, str, Verdict]:
    """Run one gate with what comes before and after it; return its exit code, its output and the verdict.

    The exit code is None if it could not run. `told` hears of every command, in order.
    """
    for step in gate.before:
        status, output, verdict = run(step, environment | gate.environment, show=show, told=told)
        if verdict.word != "PASS":
            return status, output, Verdict("FAIL", f"{step.command}: {verdict.note}")
    began = time.monotonic()
    status, output, verdict = _run_alone(gate, environment, show=show)
    told(gate, status, output, verdict, time.monotonic() - began)
    for step in gate.after if verdict.word == "PASS" else ():
        _, rest, proven = run(step, environment | gate.environment, show=show, told=told)
        if proven.word != "PASS":
            return status, rest, Verdict("FAIL", f"{step.command}: {proven.note}")
    return status, output, verdict


def _run_alone(gate: Gate, environment: dict[str, str], *, show: bool) -> tuple[int | None, str, Verdict]:
    if gate.needs and not shutil.which(gate.needs):
        return None, "", Verdict("FAIL" if ON_GITHUB else "NOT RUN", f"{gate.needs} is not installed")
    command = [*gate.command.split(), *gate.answer.split()]
    if gate.files:
        listed = subprocess.check_output(["git", "ls-files", gate.files], cwd=ROOT, text=True)
        command += listed.split()
    status, output = stream(command, environment | gate.environment, show=show and not gate.answer)
    return status, output, gate.read(status, output)


def stream(command: list[str], environment: dict[str, str], *, show: bool) -> tuple[int, str]:
    """Run a command from the virtual environment, keep its output, and show it as it comes if asked."""
    lines = []
    path = f"{BIN}{os.pathsep}{environment.get('PATH', os.defpath)}"
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment | {"PATH": path, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            for line in process.stdout:
                lines.append(line)
                if show:
                    sys.stdout.write(line)
                    sys.stdout.flush()
        except SystemExit:  # told to end: so is what was started, which then stops its servers
            process.send_signal(signal.SIGINT)
            raise
    return process.returncode, "".join(lines)
