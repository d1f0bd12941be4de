"""Checks on request parameters, with the words and codes that Stripe answers.

A reader takes the raw value and the parameter's full name and returns the typed value, or raises
ApiError. A dictionary of readers describes one object; `required` marks what may not be left out.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from stripe_simulator import currencies
from stripe_simulator.errors import ApiError, missing_param, unknown_param

type Reader = Callable[[Any, str], Any]
type Fields = Mapping[str, Reader]

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_MOST_METADATA = 50
_LONGEST_METADATA_KEY = 40
_LONGEST_METADATA_VALUE = 500


def read(raw: Any, fields: Fields, name: str = "") -> dict[str, Any]:
    """Check `raw` against `fields`; absent optional parameters stay absent in the result."""
    if not isinstance(raw, dict):
        raise ApiError(f"Invalid object: {name}", code="parameter_invalid_object", param=name)
    for key in raw:
        if key not in fields:
            raise unknown_param(_join(name, key))
    read_values = {}
    for key, reader in fields.items():
        if key in raw:
            read_values[key] = reader(raw[key], _join(name, key))
        elif getattr(reader, "is_required", False):
            raise missing_param(_join(name, key))
    return read_values


def _join(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def required(reader: Reader) -> Reader:
    """The same reader, for a parameter that may not be left out."""

    def reading(value: Any, name: str) -> Any:
        return reader(value, name)

    reading.is_required = True  # type: ignore[attr-defined]
    return reading


def text(longest: int = 5000) -> Reader:
    def reading(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise ApiError(f"Invalid string: {name}", param=name)
        if not value:
            raise ApiError(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or "
                "supply a non-empty value.",
                code="parameter_invalid_empty",
                param=name,
            )
        if len(value) > longest:
            raise ApiError(
                f"Invalid string: {value[:20]}...; must be at most {longest} characters",
                code="parameter_invalid_string_too_long" if longest < 5000 else None,
                param=name,
            )
        return value

    return reading


def choice(*options: str) -> Reader:
    def reading(value: Any, name: str) -> str:
        if value not in options:
            shown = value if isinstance(value, str) else "an object"
            raise ApiError(f"Invalid {name}: must be one of {', '.join(options)}, not {shown[:100]}", param=name)
        return value

    return reading


def integer(least: int | None = None, most: int | None = None) -> Reader:
    def reading(value: Any, name: str) -> int:
        if not isinstance(value, str) or not _INTEGER.fullmatch(value):
            shown = value[:100] if isinstance(value, str) else "an object"
            raise ApiError(f"Invalid integer: {shown}", code="parameter_invalid_integer", param=name)
        number = int(value)
        if least is not None and number < least:
            raise ApiError(
                f"This value must be greater than or equal to {least}.",
                code="parameter_invalid_integer",
                param=name,
            )
        if most is not None and number > most:
            raise ApiError(
                f"This value must be less than or equal to {most}.",
                code="parameter_invalid_integer",
                param=name,
            )
        return number

    return reading


def boolean(value: Any, name: str) -> bool:
    if value not in {"true", "false"}:
        raise ApiError(f"Invalid boolean: {str(value)[:100]}", param=name)
    return value == "true"


def email(value: Any, name: str) -> str:
    address = text(800)(value, name)
    if not _EMAIL.fullmatch(address):
        raise ApiError(f"Invalid email address: {address[:200]}", code="email_invalid", param=name)
    return address


def url(value: Any, name: str) -> str:
    address = text()(value, name)
    if not _URL.fullmatch(address):
        raise ApiError("Not a valid URL", code="url_invalid", param=name)
    return address


def currency(value: Any, name: str) -> str:
    code = text(100)(value, name).lower()
    if code not in currencies.SUPPORTED:
        known = ", ".join(sorted(currencies.SUPPORTED))
        raise ApiError(
            f"Invalid currency: {code[:100]}. Stripe currently supports these currencies: {known}", param=name
        )
    return code


def metadata(value: Any, name: str) -> dict[str, str]:
    """Up to 50 keys of 40 characters with values of 500; an empty value unsets its key."""
    if value == "":
        return {}
    if isinstance(value, list):  # keys such as metadata[0] decode to a list
        value = {str(position): entry for position, entry in enumerate(value)}
    if not isinstance(value, dict):
        raise ApiError(f"Invalid object: {name}", param=name)
    if len(value) > _MOST_METADATA:
        raise ApiError(f"Metadata can have up to {_MOST_METADATA} keys, but you passed in {len(value)}.", param=name)
    for key, entry in value.items():
        if len(key) > _LONGEST_METADATA_KEY:
            raise ApiError(
                f"Metadata keys can have up to {_LONGEST_METADATA_KEY} characters, but you passed in a key that "
                f"is {len(key)} characters. Invalid key: {key[:60]}",
                param=name,
            )
        if not isinstance(entry, str) or len(entry) > _LONGEST_METADATA_VALUE:
            raise ApiError(
                f"Metadata values can have up to {_LONGEST_METADATA_VALUE} characters and must be strings. "
                f"Invalid value for {key}.",
                param=f"{name}[{key}]",
            )
    return {key: entry for key, entry in value.items() if entry}


def nested(fields: Fields) -> Reader:
    def reading(value: Any, name: str) -> dict[str, Any]:
        return read(value, fields, name)

    return reading


def many(reader: Reader, most: int | None = None) -> Reader:
    def reading(value: Any, name: str) -> list[Any]:
        if not isinstance(value, list):
            raise ApiError("Invalid array", param=name)
        if most is not None and len(value) > most:
            raise ApiError(f"You can pass at most {most} entries in {name}, but you passed {len(value)}.", param=name)
        return [reader(entry, f"{name}[{position}]") for position, entry in enumerate(value)]

    return reading


def span(value: Any, name: str) -> dict[str, int]:
    """A moment, or a range of moments by `gt`, `gte`, `lt`, `lte`, in seconds since 1970."""
    if isinstance(value, str):
        moment = integer()(value, name)
        return {"gte": moment, "lte": moment}
    return read(value, dict.fromkeys(("gt", "gte", "lt", "lte"), integer()), name)


EXPAND: Fields = {"expand": many(text())}
LISTING: Fields = EXPAND | {  # type: ignore[operator]
    "limit": integer(1, 100),
    "starting_after": text(),
    "ending_before": text(),
}
DATED_LISTING: Fields = LISTING | {"created": span}  # type: ignore[operator]
