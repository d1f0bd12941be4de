"""`make mutants`: the pure modules with one thing changed at a time; at least 85 % of the changes must fail a test.

What runs out of time, and what no test reaches, counts as survived. The modules and their tests stand in
`pyproject.toml` under `tool.mutmut`. `mutmut browse` shows afterwards what survived.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tomllib import loads

from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).resolve().parent.parent
LEAST = 0.85
COLUMNS = ("killed", "survived", "timeout", "no tests")


def outcomes(module: str) -> Counter[str]:
    """How many mutants of a module ended how."""
    found = json.loads((ROOT / "mutants" / f"{module}.meta").read_text())["exit_code_by_key"]
    return Counter(status_by_exit_code[code] for code in found.values())


def row(name: str, counted: Counter[str]) -> str:
    """One line of the table."""
    cells = "".join(f"{counted[column]:>10,}" for column in COLUMNS)
    other = counted.total() - sum(counted[column] for column in COLUMNS)
    return f"{name:<34}{cells}{other:>10,}{counted['killed'] / counted.total():>10.1%}"


def main() -> int:
    """Mutate everything anew, print the table; 1 if any module is below the limit."""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(os.cpu_count() or 1)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        return 1
    modules = loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]["only_mutate"]
    counts = {module: outcomes(module) for module in modules}
    print(f"\n\n{'':<34}{'killed':>10}{'survived':>10}{'timeout':>10}{'untested':>10}{'other':>10}{'':>10}")
    for module, counted in counts.items():
        print(row(module, counted))
    print(row("together", sum(counts.values(), Counter())))
    return int(any(counted["killed"] < LEAST * counted.total() for counted in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
