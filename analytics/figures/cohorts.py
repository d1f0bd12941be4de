"""Customers by the month of their first sale: what they came to since, and how many of them bought again.

Whole months stand in `cohort_cell`. Where a window begins or ends inside a month, the days of that month and the
customers who came in it are read from `customer_day`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from analytics.figures.people import FIRST_IN_ANY, FIRST_IN_CURRENCY
from analytics.figures.windows import DAY, Window
from analytics.models import CohortCell
from analytics.snapshots.days import as_day
from core.days import month_of, today
from core.money import divide_half_up

type Params = list[date | str]
EVERY = ""  # the currency of a cell that counts sales in all of them


@dataclass(frozen=True)
class Cell:
    """What the customers of one month of first sale did in one month, by first day; over all currencies no money."""

    cohort: date
    month: date
    customers: int
    net: int


@dataclass(frozen=True)
class CohortValue:
    """The net sales of the customers of one month of first sale, all together and of each on average."""

    cohort: date
    size: int
    net_sales: int
    ltv: int


@dataclass(frozen=True)
class CohortMonth:
    """How many customers of a month of first sale bought in a month, `age` months later; `rate` in percent.

    A month is not complete while it lasts, nor if the window ends inside it.
    """

    cohort: date
    size: int
    month: date
    age: int
    customers: int
    rate: Decimal
    is_complete: bool


def ltv_to_date(window: Window, currency: str) -> list[CohortValue]:
    """Return what the customers whose first sale lies in the window came to through its end: two queries at most."""
    return values_of(cells_of(window, currency))


def cohort_retention(window: Window, currency: str | None) -> list[CohortMonth]:
    """Return who of them bought in each month through the end of the window: two queries at most."""
    return months_of(cells_of(window, currency), window)


def values_of(cells: Iterable[Cell]) -> list[CohortValue]:
    """Return what the customers of each month of first sale came to in these cells."""
    found = []
    for cohort, months in _by_cohort(cells):
        size, net = months[cohort].customers, sum(cell.net for cell in months.values())
        found.append(CohortValue(cohort, size, net, divide_half_up(net, size)))
    return found


def months_of(cells: Iterable[Cell], window: Window) -> list[CohortMonth]:
    """Return who of each month of first sale bought in each month through the end of the window of these cells."""
    found = []
    for cohort, cell_in in _by_cohort(cells):
        size = cell_in[cohort].customers
        for age, month in enumerate(_months(cohort, window.end)):
            count = cell_in[month].customers if month in cell_in else 0
            last = month_of(month)[1]
            is_complete = last <= window.end and last < today()
            rate = Decimal(divide_half_up(10_000 * count, size)).scaleb(-2)
            found.append(CohortMonth(cohort, size, month, age, count, rate, is_complete))
    return found


def cells_of(window: Window, currency: str | None) -> list[Cell]:
    """Return the cells of the customers whose first sale lies in the window, through its end: two queries at most."""
    whole = _whole_months(window)
    cells = _kept(whole, currency) if whole else []
    if whole != window:
        cells += _counted(window, whole, currency)
    return sorted(cells, key=lambda cell: (cell.cohort, cell.month))


def _by_cohort(cells: Iterable[Cell]) -> Iterable[tuple[date, dict[date, Cell]]]:
    cohorts: dict[date, dict[date, Cell]] = {}
    for cell in cells:
        cohorts.setdefault(cell.cohort, {})[cell.month] = cell
    return [(cohort, months) for cohort, months in cohorts.items() if cohort in months]


def _months(first: date, last: date) -> Iterable[date]:
    while first <= last:
        yield first
        first = month_of(first)[1] + DAY


def _whole_months(window: Window) -> Window | None:
    """Return the days of the months that lie in the window from first to last; None without one."""
    first, last = month_of(window.start), month_of(window.end)
    start = window.start if window.start == first[0] else first[1] + DAY
    end = window.end if window.end == last[1] else last[0] - DAY
    return Window(start, end) if start <= end else None


def _kept(whole: Window, currency: str | None) -> list[Cell]:
    rows = CohortCell.objects.filter(
        currency=EVERY if currency is None else currency, cohort__gte=whole.start, month__lte=whole.end
    )
    return [Cell(row.cohort, row.month, row.customers, row.net_minor) for row in rows]


def _counted(window: Window, whole: Window | None, currency: str | None) -> list[Cell]:
    """Return the cells that no whole month holds: of customers who came in a part of one, and of days in one."""
    first = FIRST_IN_ANY if currency is None else FIRST_IN_CURRENCY
    params: Params = [window.start, window.end, window.end]
    which = "f.day BETWEEN %s AND %s AND d.day <= %s"
    if currency is not None:
        which += " AND d.currency = %s"
        params.append(currency)
    if whole is not None and whole.start == window.start:
        which += " AND d.day > %s"
        params.append(whole.end)
    elif whole is not None:
        which += " AND (f.day < %s OR d.day > %s)"
        params += [whole.start, whole.end]
    statement = f"""
        SELECT {_month("f.day")}, {_month("d.day")}, COUNT(DISTINCT CASE WHEN d.orders > 0 THEN d.customer_id END),
            SUM(d.net_minor)
        FROM customer_day d JOIN {first} WHERE {which} GROUP BY 1, 2
    """  # noqa: S608  made of the constants of this module
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows = cursor.fetchall()
    return [
        Cell(as_day(cohort), as_day(month), count, int(net) if currency else 0) for cohort, month, count, net in rows
    ]


def _month(column: str) -> str:
    """Return SQL for the first day of a date's month, as text."""
    if connection.vendor == "postgresql":
        return f"to_char({column}, 'YYYY-MM-01')"
    return f"strftime('%%Y-%%m-01', {column})"
