"""Parquet, where pyarrow is installed: an extra, which the shop does without.

Columns have types: whole numbers are int64, money is a decimal with the places of its currency, days are dates, moments
are microseconds in UTC. Text stands as it is, for no spreadsheet runs it. A row group at a time is held in memory.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from itertools import batched, groupby
from types import ModuleType
from typing import IO, Any, cast

from django.db import connection

from analytics.exports.csv_text import Cell, Kind
from analytics.exports.datasets import Column
from analytics.exports.exporting import Asked, made_rows, parameters, reading, source
from analytics.exports.store import Target
from core.errors import DomainError
from core.money import EXPONENTS

AT_ONCE = 5_000
ROW_GROUP = 50_000
MISSING = "Parquet files need the extra package pyarrow, which is not installed here: pip install pyarrow."
MONTH = slice(0, 7)


@cache
def _arrow() -> ModuleType | None:
    try:
        arrow = import_module("pyarrow")
        import_module("pyarrow.parquet")
    except ImportError:
        return None
    return arrow


def is_available() -> bool:
    """Whether files can be written as Parquet here."""
    return _arrow() is not None


def write_parquet(asked: Asked, target: Target, told: Callable[[int], None]) -> int:
    """Write the file and return its rows; `told` hears after each part how many there are so far.

    A dataset that names a column of days comes as a zip archive with a file for each month, laid out as warehouses
    read partitions: `month=2026-06/orders.parquet`. Raises DomainError where pyarrow is not installed.
    """
    if _arrow() is None:
        raise DomainError(MISSING)
    rows, so_far = typed_rows(asked), 0
    if not asked.dataset.by_month:
        with _writer(asked, target) as write:
            for part in _parts(rows):
                write(part)
                so_far += len(part)
                told(so_far)
        return so_far
    place = [column.name for column in asked.columns].index(asked.dataset.by_month)
    with zipfile.ZipFile(cast("IO[bytes]", target), "w", zipfile.ZIP_STORED) as archive:
        for month, of_month in groupby(rows, key=lambda row: str(row[place])[MONTH]):
            entry = zipfile.ZipInfo(f"{asked.dataset.name}/month={month}/{asked.dataset.name}.parquet")
            with archive.open(entry, "w", force_zip64=True) as inside, _writer(asked, inside) as write:
                for part in _parts(of_month):
                    write(part)
                    so_far += len(part)
                    told(so_far)
    return so_far


def typed_rows(asked: Asked) -> Iterator[Sequence[Cell]]:
    """Yield the rows of a file as values, in the order of the file and from one state of the database."""
    if asked.dataset.make is not None:
        yield from made_rows(asked)
        return
    names = ", ".join(column.expression for column in asked.columns)
    statement = f"SELECT {names} FROM ({source(asked)}) r ORDER BY {asked.dataset.order_by}"  # noqa: S608  declared
    readers = [_reader(column, asked.currency) for column in asked.columns]
    with reading(asked), connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters(asked))
        while rows := cursor.fetchmany(AT_ONCE):
            for row in rows:
                yield [cell if cell is None else read(cell) for read, cell in zip(readers, row, strict=True)]


def _parts(rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Sequence[Cell]]]:
    return batched(rows, ROW_GROUP)


@contextmanager
def _writer(asked: Asked, target: Target | IO[bytes]) -> Iterator[Callable[[Sequence[Sequence[Cell]]], None]]:
    arrow = _arrow()
    assert arrow is not None  # noqa: S101  whoever comes here has asked
    schema = arrow.schema([(column.name, _type(arrow, column, asked)) for column in asked.columns])
    with arrow.parquet.ParquetWriter(target, schema, compression="zstd") as parquet:

        def write(rows: Sequence[Sequence[Cell]]) -> None:
            values = zip(*rows, strict=True)
            arrays = [arrow.array(column, one.type) for column, one in zip(values, schema, strict=True)]
            parquet.write_table(arrow.Table.from_arrays(arrays, schema=schema), row_group_size=ROW_GROUP)

        yield write


def _type(arrow: ModuleType, column: Column, asked: Asked) -> Any:
    match column.kind:
        case Kind.NUMBER | Kind.MINOR:
            return arrow.int64()
        case Kind.MONEY:
            return arrow.decimal128(20, EXPONENTS.get(asked.currency, 2))
        case Kind.PERCENT:
            return arrow.decimal128(12, 2)
        case Kind.DECIMAL:
            return arrow.decimal128(24, 4)
        case Kind.DAY:
            return arrow.date32()
        case Kind.MOMENT:
            return arrow.timestamp("us", tz="UTC")
        case _:
            return arrow.string()


def _reader(column: Column, currency: str) -> Callable[[Any], Cell]:
    match column.kind:
        case Kind.NUMBER | Kind.MINOR:
            return int
        case Kind.MONEY:
            places = EXPONENTS.get(currency, 2)
            return lambda minor: Decimal(int(minor)).scaleb(-places)
        case Kind.PERCENT | Kind.DECIMAL:
            return lambda value: Decimal(str(value))
        case Kind.DAY:
            return lambda day: day if isinstance(day, date) else date.fromisoformat(str(day))
        case Kind.MOMENT:
            return _moment
        case _:
            return str


def _moment(at: datetime | str) -> datetime:
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
