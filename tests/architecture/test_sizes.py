"""The upper limits of what a reader has to take in at once."""

import ast
from pathlib import Path

from tests.architecture.files import ROOT, relative, tracked

MODULE_LINES = 400
FUNCTION_LINES = 50
VIEW_LINES = 25
TEMPLATE_LINES = 120
STYLESHEET_LINES = 200
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def too_long(paths: list[Path], limit: int) -> list[str]:
    return [f"{relative(path)}: {count} lines" for path in paths if (count := lines(path)) > limit]


def python_files() -> list[Path]:
    return [path for path in tracked("*.py") if "/migrations/" not in relative(path)]


def code_files() -> list[Path]:
    return [path for path in python_files() if "tests" not in path.relative_to(ROOT).parts]


def long_functions(paths: list[Path], limit: int, *, public: bool = False) -> list[str]:
    return [
        f"{relative(path)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, FUNCTION) and node.end_lineno - node.lineno + 1 > limit
        if not (public and node.name.startswith("_"))
    ]


def test_modules_fit():
    assert too_long(python_files(), MODULE_LINES) == []


def test_functions_fit():
    assert long_functions(code_files(), FUNCTION_LINES) == []


def test_views_fit():
    pages = [path for path in code_files() if path.stem.rpartition("_")[2] in ("views", "console")]
    assert long_functions(pages, VIEW_LINES, public=True) == []


def test_templates_fit():
    assert too_long(list(tracked("templates/*.html")), TEMPLATE_LINES) == []


def test_stylesheets_fit():
    assert too_long(list(tracked("static/css/*.css")), STYLESHEET_LINES) == []


def test_no_module_is_a_drawer_for_anything():
    drawers = ("utils", "helpers", "common", "misc")
    assert [relative(path) for path in tracked("*.py") if path.stem in drawers] == []
