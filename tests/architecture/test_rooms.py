"""The rooms of the house: what may stand on what, beyond what import-linter can say."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from tests.architecture.files import CHAIN, ROOT, relative, rooms, tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OWN_ROOMS = [name for name in rooms() if name not in ("purelaka", "stripe_simulator")]

# Inside a room, from the bottom up. `bag_views` counts as views, and `bag_page`, which gathers what one page shows,
# stands beside them; a room may be divided into parts, whose modules are ranked alike. Modules not named here hold the
# domain, level with selectors. What plugs a room into Django (apps,
# commands, tags) stands above everything in it. Pure modules, which import nothing of their room, are ground floor,
# and so is all of the kernel.
RANKS = {"models": 0, "selectors": 1, "forms": 3, "views": 4, "page": 4, "console": 4, "urls": 5}
GROUND, DOMAIN = 0, 1
PLUGS = ("apps", "jobs", "management", "templatetags", "migrations", "tests", "context_processors", "middleware")


def depth(room: str) -> int:
    """0 is the top of the chain."""
    return CHAIN.index(room)


def rank(room: str, dotted: str) -> int | None:
    """How high a module of a room stands; None for plugs, and for modules of other rooms."""
    parts = dotted.split(".")
    if parts[0] != room or len(parts) < 2 or parts[1] in PLUGS:
        return None
    is_subpackage = parts[1] not in RANKS and (ROOT / room / parts[1]).is_dir() and len(parts) > 2
    place = parts[1:3] if is_subpackage else parts[1:2]
    kind = place[-1].rpartition("_")[2]
    if kind in RANKS:
        return RANKS[kind]
    source = (ROOT / room).joinpath(*place).with_suffix(".py")
    pure = source.exists() and not any(name.split(".")[0] == room for name in imports(source))
    return GROUND if pure else DOMAIN


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, submodules taken from a package as such."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if "." not in node.module else [node.module]


def code_of(room: str) -> list[Path]:
    return [path for path in tracked(f"{room}/*.py") if "tests" not in path.parts and "migrations" not in path.parts]


def test_every_room_is_linted_and_tested():
    contracts = {contract["id"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
    existing = set(rooms())
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == existing
    layers = contracts["rooms"]["layers"]
    assert " | ".join(layers).split(" | ") == [room for room in rooms() if room != "stripe_simulator"]
    assert "orders | wishlist" in layers  # side by side: neither knows the other
    assert set(contracts["inside"]["containers"]) == set(OWN_ROOMS)
    assert set(contracts["stripe"]["source_modules"]) == existing - {"payments"}
    assert set(contracts["simulator"]["forbidden_modules"]) == existing - {"stripe_simulator"}
    assert set(PROJECT["tool"]["pytest"]["ini_options"]["testpaths"]) == existing | {"tests"}


@pytest.mark.parametrize("room", [room for room in OWN_ROOMS if room != "core"])
def test_modules_of_a_room_import_downwards_only(room):
    wrong = []
    for path in code_of(room):
        own = rank(room, relative(path).removesuffix(".py").replace("/", "."))
        if own is None:
            continue
        for name in imports(path):
            other = rank(room, name)
            if other is not None and other > own:
                wrong.append(f"{relative(path)} imports {name}")
    assert wrong == []


def test_no_foreign_key_points_up():
    up = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models(include_auto_created=True)
        for field in (*model._meta.fields, *model._meta.many_to_many)
        if field.related_model
        and {model._meta.app_label, field.related_model._meta.app_label} <= set(CHAIN)
        and depth(field.related_model._meta.app_label) < depth(model._meta.app_label)
    ]
    assert up == []


def test_the_simulator_refers_to_no_table_of_ours():
    models = [model for model in apps.get_models() if model._meta.app_label == "stripe_simulator"]
    related = {
        field.related_model._meta.app_label for model in models for field in model._meta.fields if field.related_model
    }
    assert related <= {"stripe_simulator"}


def owner_of_template(path: Path) -> str:
    """The room whose pages a template makes; shared pieces and error pages are the kernel's."""
    parts = path.relative_to(ROOT).parts
    folder = parts[1] if parts[0] == "templates" else parts[0]
    return folder if folder in CHAIN else {"account": "accounts", "allauth": "accounts"}.get(folder, "core")


def test_no_template_loads_a_tag_library_of_a_higher_room():
    libraries = {
        path.stem: path.relative_to(ROOT).parts[0] for path in tracked("*/templatetags/*.py") if path.stem != "__init__"
    }
    up = []
    for path in tracked("*.html", "*.txt"):
        if "templates" not in path.parts:
            continue
        for loaded in re.findall(r"{%-?\s*load\s+(.+?)\s*%}", path.read_text(encoding="utf-8")):
            names = loaded.split(" from ")[-1].split()
            owners = [libraries[name] for name in names if libraries.get(name) in CHAIN]
            up += [f"{relative(path)}: {name}" for name in owners if depth(name) < depth(owner_of_template(path))]
    assert up == []


def test_no_signal_carries_domain_flow():
    allowed = {"user_logged_in", "post_migrate"}
    found = [
        f"{relative(path)}: {alias.name}"
        for room in OWN_ROOMS
        for path in code_of(room)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[-1] == "signals"
        for alias in node.names
        if alias.name not in allowed
    ]
    assert found == []


def test_only_app_configs_import_inside_functions():
    excused = [
        relative(path)
        for path in tracked("*.py")
        if "PLC0415" in path.read_text(encoding="utf-8")
        and path.name != "apps.py"
        and path.relative_to(ROOT).parts[0] not in ("tools", "tests")
    ]
    assert excused == []


def test_only_the_test_setup_lifts_append_only_tables():
    users = {relative(path) for path in tracked("*.py") if "append_only_lifted" in path.read_text(encoding="utf-8")}
    tests = {name for name in users if "/tests/" in name or name.startswith("tests/")}
    assert users - tests == {"conftest.py", "core/db.py"}


def test_only_the_move_to_another_time_zone_rewrites_append_only_tables():
    users = {relative(path) for path in tracked("*.py") if "rewritable(" in path.read_text(encoding="utf-8")}
    assert users - {"tests/architecture/test_rooms.py"} == {"core/db.py", "analytics/snapshots/rebasing.py"}
