"""Documents are for their readers: no paths of the machine they were written on, no dead links, one list of gates."""

import re

from tests.architecture.files import ROOT, relative, tracked
from tools.gates import GATES

MACHINE = re.compile(r"(?<![\w./])/(work|root|home|Users)/")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


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


def test_workflow_and_runbook_name_every_gate():
    for document in (".github/workflows/ci.yml", "docs/runbook.md"):
        text = (ROOT / document).read_text()
        assert [gate.command for gate in GATES if gate.command not in text] == [], document


def test_every_make_target_is_explained():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    helped = re.findall(r"^([a-z-]+):.*## \S", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(targets) - set(helped) == {"venv", "venv-dev"}
