"""`make fmt`: bring code and templates into their one form."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def tracked(pattern: str) -> list[str]:
    """The files in git, and those not ignored, that match."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern]
    names = subprocess.check_output(command, cwd=ROOT, text=True).split()
    return [name for name in names if (ROOT / name).exists()]


def main() -> int:
    """Run each formatter; the status is the worst of theirs."""
    python, templates = tracked("*.py"), tracked("*.html")
    commands = [
        ["django-upgrade", "--target-version", "6.1", "--exit-zero-even-if-changed", *python],
        ["ruff", "check", "--fix", "."],
        ["ruff", "format", "."],
    ]
    if templates:
        commands.append(["djade", "--target-version", "6.1", *templates])
    statuses = [subprocess.run([BIN / name, *rest], cwd=ROOT, check=False).returncode for name, *rest in commands]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
