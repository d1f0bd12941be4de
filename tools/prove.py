"""`make gates MILESTONE=m2`: the release gates in a clean clone of the commit, and their record for `docs/proof/`."""

import os
import platform
import re
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tools.gates import GATES, ROOT, Gate, Verdict, run
from tools.run_tests import base_environment

NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
LAST_LINES = 12
LOGIN = re.compile(r"\S+@\S+\.test\b")  # of a demo that is gone by now, and yet no password belongs in a record
PACKAGES = ("Django", "stripe", "psycopg", "pytest", "ruff")
PATHS = re.compile(r"(?<![\w.:/])/(?:home|opt|private|root|srv|tmp|usr|Users|var|work)/[^\s'\":,)]*")


def prove(milestones: str) -> int:
    """Clone the commit, run its gates once, and keep the record here, one file a milestone; 1 if a gate failed."""
    names = milestones.split() or [""]
    for name in names:
        if not NAME.fullmatch(name):
            sys.exit(f"{name!r} is no name of a milestone; it looks like m2.")
    records = [ROOT / "docs" / "proof" / f"{name}_{datetime.now(UTC):%Y-%m-%d}_full_gates.txt" for name in names]
    with tempfile.TemporaryDirectory(prefix="purelaka-proof-") as directory:
        clone = Path(directory) / "purelaka"
        subprocess.run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(clone)], check=True)
        environment = {name: value for name, value in os.environ.items() if name != "MILESTONE"}
        command = [sys.executable, "-m", "tools.prove", " and ".join(names), str(records[0])]
        status = subprocess.run(command, cwd=clone, env=environment, check=False).returncode
    for record in records:
        record.write_bytes(records[0].read_bytes())
        print(f"The record is {record.relative_to(ROOT)}")
    return status


class Record:
    """The text of a proof, written command by command."""

    def __init__(self, milestone: str) -> None:
        self.lines = [f"PureLaka, milestone {milestone}: the release gates", *circumstances(), ""]

    def tell(self, gate: Gate, status: int | None, output: str, verdict: Verdict, seconds: float) -> None:
        """Add a command with its exit code, its verdict and the last lines of what it said."""
        settings = gate.environment.get("DJANGO_SETTINGS_MODULE")
        self.lines.append(f"$ {f'DJANGO_SETTINGS_MODULE={settings} ' if settings else ''}{gate.command}")
        if not gate.answer:
            shown = [line for line in output.rstrip().splitlines() if not LOGIN.search(line)]
            self.lines += [f"  | {line}" for line in shown[-LAST_LINES:]]
        exit_code = "did not run" if status is None else f"exit code {status}"
        self.lines += [f"  {exit_code}, {seconds:.1f} s: {verdict.word} {verdict.note}".rstrip(), ""]
        print(f"{verdict.word:<8} {gate.command}  [{seconds:.1f} s] {verdict.note}", flush=True)

    def close(self, verdicts: list[tuple[Gate, Verdict]]) -> str:
        """Return the whole text, ending with a line for each gate and the counts."""
        words = [verdict.word for _, verdict in verdicts]
        counts = f"{words.count('PASS')} passed, {words.count('FAIL')} failed, {words.count('NOT RUN')} not run"
        table = [f"{verdict.word:<8} {gate.command}  {verdict.note}".rstrip() for gate, verdict in verdicts]
        return without_paths("\n".join([*self.lines, *table, "", counts, ""]))


def circumstances() -> list[str]:
    """Return when, which commit, and which versions."""
    commit = subprocess.check_output(["git", "log", "-1", "--format=%H"], cwd=ROOT, text=True).strip()
    changed = subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True).strip()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit}, {'with changes' if changed else 'a clean clone'}",
        f"Python {platform.python_version()}, {packages}, SQLite {sqlite3.sqlite_version}",
    ]


def without_paths(text: str) -> str:
    """Return a text in which no path of a machine is left."""
    return PATHS.sub("<path>", text)


def main(milestone: str, record: Path) -> int:
    """Run the gates of this tree and write the record."""
    told = Record(milestone)
    with tempfile.TemporaryDirectory(prefix="purelaka-gates-") as directory:
        environment = base_environment(directory)
        release = [gate for gate in GATES if gate.release]
        verdicts = [(gate, run(gate, environment, show=False, told=told.tell)[2]) for gate in release]
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(told.close(verdicts), encoding="utf-8")
    return 1 if any(verdict.word == "FAIL" for _, verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
