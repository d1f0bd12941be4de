"""Documents are for their readers: no path of a machine, no dead link, no name of a file that is gone."""

import re
from fnmatch import fnmatch
from functools import cache

import pytest

from tests.architecture.files import ROOT, relative, tracked
from tools.gates import GATES

MACHINE = re.compile(r"(?<![\w./])/(work|root|home|Users)/")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
TICKET = re.compile(r"(?:^|[\s(])#\d+\b|\b(?:issue|ticket|pull request|PR) #?\d+\b", re.IGNORECASE)
QUOTED = re.compile(r"`([^`\n]+)`")
# What a document means when it quotes a path: a folder, or a file by its ending. Addresses begin with a slash.
PATH = re.compile(
    r"\.?\w[\w.*-]*(?:/[\w.*-]+)*/|(?:\.?\w[\w*-]*/)+[\w.*-]+"
    r"|[\w.*-]+\.(?:py|md|txt|toml|ya?ml|html|css|js|sh|json|jsonl|in|example)|\.\w+ignore"
)
MATRIX = "docs/acceptance_matrix.md"
WRITTEN_LATER = {"docs/proof/", "media/", "exports/", "staticfiles/"}  # by commands; git need not hold them


def test_no_document_names_a_path_of_a_machine():
    texts = [path for path in tracked("*.md", "docs/*") if path.suffix in (".md", ".txt", ".json")]
    assert [relative(path) for path in texts if MACHINE.search(path.read_text(encoding="utf-8"))] == []


def test_every_link_between_documents_leads_somewhere():
    dead = [
        f"{relative(path)}: {target}"
        for path in tracked("*.md")
        for target in LINK.findall(path.read_text())
        if not (path.parent / target).exists()
    ]
    assert dead == []


def test_no_document_names_a_ticket():
    found = [f"{relative(path)}: {hit[0]}" for path in tracked("*.md") for hit in TICKET.finditer(path.read_text())]
    assert found == []


def quoted_paths(text: str) -> list[str]:
    return [quoted for quoted in QUOTED.findall(text) if PATH.fullmatch(quoted)]


def is_there(path: str) -> bool:
    return path.rstrip("/") in names() or path in WRITTEN_LATER or any(fnmatch(name, path) for name in names())


@cache
def names() -> frozenset[str]:
    """Every file in git, and every folder that holds one."""
    files = [path.relative_to(ROOT) for path in tracked()]
    return frozenset(name.as_posix() for path in files for name in (path, *path.parents))


@pytest.mark.parametrize("document", ["README.md", MATRIX])
def test_every_file_that_is_quoted_is_in_the_repository(document):
    paths = quoted_paths((ROOT / document).read_text())
    assert paths != []
    assert [path for path in paths if not is_there(path)] == []


def test_every_path_that_is_quoted_elsewhere_is_in_the_repository():
    """Other documents may call a file by its last name, beside its folder."""
    gone = [
        f"{relative(document)}: {path}"
        for document in tracked("*.md")
        for path in quoted_paths(document.read_text())
        if "/" in path and not is_there(path) and not is_there(f"templates/{path}")
    ]
    assert gone == []


def test_a_path_that_is_gone_is_noticed():
    files = "`orders/gone.py`, `gone/`, `gone.toml`"
    paths = quoted_paths(f"{files}; not `make demo`, `/readyz/`, `next=//evil`, `core.money`, `hook.failed`")
    assert paths == ["orders/gone.py", "gone/", "gone.toml"]
    assert not any(is_there(path) for path in paths)


def test_every_claim_names_code_and_a_test_that_runs():
    rows = re.findall(r"^\| (?!claim|-)(.*) \|$", (ROOT / MATRIX).read_text(), re.MULTILINE)
    cells = [row.split(" | ") for row in rows]
    assert [row for row, cell in zip(rows, cells, strict=True) if len(cell) != 4 or not all(map(str.strip, cell))] == []
    for claim, code, proof, _ in cells:
        assert quoted_paths(code), claim
        tests = [path for path in quoted_paths(proof) if "/test_" in path]
        assert tests, claim
        assert [path for path in tests if "\ndef test_" not in (ROOT / path).read_text()] == [], claim


def test_workflow_and_runbook_name_every_gate():
    for document in (".github/workflows/ci.yml", "docs/runbook.md"):
        text = (ROOT / document).read_text()
        assert [gate.command for gate in GATES if gate.command not in text] == [], document


def test_every_make_target_is_explained():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    helped = re.findall(r"^([a-z-]+):.*## \S", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(targets) - set(helped) == {"venv", "venv-dev"}
