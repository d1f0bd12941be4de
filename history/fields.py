"""What the single values of a history line may be. Strict: no floats, no bare true for 1, no time without an offset.

A converter takes a value as JSON gave it and returns it as Python holds it, or raises ValueError with the reason.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django_countries import countries

from core.money import EXPONENTS

type Converter = Callable[[Any], Any]

LARGEST_MINOR = 10**12  # of one amount; the sums of an order stay within a bigint
LARGEST_QUANTITY = 1_000_000
LARGEST_COUNT = 1_000_000_000
YEARS = range(1970, 2200)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class BadLine(Exception):
    """A line that cannot be imported: which field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field, self.reason = field, reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class Field(NamedTuple):
    """One field of a type of line."""

    convert: Converter
    is_required: bool = True


@dataclass
class Schema:
    """The fields that a type of line (or a row inside one) has."""

    name: str
    fields: Mapping[str, Field]

    def __post_init__(self) -> None:
        self._converters = {name: field.convert for name, field in self.fields.items()}
        self._required = [name for name, field in self.fields.items() if field.is_required]

    def read(self, given: object, where: str = "") -> dict[str, Any]:
        """Return the values of an object, converted. Raises BadLine for the first that is wrong, unknown or missing."""
        if not isinstance(given, dict):
            raise BadLine(where.rstrip(".") or "line", f"must be an object, not {kind_of(given)}")
        values, name = {}, ""
        try:
            for name, value in given.items():
                convert = self._converters.get(name)
                if convert is None:
                    raise BadLine(where + shown(name), f"is no field of {self.name}")
                values[name] = convert(value)
        except ValueError as error:
            raise BadLine(where + name, str(error)) from None
        for name in self._required:
            if name not in values:
                raise BadLine(where + name, "is missing")
        return values


def kind_of(value: object) -> str:
    """Return the kind of a JSON value in words."""
    names = {bool: "true or false", int: "a number", float: "a number with a fraction", str: "text", list: "a list"}
    return "nothing (null)" if value is None else names.get(type(value), "an object")


def shown(text: object) -> str:
    """Return a value as a message may quote it: short, on one line, printable."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in str(text))
    return plain if len(plain) <= 60 else f"{plain[:57]}..."


def text(most: int, *, least: int = 0) -> Converter:
    """Return a converter of text of so many characters, trimmed, without control characters."""

    def convert(value: Any) -> str:
        if type(value) is not str:
            raise ValueError(f"must be text, not {kind_of(value)}")
        if UNPRINTABLE.search(value):
            raise ValueError("holds a control character")
        value = value.strip()
        if len(value) < least:
            raise ValueError("must not be empty")
        if len(value) > most:
            raise ValueError(f"is longer than {most} characters")
        return value

    return convert


def whole(least: int, most: int) -> Converter:
    """Return a converter of whole numbers in a range, both ends included."""

    def convert(value: Any) -> int:
        if type(value) is not int:
            raise ValueError(f"must be a whole number, not {kind_of(value)}")
        if not least <= value <= most:
            raise ValueError(f"must lie between {least} and {most}")
        return value

    return convert


def choice(*choices: str) -> Converter:
    """Return a converter of one of a few words."""

    def convert(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return convert


def boolean(value: Any) -> bool:
    """Take true and false, nothing else."""
    if type(value) is not bool:
        raise ValueError(f"must be true or false, not {kind_of(value)}")
    return value


def instant(value: Any) -> datetime:
    """Take an ISO 8601 time with an offset; return it in UTC."""
    if type(value) is not str:
        raise ValueError(f"must be a time in quotes, not {kind_of(value)}")
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is not an ISO 8601 time") from None
    if at.tzinfo is None:
        raise ValueError("has no offset from UTC")
    if at.year not in YEARS:
        raise ValueError(f"lies outside the years {YEARS[0]} to {YEARS[-1]}")
    return at.astimezone(UTC)


def day(value: Any) -> date:
    """Take an ISO 8601 date."""
    if type(value) is not str:
        raise ValueError(f"must be a date in quotes, not {kind_of(value)}")
    if not DATE.match(value):
        raise ValueError(f"{shown(value)} is not a date of the form 2026-06-01")
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is no day of the calendar") from None
    if found.year not in YEARS:
        raise ValueError(f"lies outside the years {YEARS[0]} to {YEARS[-1]}")
    return found


def email(value: Any) -> str:
    """Take an e-mail address."""
    address = _address(value)
    try:
        validate_email(address)
    except ValidationError:
        raise ValueError(f"{shown(address)} is not an e-mail address") from None
    return address


def currency(value: Any) -> str:
    """Take an ISO 4217 code that money can be counted in."""
    if not isinstance(value, str) or value not in EXPONENTS:
        raise ValueError(f"{shown(value)} is not a currency this shop knows")
    return value


def country(value: Any) -> str:
    """Take an ISO 3166 code of two letters."""
    if not isinstance(value, str) or value not in COUNTRIES:
        raise ValueError(f"{shown(value)} is not a country code")
    return value


COUNTRIES = frozenset(code for code, _ in countries)
_address = text(254, least=1)
money = whole(0, LARGEST_MINOR)
signed = whole(-LARGEST_MINOR, LARGEST_MINOR)
quantity = whole(1, LARGEST_QUANTITY)
