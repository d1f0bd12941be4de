"""The figures of the registry as a file: one figure a row."""

from collections.abc import Iterator
from decimal import Decimal

from analytics.exports.csv_text import Cell, Kind
from analytics.exports.datasets import CURRENCY, Column, Dataset, number_columns, register, text_columns
from analytics.figures.reading import facts_of
from analytics.figures.windows import Window
from analytics.kpis import SCALARS, Kpi, Unit, Value
from analytics.models import Build
from core.consistent_read import consistent_read
from core.money import format_plain


def summary_rows(window: Window, currency: str) -> Iterator[list[Cell]]:
    """Yield each figure of a window, from one state of the database."""
    with consistent_read():
        build = Build.objects.succeeded().first()
        facts = facts_of([window], currency)[0]
    for kpi in SCALARS:
        value = kpi.value(facts)
        minor = int(value) if kpi.unit is Unit.MONEY and value is not None else None
        yield [
            *(kpi.id, kpi.title, str(kpi.unit), currency, window.start, window.end),
            *(minor, _plain(kpi, value, currency), build.pk if build else None),
        ]


def _plain(kpi: Kpi, value: Value, currency: str) -> Decimal | None:
    if value is None:
        return None
    return Decimal(format_plain(int(value), currency) if kpi.unit is Unit.MONEY else str(value))


KPI_SUMMARY = register(
    Dataset(
        name="kpi_summary",
        title="Figures",
        summary="Every figure of the window, one a row.",
        columns=(
            *text_columns(kpi="the id of the figure", title="its name", unit="money, count or percent"),
            CURRENCY,
            Column("from", Kind.DAY, "first day of the window"),
            Column("to", Kind.DAY, "last day of the window"),
            Column("value_minor", Kind.MINOR, "the figure in minor units, if it is money", is_additive=False),
            Column("value", Kind.DECIMAL, "the figure; money as a decimal; empty if there is none"),
            *number_columns(build="the snapshot build it was read from"),
        ),
        make=summary_rows,
    )
)
