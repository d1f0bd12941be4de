"""What the image is made of, read from Dockerfile and .dockerignore: the drills start the shop from exactly that."""

import json
import re
import shutil
from pathlib import Path

from tests.architecture.files import ROOT, relative, tracked

DOCKERFILE = ROOT / "Dockerfile"


def pattern(text: str) -> re.Pattern[str]:
    """Return a line of .dockerignore as an expression: it matches a path, and with it everything below."""
    parts = re.escape(text.strip("/")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(f"{parts}(?:/.*)?")


def files_in_context() -> list[Path]:
    """Return the files of the repository that the build sees; the last line that matches decides, as Docker has it."""
    lines = [line.strip() for line in (ROOT / ".dockerignore").read_text().splitlines()]
    rules = [(pattern(line.lstrip("!")), line.startswith("!")) for line in lines if line and not line.startswith("#")]
    kept = []
    for path in tracked():
        wanted = True
        for expression, is_exception in rules:
            if expression.fullmatch(relative(path)):
                wanted = is_exception
        if wanted:
            kept.append(path)
    return kept


def lay_out(directory: Path) -> None:
    """Copy what the build sees into a directory, as `COPY . .` does."""
    for path in files_in_context():
        target = directory / relative(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def instruction(name: str) -> list[str]:
    """Return the last CMD or HEALTHCHECK of the Dockerfile, in its exec form."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    arrays = re.findall(rf"^(?:{name}\b.*?)(\[.*\])\s*$", text, re.MULTILINE)
    return json.loads(arrays[-1])


def variables(stage: int) -> dict[str, str]:
    """Return what ENV sets in one stage of the Dockerfile."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    pairs = [pair for line in re.findall(r"^ENV (.*)$", stages[stage], re.MULTILINE) for pair in line.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def build_variables() -> dict[str, str]:
    """Return the throw-away values under which the image collects its static files."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    [line] = re.findall(r"^RUN (.*collectstatic.*)$", text, re.MULTILINE)
    return dict(re.findall(r"\b([A-Z_]+)=(\S+)", line))
