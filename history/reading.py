"""One line of a history file as a typed record. What only the line itself can tell is checked here."""

import hashlib
import json
from typing import Any

from history import fields
from history.fields import BadLine, shown
from history.kinds import KINDS
from history.records import Line

LONGEST_LINE = 1_048_576  # bytes


def read_line(number: int, raw: bytes) -> Line:
    """Return a line of the file. Raises BadLine."""
    given = _parse(raw)
    name = given.get("type")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadLine("type", f"{shown(name)} is no type of line" if name is not None else "is missing")
    digest = hashlib.sha256(json.dumps(given, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    del given["type"]
    record = kind.make(**kind.schema.read(given))
    if kind.check is not None:
        kind.check(record)
    return Line(number, str(name), getattr(record, "ref", digest), digest, record)


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > LONGEST_LINE:
        raise BadLine("line", f"is longer than {LONGEST_LINE} bytes")
    try:
        given = json.loads(raw.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise BadLine("line", "is not UTF-8") from None
    except RecursionError:
        raise BadLine("line", "is nested too deeply") from None
    except ValueError as error:
        raise BadLine("line", f"is not JSON ({shown(error)})") from None
    if not isinstance(given, dict):
        raise BadLine("line", f"must be an object, not {fields.kind_of(given)}")
    return given


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise BadLine(shown(next(name for name in names if names.count(name) > 1)), "is given twice")
    return found


def _refuse_constant(name: str) -> None:
    raise BadLine("line", f"holds {name}, which is no number")
