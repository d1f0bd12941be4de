"""The answer of the `kpis` command: figures as plain values, in the shape that programs rely on."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from analytics.figures.cohorts import cohort_retention, ltv_to_date
from analytics.figures.funnel import checkout_funnel
from analytics.figures.reading import best_sellers, currencies, facts_by_day, facts_of
from analytics.figures.stock_cover import stock_cover_days
from analytics.figures.windows import Window
from analytics.kpi_types import PointKpi
from analytics.kpis import (
    BEST_SELLERS,
    CHECKOUT_FUNNEL,
    COHORT_RETENTION,
    KPIS,
    LTV_TO_DATE,
    STOCK_COVER_DAYS,
    Facts,
    values_of,
)
from analytics.snapshots.freshness import freshness_of
from core.consistent_read import consistent_read

Answer = dict[str, Any]
type Table = Callable[[Window, str], Sequence[Any]]

IN_CURRENCY: dict[str, Table] = {BEST_SELLERS.id: best_sellers, LTV_TO_DATE.id: ltv_to_date}
ACROSS: dict[str, Callable[[Window, str | None], Sequence[Any]]] = {
    COHORT_RETENTION.id: cohort_retention,
    CHECKOUT_FUNNEL.id: checkout_funnel,
    STOCK_COVER_DAYS.id: lambda _window, _currency: stock_cover_days(),
}


def answer(window: Window, *, currency: str | None, daily: bool) -> Answer:
    """Return the figures of a window: of one currency, or of each and over all of them.

    Money and counts are integers, percentages, hours and days text with two decimals, months text, tables lists of
    objects, an empty denominator None. Days have no tables and none of the figures of this moment.
    """
    with consistent_read():
        freshness = freshness_of(window)
        head: Answer = {"from": window.start.isoformat(), "to": window.end.isoformat()}
        if currency is not None:
            head["currency"] = currency
        head |= {
            "time_zone": settings.STORE_TIME_ZONE,
            "build": freshness.build.pk if freshness.build else None,
            "complete": freshness.is_complete,
            "missing_days": [day.isoformat() for day in freshness.missing],
        }
        if currency is not None:
            return head | _figures(window, currency, daily=daily)
        head["currencies"] = {code: _figures(window, code, daily=daily) for code in currencies()}
        return head | {"all": _values(facts_of([window], None)[0], None) | _tables(window, None)}


def _figures(window: Window, currency: str, *, daily: bool) -> Answer:
    values = _values(facts_of([window], currency)[0], currency) | _tables(window, currency)
    if not daily:
        return {"values": values}
    days = facts_by_day(window, currency, kpis=[kpi for kpi in KPIS if not _is_of_now(kpi)])
    return {"values": values, "daily": [_day(day, facts, currency) for day, facts in days.items()]}


def _day(day: date, facts: Facts, currency: str) -> Answer:
    values = _values(facts, currency)
    return {"day": day.isoformat(), **{kpi: value for kpi, value in values.items() if not _is_of_now(kpi)}}


def _values(facts: Facts, currency: str | None) -> Answer:
    return {kpi: _plain(value) for kpi, value in values_of(facts, across_currencies=currency is None).items()}


def _tables(window: Window, currency: str | None) -> Answer:
    tables: Answer = {kpi: rows(window, currency) for kpi, rows in IN_CURRENCY.items()} if currency else {}
    tables |= {kpi: rows(window, currency) for kpi, rows in ACROSS.items()}
    return {kpi: [_plain_row(asdict(row)) for row in rows] for kpi, rows in tables.items()}


def _plain_row(row: Answer) -> Answer:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, date):  # in tables, the first day of a month
        return f"{value:%Y-%m}"
    return str(value) if isinstance(value, Decimal) else value


def _is_of_now(kpi: str) -> bool:
    return isinstance(KPIS[kpi], PointKpi)
