"""The files in git, and the rooms, as the architecture tests see them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# From the top down; a room may import those after it. The simulator stands outside.
CHAIN = (
    "purelaka", "demo", "console", "pages", "history", "monitoring", "analytics", "payments",
    "orders", "wishlist", "products", "rbac", "accounts", "audit", "mail", "core",
)  # fmt: skip


@cache
def tracked(*patterns: str) -> tuple[Path, ...]:
    """Files that git holds, or would take, and that match; those just deleted left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    names = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    return tuple(ROOT / name for name in sorted(set(names)) if (ROOT / name).is_file())


def relative(path: Path) -> str:
    """A path as the repository names it."""
    return path.relative_to(ROOT).as_posix()


@cache
def rooms() -> tuple[str, ...]:
    """The rooms that exist, from the top of the chain down, the simulator last."""
    return tuple(name for name in (*CHAIN, "stripe_simulator") if (ROOT / name / "__init__.py").exists())
