"""How long the stock of each variant will last at the pace of the last 30 days: from counts, movements and the ledger.

A day on which there was nothing to sell says nothing of the pace, so it is left out of it.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from analytics.figures.windows import Window, ending
from analytics.snapshots.days import as_day
from core.days import day_bounds, store_zone, today
from core.money import divide_half_up
from orders.models import SalesEntry
from products.models import StockItem

PACE = 30  # days, the last of which is today


@dataclass(frozen=True)
class StockCover:
    """A variant whose stock is counted; `cover_days` is None if nothing was sold, or nothing could be."""

    variant_id: int
    sku: str
    product: str
    variant: str
    available: int
    units_30d: int
    days_in_stock: int
    cover_days: Decimal | None


@dataclass(frozen=True)
class Moved:
    """What movements of a day changed a count by, and the highest it stood at after one of them."""

    change: int
    highest: int


def stock_cover_days() -> list[StockCover]:
    """Return every variant whose stock is counted, those that run out first before the others: three queries."""
    window = ending(today(), PACE)
    sold = units_sold(window)
    moved = _moved(window)
    rows = []
    for item in StockItem.objects.filter(tracked=True).select_related("variant__product"):
        days, units = _days_in_stock(item.on_hand, moved.get(item.pk, {}), window), sold.get(item.variant_id, 0)
        variant = item.variant
        rows.append(
            StockCover(
                variant_id=variant.pk,
                sku=variant.sku,
                product=variant.product.name,
                variant=variant.name,
                available=item.available,
                units_30d=units,
                days_in_stock=days,
                cover_days=_cover(item.available, units, days),
            )
        )
    return sorted(rows, key=lambda row: (row.cover_days is None, row.cover_days or 0, row.sku))


def units_sold(window: Window) -> dict[int, int]:
    """Return the units sold of each variant by its key; refunds take nothing off."""
    lines = SalesEntry.objects.filter(kind=SalesEntry.Kind.LINE, day__range=(window.start, window.end))
    return dict(lines.order_by().values_list("line__variant").annotate(Sum("units")))


def _cover(available: int, units: int, days: int) -> Decimal | None:
    if units <= 0 or not days:
        return None
    return Decimal(divide_half_up(100 * available * days, units)).scaleb(-2)


def _days_in_stock(on_hand: int, moved: Mapping[date, Moved], window: Window) -> int:
    """Count the days on which there was at least one unit at some time, going back from the count of now."""
    count, standing = 0, on_hand - sum(move.change for day, move in moved.items() if day > window.end)
    for day in reversed(list(window)):
        move = moved.get(day)
        before = standing - move.change if move else standing
        count += before > 0 or (move is not None and move.highest > 0)
        standing = before
    return count


def _moved(window: Window) -> dict[int, dict[date, Moved]]:
    """Return by stock item the days from the window's first on which its count moved."""
    day, params = connection.ops.datetime_cast_date_sql("m.at", [], str(store_zone()))
    start = connection.ops.adapt_datetimefield_value(day_bounds(window.start)[0])
    statement = f"""
        SELECT stock_item_id, day, SUM(delta), MAX(standing) FROM (
            SELECT m.stock_item_id, m.delta, {day} AS day, m.delta + i.on_hand
                - SUM(m.delta) OVER (PARTITION BY m.stock_item_id ORDER BY m.at DESC, m.id DESC) AS standing
            FROM products_stockmovement m JOIN products_stockitem i ON i.id = m.stock_item_id
            WHERE i.tracked AND m.at >= %s
        ) moves GROUP BY stock_item_id, day
    """  # noqa: S608  made by Django
    moved: dict[int, dict[date, Moved]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, start])
        for item, on, change, highest in cursor.fetchall():
            moved[item][as_day(on)] = Moved(int(change), int(highest))
    return moved
