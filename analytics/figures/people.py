"""How many customers bought, by what they had bought before: worked out over a whole window, never added over days."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

from analytics.figures.counting import Counting, Parts, in_any, of_each
from analytics.figures.windows import Window
from analytics.snapshots.days import as_day

NAMES = ("unique_customers", "existing_customers", "repeat_customers", "returning_customers")

FIRST_IN_CURRENCY = "customer_first f ON f.customer_id = d.customer_id AND f.currency = d.currency"
FIRST_IN_ANY = (
    "(SELECT customer_id, MIN(day) AS day FROM customer_first GROUP BY customer_id) f ON f.customer_id = d.customer_id"
)


def customers(windows: Sequence[Window], currency: str | None) -> Counting:
    """Return the SELECT that counts them in each window."""
    cases, days = of_each(windows, "orders", table="d")
    orders = ", ".join(f"SUM({case}) AS n{place}" for place, case in enumerate(cases))
    counts = ", ".join(_counts(f"n{place}", "%s") for place in range(len(windows)))
    which, parameters = in_any(windows, currency, table="d")
    statement = f"""
        SELECT {counts} FROM (
            SELECT d.customer_id, MIN(f.day) AS first, {orders}
            FROM customer_day d JOIN {_first(currency)} WHERE {which} GROUP BY d.customer_id
        ) people
    """  # noqa: S608  made of the constants of this module
    starts = [window.start for window in windows for _ in range(2)]
    return Counting(statement, [*starts, *days, *parameters], NAMES)


def customers_by_day(window: Window, currency: str | None) -> dict[date, Parts]:
    """Return the counts of each day of a window that has any, with one query."""
    which, parameters = in_any([window], currency, table="d")
    statement = f"""
        SELECT day, {_counts("n", "day")} FROM (
            SELECT d.day, d.customer_id, MIN(f.day) AS first, SUM(d.orders) AS n
            FROM customer_day d JOIN {_first(currency)} WHERE {which} GROUP BY d.day, d.customer_id
        ) people GROUP BY day
    """  # noqa: S608  made of the constants of this module
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return {as_day(row[0]): _named(row[1:]) for row in cursor.fetchall()}


def _counts(orders: str, start: str) -> str:
    """Return the four counts, in the order of `NAMES`."""
    conditions = (
        f"{orders} > 0",
        f"{orders} > 0 AND first < {start}",
        f"{orders} > 1",
        f"{orders} > 1 OR ({orders} > 0 AND first < {start})",
    )
    return ", ".join(f"COUNT(CASE WHEN {condition} THEN 1 END)" for condition in conditions)


def _first(currency: str | None) -> str:
    return FIRST_IN_ANY if currency is None else FIRST_IN_CURRENCY


def _named(row: Sequence[int]) -> Parts:
    return dict(zip(NAMES, row, strict=False))
