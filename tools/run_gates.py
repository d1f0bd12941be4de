"""`make gates`: the release gates, each under its own command line, and what came of it."""

import sys
import tempfile
import time

from tools.gates import GATES, Gate, run
from tools.run_tests import base_environment

LEFT_OUT = "run_checks --fail-on-issues is not among them: the monitoring room does not exist yet."


def command_line(gate: Gate) -> str:
    """The gate as a person types it; the throw-away values stand in the runbook."""
    settings = gate.environment.get("DJANGO_SETTINGS_MODULE")
    return f"DJANGO_SETTINGS_MODULE={settings} {gate.command}" if settings else gate.command


def report(gate: Gate, environment: dict[str, str]) -> str:
    """Run one gate, print its line (and its last lines if it failed), and return the word of its verdict."""
    began = time.monotonic()
    _, output, verdict = run(gate, environment, show=False)
    seconds = time.monotonic() - began
    print(f"{verdict.word:<8} {command_line(gate)}  [{seconds:.1f} s] {verdict.note}", flush=True)
    if verdict.word == "FAIL" and not gate.answer:
        print("\n".join(f"         {line}" for line in output.splitlines()[-15:]), flush=True)
    return verdict.word


def main() -> int:
    """Run the gates named on the command line, or those of a release, whatever fails on the way."""
    chosen = [gate for gate in GATES if (gate.name in sys.argv[1:] if sys.argv[1:] else gate.release)]
    with tempfile.TemporaryDirectory(prefix="purelaka-gates-") as directory:
        environment = base_environment(directory)
        words = [report(gate, environment) for gate in chosen]
    print("" if sys.argv[1:] else f"\n{LEFT_OUT}")
    print(f"{words.count('PASS')} passed, {words.count('FAIL')} failed, {words.count('NOT RUN')} not run")
    return 1 if "FAIL" in words else 0


if __name__ == "__main__":
    sys.exit(main())
