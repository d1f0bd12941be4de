"""What customers of a month of first sales did in later months, kept in step with the days of customers.

A month holds tens of thousands of customers, and few of them change: a build takes away what those whose days or first
sales it changes came to before, and adds what they come to afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from analytics.snapshots.days import DaySet, forget_temporary, make_temporary, month_sql, run
from analytics.snapshots.sales_facts import FACTS

DAYS_NOW = FACTS["customer_day"]
DAYS_BEFORE = f"SELECT {DAYS_NOW.columns} FROM customer_day e WHERE {{which}}"  # noqa: S608  constants
PEOPLE_OF_DAYS = f"""
    WITH now ({DAYS_NOW.columns}) AS ({DAYS_NOW.query})
    SELECT customer_id FROM (SELECT * FROM now EXCEPT {DAYS_BEFORE}) n
    UNION SELECT customer_id FROM ({DAYS_BEFORE} EXCEPT SELECT * FROM now) o
"""  # noqa: S608  constants
PEOPLE_OF_FIRSTS = " UNION SELECT customer_id FROM build_first"
PEOPLE_IN_RANGE = "SELECT id AS customer_id FROM accounts_customer WHERE id BETWEEN %s AND %s"

MONTHS = """
    SELECT d.customer_id, d.currency, {month} AS month, SUM(d.orders) AS orders, SUM(d.net_minor) AS net
    FROM customer_day d {people} GROUP BY d.customer_id, d.currency, {month}
"""
CELLS = """
    INSERT INTO cohort_cell (currency, cohort, month, customers, net_minor)
    WITH build_month AS ({months})
    SELECT c.currency, c.cohort, c.month, {sign} * SUM(c.bought), {sign} * SUM(c.net)
    FROM (
        SELECT m.currency, {first} AS cohort, m.month, CASE WHEN m.orders > 0 THEN 1 ELSE 0 END AS bought, m.net
        FROM build_month m JOIN customer_first f ON f.customer_id = m.customer_id AND f.currency = m.currency
        UNION ALL
        SELECT '', {first}, m.month, 1, 0
        FROM (SELECT DISTINCT customer_id, month FROM build_month WHERE orders > 0) m JOIN (
            SELECT p.customer_id, MIN(p.day) AS day FROM customer_first p
            WHERE p.customer_id IN (SELECT customer_id FROM build_month) GROUP BY p.customer_id
        ) f ON f.customer_id = m.customer_id
    ) c
    WHERE c.month >= c.cohort
    GROUP BY c.currency, c.cohort, c.month
    HAVING SUM(c.bought) <> 0 OR SUM(c.net) <> 0
    ON CONFLICT (currency, cohort, month) DO UPDATE SET
        customers = cohort_cell.customers + excluded.customers, net_minor = cohort_cell.net_minor + excluded.net_minor
"""


@contextmanager
def moved_with_days(days: DaySet, *, with_first_sales: bool) -> Iterator[None]:
    """Keep the cells in step while a block rebuilds gathered days, and takes first sales that were found.

    In the caller's transaction.
    """
    forget_temporary("build_people")
    people = PEOPLE_OF_DAYS + PEOPLE_OF_FIRSTS if with_first_sales else PEOPLE_OF_DAYS
    days.run(make_temporary("build_people", people))
    with _moved():
        yield


@contextmanager
def moved_with_people(lowest: int, highest: int) -> Iterator[None]:
    """Keep the cells in step while a block rebuilds the first sales of customers in a range of keys."""
    forget_temporary("build_people")
    run(make_temporary("build_people", PEOPLE_IN_RANGE), [lowest, highest])
    with _moved():
        yield


def rebuild_cohorts() -> int:
    """Write every cell anew from the days of customers; return how many there are."""
    run("DELETE FROM cohort_cell")
    _add(1, people="")
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM cohort_cell")
        return cursor.fetchone()[0]


@contextmanager
def _moved() -> Iterator[None]:
    people = "JOIN build_people p ON p.customer_id = d.customer_id"
    if connection.vendor == "postgresql":
        run("ANALYZE build_people")
    _add(-1, people=people)
    yield
    _add(1, people=people)
    run("DELETE FROM cohort_cell WHERE customers = 0 AND net_minor = 0")
    forget_temporary("build_people")


def _add(sign: int, *, people: str) -> None:
    months = MONTHS.format(month=month_sql("d.day"), people=people)
    run(CELLS.format(months=months, sign=sign, first=month_sql("f.day")))
