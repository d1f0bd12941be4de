"""CSV as both databases write it, byte for byte: PostgreSQL by its COPY, SQLite's rows by the functions here.

UTF-8, quoted as RFC 4180 says and as PostgreSQL's COPY does it, lines ending in LF; null and empty text are both empty.
Functions that take an expression of SQL return one; their results go into statements with parameters, so a percent
sign is doubled.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from core.money import EXPONENTS, THREE_DECIMAL, ZERO_DECIMAL

BYTE_ORDER_MARK = "\ufeff"
RISKY = ("=", "+", "-", "@", "\t", "\r", "\0")
RISKY_CODES = ", ".join(str(ord(character)) for character in RISKY if character != "\0")  # a NUL is the writer's work

type Cell = str | int | Decimal | date | datetime | None


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    MINOR = "minor units"
    MONEY = "money"
    PERCENT = "percent"
    DECIMAL = "decimal"
    DAY = "day"
    MOMENT = "moment"


def as_text(kind: Kind, expression: str, *, vendor: str) -> str:
    """Return the SQL that writes a column of this kind as text; money needs a column `currency` beside it."""
    match kind:
        case Kind.TEXT:
            return _safe_text(expression, vendor)
        case Kind.MOMENT:
            return _moment(expression, vendor)
        case Kind.MONEY:
            return _money(expression)
        case _:
            return f"CAST({expression} AS TEXT)"


def as_cell(kind: Kind, expression: str, *, vendor: str, currency: str, is_code: bool = False) -> str:
    """Return the SQL of a column as the writer of the file takes it, quicker than as text, to the same bytes.

    Numbers and days are left to PostgreSQL, which writes them as their text; money is multiplied, for every row of the
    file is in `currency`, unless that is empty. `is_code` says that no value can be taken for a formula.
    """
    is_postgresql = vendor == "postgresql"
    if kind is Kind.MONEY and currency in EXPONENTS:
        places = EXPONENTS[currency]
        if is_postgresql:
            return f"{expression} * {Decimal(1).scaleb(-places):f}"
        return _decimal(expression, places) if places else f"CAST({expression} AS TEXT)"
    if kind is Kind.TEXT and is_code:
        return f"NULLIF({expression}, '')"
    if is_postgresql and kind in (Kind.NUMBER, Kind.MINOR, Kind.DAY):
        return expression
    return as_text(kind, expression, vendor=vendor)


def _safe_text(expression: str, vendor: str) -> str:
    code = "ascii" if vendor == "postgresql" else "unicode"
    guarded = f"'''' || {expression}"
    return f"CASE WHEN {code}({expression}) IN ({RISKY_CODES}) THEN {guarded} ELSE NULLIF({expression}, '') END"


def _moment(expression: str, vendor: str) -> str:
    if vendor == "postgresql":
        return f"to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    return f"substr({expression}, 1, 10) || 'T' || substr({expression}, 12, 8) || 'Z'"  # stored as text, in UTC


def _money(expression: str) -> str:
    return (
        f"CASE WHEN currency IN ({_quoted(ZERO_DECIMAL)}) THEN CAST({expression} AS TEXT) "
        f"WHEN currency IN ({_quoted(THREE_DECIMAL)}) THEN {_decimal(expression, 3)} ELSE {_decimal(expression, 2)} END"
    )


def _decimal(expression: str, places: int) -> str:
    unit = 10**places
    part = f"substr(CAST(ABS({expression}) %% {unit} + {unit} AS TEXT), 2)"
    sign = f"CASE WHEN {expression} < 0 THEN '-' ELSE '' END"
    return f"{sign} || CAST(ABS({expression}) / {unit} AS TEXT) || '.' || {part}"


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: such a cell begins with an apostrophe."""
    return f"'{text}" if text.startswith(RISKY) else text


def text_of(kind: Kind, cell: Cell) -> str | None:
    """Return a value as a file writes it, for datasets whose rows are made here and not by the database."""
    match cell:
        case None:
            return None
        case datetime():
            return f"{cell.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case date():
            return cell.isoformat()
        case Decimal():
            return f"{cell:f}"
        case _:
            return guarded(str(cell)) if kind is Kind.TEXT else str(cell)


def line(cells: Sequence[str | None]) -> str:
    """Return one line of a file, as COPY would write it."""
    return ",".join([(cell if cell.isalnum() else _quoted_cell(cell)) if cell else "" for cell in cells]) + "\n"


def _quoted_cell(cell: str) -> str:
    if cell.startswith("\0"):
        cell = f"'{cell}"
    if "," in cell or '"' in cell or "\n" in cell or "\r" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
