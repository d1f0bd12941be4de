"""The rows of a figure as a file: all of them, in the columns of the page and the amounts as decimals besides."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import batched
from typing import Any

from analytics.exports.csv_text import BYTE_ORDER_MARK, Kind, guarded, line
from analytics.exports.datasets import Column
from analytics.rows.reading import AT_ONCE, Record, RowSet
from core.money import format_plain


def csv_of(found: RowSet, *, with_personal: bool, for_excel: bool = False) -> Iterator[bytes]:
    """Yield the bytes of the file: its header, then every row that the figure counts."""
    columns = columns_for(found.rows.columns, with_personal=with_personal)
    yield (for_excel * BYTE_ORDER_MARK + line([column.name for column in columns])).encode()
    for rows in batched(found.stream(), AT_ONCE):
        yield "".join(line([cell_text(column, row) for column in columns]) for row in rows).encode()


def columns_for(columns: Iterable[Column], *, with_personal: bool) -> list[Column]:
    """Return the columns that somebody gets."""
    return [column for column in columns if with_personal or not column.is_personal]


def cell_text(column: Column, row: Record) -> str | None:
    """Return a cell as it stands in a file; None for an empty one."""
    value: Any = row[column.expression]
    if value is None:
        return None
    match column.kind:
        case Kind.TEXT:
            return guarded(str(value))
        case Kind.MONEY:
            return format_plain(int(value), row["currency"]) if row["currency"] else None
        case Kind.MOMENT:
            return as_moment(value).strftime("%Y-%m-%dT%H:%M:%SZ")
        case Kind.DAY:
            return as_day(value).isoformat()
        case _:
            return str(int(value))


def as_day(value: date | str) -> date:
    """Return a date as a date; SQLite answers some as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def as_moment(value: datetime | str) -> datetime:
    """Return an instant in UTC; SQLite answers text without a zone."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
