"""CSV as text that is made in SQL: each column is text already, so that both databases write the same bytes.

UTF-8, quoted as RFC 4180 says and as PostgreSQL's COPY does it, lines ending in LF; null and empty text are both empty.
The functions take an expression of SQL and return one; their results go into statements with parameters, so a percent
sign is doubled.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from core.money import THREE_DECIMAL, ZERO_DECIMAL

BYTE_ORDER_MARK = "\ufeff"
RISKY = ("=", "+", "-", "@", "\t", "\r", "\0")


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    MINOR = "minor units"
    MONEY = "money"
    PERCENT = "percent"
    DAY = "day"
    MOMENT = "moment"


def as_text(kind: Kind, expression: str, *, vendor: str) -> str:
    """Return the SQL that writes a column of this kind as text; money needs a column `currency` beside it."""
    match kind:
        case Kind.TEXT:
            return _safe_text(expression)
        case Kind.MOMENT:
            return _moment(expression, vendor)
        case Kind.MONEY:
            return _money(expression)
        case _:
            return f"CAST({expression} AS TEXT)"


def _safe_text(expression: str) -> str:
    risky = ", ".join(f"'{character}'" for character in RISKY if character != "\0")  # a NUL is the writer's business
    return (
        f"NULLIF(CASE WHEN substr({expression}, 1, 1) IN ({risky}) THEN '''' || {expression} ELSE {expression} END, '')"
    )


def _moment(expression: str, vendor: str) -> str:
    if vendor == "postgresql":
        return f"to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    return f"substr({expression}, 1, 10) || 'T' || substr({expression}, 12, 8) || 'Z'"  # stored as text, in UTC


def _money(expression: str) -> str:
    def decimal(places: int) -> str:
        unit = 10**places
        part = f"substr(CAST(ABS({expression}) %% {unit} + {unit} AS TEXT), 2)"
        sign = f"CASE WHEN {expression} < 0 THEN '-' ELSE '' END"
        return f"{sign} || CAST(ABS({expression}) / {unit} AS TEXT) || '.' || {part}"

    return (
        f"CASE WHEN currency IN ({_quoted(ZERO_DECIMAL)}) THEN CAST({expression} AS TEXT) "
        f"WHEN currency IN ({_quoted(THREE_DECIMAL)}) THEN {decimal(3)} ELSE {decimal(2)} END"
    )


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: such a cell begins with an apostrophe."""
    return f"'{text}" if text.startswith(RISKY) else text


def line(cells: Sequence[str | None]) -> str:
    """Return one line of a file, as COPY would write it."""
    return ",".join(_cell(cell) for cell in cells) + "\n"


def _cell(cell: str | None) -> str:
    if not cell:
        return ""
    if cell.startswith("\0"):
        cell = f"'{cell}"
    if any(character in cell for character in ',"\n\r'):
        return '"' + cell.replace('"', '""') + '"'
    return cell
