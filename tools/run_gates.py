"""`make gates`: the release gates, each under its own command line, and what came of it.

With MILESTONE=m2 they run in a clean clone of the commit, and `docs/proof/` keeps the record.
"""

import os
import sys
import tempfile

from tools.gates import GATES, Gate, Verdict, run
from tools.prove import prove
from tools.run_tests import base_environment


def command_line(gate: Gate) -> str:
    """The gate as a person types it; the throw-away values stand in the runbook."""
    settings = gate.environment.get("DJANGO_SETTINGS_MODULE")
    return f"DJANGO_SETTINGS_MODULE={settings} {gate.command}" if settings else gate.command


def tell(gate: Gate, _status: int | None, output: str, verdict: Verdict, seconds: float) -> None:
    """Print the line of a command, and its last lines if it failed."""
    print(f"{verdict.word:<8} {command_line(gate)}  [{seconds:.1f} s] {verdict.note}", flush=True)
    if verdict.word == "FAIL" and not gate.answer:
        print("\n".join(f"         {line}" for line in output.splitlines()[-15:]), flush=True)


def main() -> int:
    """Run the gates named on the command line, or those of a release, whatever fails on the way."""
    if milestone := os.environ.get("MILESTONE"):
        return prove(milestone)
    chosen = [gate for gate in GATES if (gate.name in sys.argv[1:] if sys.argv[1:] else gate.release)]
    with tempfile.TemporaryDirectory(prefix="purelaka-gates-") as directory:
        environment = base_environment(directory)
        words = [run(gate, environment, show=False, told=tell)[2].word for gate in chosen]
    print(f"{words.count('PASS')} passed, {words.count('FAIL')} failed, {words.count('NOT RUN')} not run")
    return 1 if "FAIL" in words else 0


if __name__ == "__main__":
    sys.exit(main())
