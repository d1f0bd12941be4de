"""Stripe's form encoding: `a[b][0][c]=1` becomes `{"a": {"b": [{"c": "1"}]}}`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from stripe_simulator.errors import ApiError

LARGEST_BODY = 1024 * 1024
_MOST_FIELDS = 10_000
_DEEPEST = 8
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def decode(encoded: bytes | str) -> dict[str, Any]:
    """The nested parameters of a form body or query string; ApiError if it is malformed."""
    if len(encoded) > LARGEST_BODY:
        raise ApiError("The request body is larger than 1 MiB.", status=413)
    text = _as_text(encoded)
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:  # UnicodeDecodeError is one of them
        raise ApiError("Invalid request: the parameters could not be read.") from error
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise ApiError("Invalid request: parameters may not contain a null character.")
        _plant(tree, _path(name), value, name)
    return {key: _with_lists(branch) for key, branch in tree.items()}


def _as_text(encoded: bytes | str) -> str:
    if isinstance(encoded, str):
        return encoded
    try:
        return encoded.decode()
    except UnicodeDecodeError as error:
        raise ApiError("Invalid request: the parameters are not UTF-8.") from error


def _path(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ApiError(f"Invalid request: the parameter name {name[:100]!r} is malformed.")
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(path) > _DEEPEST:
        raise ApiError(f"Invalid request: the parameter {name[:100]!r} is nested too deeply.")
    return path


def _plant(tree: dict[str, Any], path: list[str], value: str, name: str) -> None:
    for step in path[:-1]:
        branch = tree.setdefault(step or str(len(tree)), {})
        if not isinstance(branch, dict):
            raise ApiError(f"Invalid request: {name[:100]!r} is both a value and an object.")
        tree = branch
    last = path[-1] or str(len(tree))
    if isinstance(tree.get(last), dict):
        raise ApiError(f"Invalid request: {name[:100]!r} is both a value and an object.")
    tree[last] = value


def _with_lists(branch: Any) -> Any:
    if not isinstance(branch, dict):
        return branch
    grown = {key: _with_lists(value) for key, value in branch.items()}
    if grown and all(key.isascii() and key.isdigit() and len(key) <= 5 for key in grown):
        return [grown[key] for key in sorted(grown, key=int)]
    return grown
