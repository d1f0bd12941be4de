"""What belongs into the repository, and what does not."""

import re

import pytest

from tests.architecture.files import ROOT, relative, tracked

UNWANTED = re.compile(
    r"(^|/)(\.env|\.venv|staticfiles|media|node_modules|__pycache__|htmlcov|\.coverage|var)(/|$)|\.(sqlite3|db|pyc)(-|$)"
)
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "requirements.in", "requirements-dev.in")
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_asked_for(name: str) -> set[str]:
    asked = re.findall(r"^[A-Za-z0-9][\w.-]*", (ROOT / name).read_text(), re.MULTILINE)
    return set(map(canonical, asked))


def pins(name: str) -> dict[str, str]:
    return {canonical(package): version for package, version in PIN.findall((ROOT / name).read_text())}


def test_no_secret_database_or_build_output_is_in_git():
    assert [relative(path) for path in tracked() if UNWANTED.search(relative(path))] == []


def test_no_requirements_file_names_a_package_index():
    found = [
        f"{name}: {line}"
        for name in REQUIREMENTS
        for line in (ROOT / name).read_text().splitlines()
        if re.search(r"index-url|find-links|trusted-host|://", line)
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_requirement_is_locked(name):
    assert names_asked_for(f"{name}.in") - set(pins(f"{name}.txt")) == set()


def test_both_locks_agree_on_every_version():
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: development.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_a_hash(lock):
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text())
    pinned = [block for block in blocks if "==" in block]
    assert [block.splitlines()[0] for block in pinned if "--hash=sha256:" not in block] == []


def test_every_name_in_the_settings_is_explained_in_the_example():
    settings = "".join((ROOT / "purelaka" / name).read_text() for name in ("settings.py", "settings_prod.py"))
    example = (ROOT / ".env.example").read_text()
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z][A-Z0-9_]+)\"", settings))
    explained = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    assert read - explained - {"PURELAKA_NO_ENV_FILE"} == set()
