"""Documents generated from code and kept in git: each room registers its own, CI checks that they are current."""

import difflib
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

Render = Callable[[], str]
DOCUMENTS: dict[str, Render] = {}


def register(path: str, render: Render) -> None:
    """Register a document (its path from the root of the repository) and the function that writes its whole text."""
    if DOCUMENTS.get(path, render) is not render:
        raise ValueError(f"{path} is registered twice")
    DOCUMENTS[path] = render


def write_documents() -> list[str]:
    """Write the documents that are not current; return their paths."""
    stale = [path for path in sorted(DOCUMENTS) if difference(path)]
    for path in stale:
        file = _file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(DOCUMENTS[path](), encoding="utf-8", newline="\n")
    return stale


def difference(path: str) -> str:
    """Return a unified diff from the document in the repository to what the code says now; empty if they agree."""
    file = _file(path)
    there = file.read_text(encoding="utf-8") if file.exists() else ""
    now = DOCUMENTS[path]()
    lines = difflib.unified_diff(
        there.splitlines(), now.splitlines(), f"{path} (in the repository)", f"{path} (from the code)", lineterm=""
    )
    return "\n".join(lines)


def _file(path: str) -> Path:
    return Path(settings.BASE_DIR) / path
