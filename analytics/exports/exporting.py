"""Writing a dataset as CSV, a piece at a time: PostgreSQL writes it itself, SQLite's rows are written here.

One statement reads it all, so a file holds one state of the database; neither memory nor time depends on a cap.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.crypto import salted_hmac

from analytics.exports.csv_text import BYTE_ORDER_MARK, Cell, as_cell, line, text_of
from analytics.exports.datasets import Column, Dataset
from analytics.figures.windows import Window
from analytics.rows.dialects import spoken
from core.days import day_bounds
from orders.models import SalesEntry

AT_ONCE = 2_000
PIECE = 64 * 1024
MOST = 0.6  # of the days that anything was sold on; from here on one pass over everything is the quicker way
# Compiling a statement costs more than the first row may; a sweep is read in the order of its index, not sorted.
PLANS = {"jit": "off"}
PLANS_OF_A_SWEEP = PLANS | {"enable_sort": "off", "enable_hashagg": "off", "max_parallel_workers_per_gather": "0"}
type Parameter = date | datetime | str | int | Decimal
type Params = dict[str, Parameter]


@dataclass(frozen=True)
class Asked:
    """What somebody wants to have in a file: the rows of a dataset in a window, and which columns of them.

    `more` are parameters of a query beyond those that every dataset has.
    """

    dataset: Dataset
    window: Window
    currency: str
    columns: Sequence[Column]
    for_excel: bool = False
    more: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file, and how many rows they hold."""

    content: bytes
    rows: int


def export(
    dataset: Dataset, window: Window, currency: str, *, with_personal: bool = False, for_excel: bool = False
) -> Iterator[bytes]:
    """Yield the bytes of a file: its header, then its rows. For Excel it begins with a byte order mark."""
    columns = dataset.columns_for(with_personal=with_personal)
    for piece in csv_pieces(Asked(dataset, window, currency, columns, for_excel)):
        yield piece.content


def csv_pieces(asked: Asked) -> Iterator[Piece]:
    """Yield a file as CSV: its header at once, then its rows as the database reads them."""
    header = line([column.name for column in asked.columns])
    yield Piece((asked.for_excel * BYTE_ORDER_MARK + header).encode(), 0)
    if asked.dataset.make is not None:
        yield from _in_pieces(made_rows(asked), asked.columns)
        return
    statement, params = _statement(asked), parameters(asked)
    with reading(asked) as cursor:
        if connection.vendor == "postgresql":
            yield from _copied(cursor, statement, params)
        else:
            cursor.execute(statement, params)
            while rows := cursor.fetchmany(AT_ONCE):
                yield Piece("".join([line(row) for row in rows]).encode(), len(rows))


def made_rows(asked: Asked) -> Iterator[list[Cell]]:
    """Yield the rows of a dataset that the database does not select, with the columns that were asked for."""
    if asked.dataset.make is None:
        raise ValueError(f"the database selects {asked.dataset.name}")
    every = [column.name for column in asked.dataset.columns]
    places = [every.index(column.name) for column in asked.columns]
    for row in asked.dataset.make(asked.window, asked.currency):
        yield [row[place] for place in places]


@contextmanager
def reading(asked: Asked) -> Iterator[CursorWrapper]:
    """Yield a cursor that reads in one state of the database, planned so that its first row comes soon."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:  # not atomic(), which takes SQLite's write lock
            yield cursor
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in (PLANS_OF_A_SWEEP if _is_sweep(asked) else PLANS).items():
            cursor.execute(f"SET LOCAL {name} = {value}")
        yield cursor


def source(asked: Asked) -> str:
    """Return the query whose columns are those of the dataset, as the database holds them."""
    return spoken(asked.dataset.sweep if _is_sweep(asked) else asked.dataset.rows)


def parameters(asked: Asked) -> Params:
    """Return what the query of a dataset is asked with."""
    window = asked.window
    moments = {"start_at": day_bounds(window.start)[0], "end_at": day_bounds(window.end)[1]}
    params: Params = {"start": window.start, "end": window.end, "currency": asked.currency}
    params |= {"zone": settings.STORE_TIME_ZONE, "pepper": _pepper(), **asked.more}
    return params | {name: connection.ops.adapt_datetimefield_value(moment) or "" for name, moment in moments.items()}


def _pepper() -> str:
    """The secret that makes the pseudonyms of this installation its own."""
    return salted_hmac("analytics.exports.pseudonym", "", algorithm="sha256").hexdigest()


def count_expected(asked: Asked) -> int:
    """Return how many rows a file will have, by now."""
    if asked.dataset.make is not None:
        return sum(1 for _ in made_rows(asked))
    with reading(asked) as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({source(asked)}) r", parameters(asked))  # noqa: S608  declared in code
        return int(cursor.fetchone()[0])


def _statement(asked: Asked) -> str:
    cells = ", ".join(
        as_cell(
            column.kind,
            column.expression,
            vendor=connection.vendor,
            currency=asked.currency,
            is_code=column.is_code,
        )
        for column in asked.columns
    )
    return f"SELECT {cells} FROM ({source(asked)}) r ORDER BY {asked.dataset.order_by}"  # noqa: S608  declared in code


def _is_sweep(asked: Asked) -> bool:
    if not asked.dataset.sweep:
        return False
    days = [SalesEntry.objects.order_by(order).values_list("day", flat=True).first() for order in ("day", "-day")]
    first, last = days
    if first is None or last is None:
        return False
    inside = (min(last, asked.window.end) - max(first, asked.window.start)).days + 1
    return inside >= MOST * ((last - first).days + 1)


def _copied(cursor: CursorWrapper, statement: str, params: Params) -> Iterator[Piece]:
    told, waiting, size = 0, [], 0
    with cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)", params) as copy:
        for row in copy:  # one at a time, as the server sends them: a web server is not to be woken for each
            waiting.append(bytes(row))
            size += len(row)
            if size >= PIECE:
                told += len(waiting)
                yield Piece(b"".join(waiting), len(waiting))
                waiting, size = [], 0
    yield Piece(b"".join(waiting), cursor.rowcount - told)


def _in_pieces(rows: Iterable[Sequence[Cell]], columns: Sequence[Column]) -> Iterator[Piece]:
    for row in rows:
        cells = [text_of(column.kind, cell) for column, cell in zip(columns, row, strict=True)]
        yield Piece(line(cells).encode(), 1)
