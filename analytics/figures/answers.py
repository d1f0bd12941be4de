"""The answer of the `kpis` command: figures as plain values, in the shape that programs rely on."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from analytics.figures.reading import best_sellers, consistent_read, currencies, facts_by_day, facts_of
from analytics.figures.windows import Window
from analytics.kpis import BEST_SELLERS, Facts, Value, values_of
from analytics.snapshots.freshness import freshness_of

Answer = dict[str, Any]


def answer(window: Window, *, currency: str | None, daily: bool) -> Answer:
    """Return the figures of a window: of one currency, or of each and over all of them.

    Money and counts are integers, percentages text with two decimals, an empty denominator None.
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
        return head | {"all": _plain(facts_of([window], None)[0], across_currencies=True)}


def _figures(window: Window, currency: str, *, daily: bool) -> Answer:
    values: Answer = dict(_plain(facts_of([window], currency)[0]))
    values[BEST_SELLERS.id] = [asdict(seller) for seller in best_sellers(window, currency)]
    if not daily:
        return {"values": values}
    days = facts_by_day(window, currency)
    return {"values": values, "daily": [_day(day, facts) for day, facts in days.items()]}


def _day(day: date, facts: Facts) -> Answer:
    return {"day": day.isoformat(), **_plain(facts)}


def _plain(facts: Facts, *, across_currencies: bool = False) -> dict[str, int | str | None]:
    return {kpi: _value(value) for kpi, value in values_of(facts, across_currencies=across_currencies).items()}


def _value(value: Value) -> int | str | None:
    return str(value) if isinstance(value, Decimal) else value
