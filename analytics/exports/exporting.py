"""Writing a dataset as CSV, a piece at a time: PostgreSQL writes it itself, SQLite's rows are written here.

One statement reads it all, so a file holds one state of the database; neither memory nor time depends on a cap.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.db import connection

from analytics.exports.csv_text import BYTE_ORDER_MARK, as_text, line
from analytics.exports.datasets import KPI_SUMMARY, Column, Dataset
from analytics.figures.reading import facts_of
from analytics.figures.windows import Window
from analytics.kpis import SCALARS, Kpi, Unit, Value
from analytics.models import Build
from core.days import day_bounds
from core.money import format_plain

AT_ONCE = 2_000
type Params = dict[str, date | datetime | str]


def export(
    dataset: Dataset, window: Window, currency: str, *, with_personal: bool = False, for_excel: bool = False
) -> Iterator[bytes]:
    """Yield the bytes of a file: its header, then its rows. For Excel it begins with a byte order mark."""
    columns = dataset.columns_for(with_personal=with_personal)
    yield (for_excel * BYTE_ORDER_MARK + line([column.name for column in columns])).encode()
    if dataset == KPI_SUMMARY:
        yield "".join(line(cells) for cells in _summary(window, currency)).encode()
        return
    moments = {"start_at": day_bounds(window.start)[0], "end_at": day_bounds(window.end)[1]}
    params: Params = {"start": window.start, "end": window.end, "currency": currency}
    params |= {name: connection.ops.adapt_datetimefield_value(moment) or "" for name, moment in moments.items()}
    yield from _rows(_statement(dataset, columns), params)


def _statement(dataset: Dataset, columns: Sequence[Column]) -> str:
    texts = ", ".join(as_text(column.kind, column.expression, vendor=connection.vendor) for column in columns)
    return f"SELECT {texts} FROM ({dataset.rows}) r ORDER BY {dataset.order_by}"  # noqa: S608  declared in code


def _rows(statement: str, params: Params) -> Iterator[bytes]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)", params) as copy:
            for piece in copy:
                yield bytes(piece)
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        while rows := cursor.fetchmany(AT_ONCE):
            yield "".join(line(row) for row in rows).encode()


def _summary(window: Window, currency: str) -> Iterator[list[str | None]]:
    build = Build.objects.succeeded().first()
    facts = facts_of([window], currency)[0]
    for kpi in SCALARS:
        value = kpi.value(facts)
        yield [
            kpi.id,
            kpi.title,
            str(kpi.unit),
            currency,
            window.start.isoformat(),
            window.end.isoformat(),
            str(value) if kpi.unit is Unit.MONEY and value is not None else None,
            _plain(kpi, value, currency),
            str(build.pk) if build else None,
        ]


def _plain(kpi: Kpi, value: Value, currency: str) -> str | None:
    if value is None:
        return None
    return format_plain(int(value), currency) if kpi.unit is Unit.MONEY else str(value)
