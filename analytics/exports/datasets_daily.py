"""The figures of the registry by day, as a file: one day a row."""

from collections.abc import Iterator
from decimal import Decimal

from analytics.exports.csv_text import Cell, Kind
from analytics.exports.datasets import CURRENCY, Column, Dataset, money_columns, register
from analytics.figures.reading import facts_by_day
from analytics.figures.windows import Window
from analytics.kpi_types import DailySumKpi, PointKpi
from analytics.kpis import SCALARS, Kpi, Unit, Value
from core.consistent_read import consistent_read
from core.money import format_plain

OF_DAYS = tuple(kpi for kpi in SCALARS if not isinstance(kpi, PointKpi))
KINDS = {Unit.COUNT: Kind.NUMBER, Unit.PERCENT: Kind.PERCENT}


def daily_rows(window: Window, currency: str) -> Iterator[list[Cell]]:
    """Yield the figures of each day of a window, from one state of the database."""
    with consistent_read():
        days = facts_by_day(window, currency, kpis=[kpi.id for kpi in OF_DAYS])
    for day, facts in days.items():
        yield [day, currency, *(cell for kpi in OF_DAYS for cell in _cells(kpi, kpi.value(facts), currency))]


def _cells(kpi: Kpi, value: Value, currency: str) -> list[Cell]:
    if kpi.unit is not Unit.MONEY:
        return [value]
    if value is None:
        return [None, None]
    return [int(value), Decimal(format_plain(int(value), currency))]


def _columns() -> Iterator[Column]:
    for kpi in OF_DAYS:
        if kpi.unit is Unit.MONEY:
            yield from money_columns(**{kpi.id: kpi.formula})
        else:
            is_additive = isinstance(kpi, DailySumKpi)
            yield Column(kpi.id, KINDS.get(kpi.unit, Kind.DECIMAL), kpi.formula, is_additive=is_additive)


DAILY = register(
    Dataset(
        name="daily",
        title="Figures by day",
        summary="Every figure that a day has, one day a row; a day on which nothing happened has zeros.",
        columns=(Column("business_day", Kind.DAY, "the day in the store's time zone"), CURRENCY, *_columns()),
        make=daily_rows,
    )
)
