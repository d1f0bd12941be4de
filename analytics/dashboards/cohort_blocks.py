"""Customers by the month of their first sale, as a heat table: who came back, and what they came to."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from analytics.dashboards.blocks import Block, Cell, Column, Raw, Table
from analytics.dashboards.figures import FEW
from analytics.exports.csv_text import Kind
from analytics.figures.cohorts import CohortMonth, CohortValue
from analytics.figures.windows import DAY, Window
from analytics.kpis import COHORT_RETENTION, LTV_TO_DATE
from analytics.rows.links import rows_url
from core.days import month_of

MONTHS = 12
HEATS = (Decimal(1), Decimal(5), Decimal(10), Decimal(20), Decimal(35))  # percent at which a cell gets darker


def cohort_window(window: Window) -> Window:
    """Return the days from the first of the month eleven months before a window's end to that end."""
    start = window.end
    for _ in range(MONTHS - 1):
        start = month_of(start)[0] - DAY
    return Window(month_of(start)[0], window.end)


def cohort_block(
    retention: Sequence[CohortMonth], values: Sequence[CohortValue], window: Window, currency: str
) -> Block:
    """Return the block of the cohorts of a window: a row each, their size, worth and share in each month since."""
    months: dict[date, list[CohortMonth]] = defaultdict(list)
    for one in retention:
        months[one.cohort].append(one)
    worth = {value.cohort: value for value in values}
    columns = [
        Column("cohort", "First sale in"),
        Column("size", "Customers", Kind.NUMBER),
        Column("ltv", "Worth each", Kind.MONEY),
        *(Column(f"month_{age}_percent", "Month 0, %" if not age else f"{age}", Kind.DECIMAL) for age in range(MONTHS)),
    ]
    rows = [_row(cohort, months[cohort], worth.get(cohort), window, currency) for cohort in sorted(months)]
    return Block(
        key="cohorts",
        title="Who comes back",
        note="By month of first sale: how many percent bought in that month (month 0) and in each one after; "
        "* the month is not over.",
        kpis=[COHORT_RETENTION, LTV_TO_DATE],
        table=Table("Share of customers who bought, by month since their first sale", columns, rows, currency),
        rows_url=rows_url(COHORT_RETENTION.id, window, currency),
        empty="No first sale in the last twelve months. The first one begins the first row.",
        is_wide=True,
    )


def _row(
    cohort: date, months: Sequence[CohortMonth], value: CohortValue | None, window: Window, currency: str
) -> list[Cell | Raw]:
    size, name = months[0].size, f"{cohort:%Y-%m}"
    worth = rows_url(LTV_TO_DATE.id, window, currency, cohort=name)
    cells: list[Cell | Raw] = [
        Cell(f"{cohort:%b %Y}", rows_url(COHORT_RETENTION.id, window, currency, cohort=name)),
        Cell(size, note="few" if size < FEW else ""),
        Cell(value.ltv, worth) if value else None,
    ]
    for one in months:
        url = rows_url(COHORT_RETENTION.id, window, currency, cohort=name, month=f"{one.month:%Y-%m}")
        cells.append(Cell(one.rate, url, "" if one.is_complete else "*", heat_of(one.rate)))
    return cells + [Cell("") for _ in range(MONTHS - len(months))]


def heat_of(rate: Decimal) -> int:
    """Return how dark a share is drawn, from 0 (next to nothing) to 5."""
    return sum(rate >= limit for limit in HEATS)
