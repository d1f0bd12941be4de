"""When each customer first bought in a currency, and which days a first sale that was found late changes."""

from datetime import date

from django.db import connection

from analytics.snapshots.days import Row, as_day, forget_temporary, make_temporary, run
from analytics.snapshots.replacing import drop_counted
from analytics.snapshots.sales_facts import FIRST_GATHERED
from orders.models import SalesEntry

FIRST_SALES = """
    SELECT o.customer_id, e.currency, MIN(e.day) AS day
    FROM orders_salesentry e JOIN orders_order o ON o.id = e.order_id
    WHERE e.kind = 'sale' AND {which}
    GROUP BY o.customer_id, e.currency
"""
# `was` is the day that counted as the first until now; the days that are being built are in `build_order`.
FOUND = f"""
    SELECT n.customer_id, n.currency, n.day, f.day AS was
    FROM ({FIRST_GATHERED}) n LEFT JOIN customer_first f ON f.customer_id = n.customer_id AND f.currency = n.currency
    WHERE f.day IS NULL OR n.day < f.day
"""  # noqa: S608  constants
# Orders sold after the new first sale, up to the old one, were taken for the customer's first until now: whatever day
# holds an entry of theirs tells new from existing customers otherwise than before. One that is marked is built anyway.
CHANGED = """
    SELECT e.day, MIN(n.customer_id)
    FROM build_first n
        JOIN orders_order o ON o.customer_id = n.customer_id AND o.currency = n.currency
        JOIN orders_salesentry s ON s.order_id = o.id AND s.kind = 'sale' AND s.line_id IS NULL
            AND s.refund_id IS NULL AND s.day > n.day AND (n.was IS NULL OR s.day <= n.was)
        JOIN orders_salesentry e ON e.order_id = o.id
    WHERE NOT EXISTS (SELECT 1 FROM core_dirtyday m WHERE m.day = e.day)
    GROUP BY e.day
"""
TAKE = """
    INSERT INTO customer_first (customer_id, currency, day)
    SELECT n.customer_id, n.currency, n.day FROM build_first n WHERE true
    ON CONFLICT (customer_id, currency) DO UPDATE SET day = excluded.day WHERE excluded.day < customer_first.day
"""


def find_first_sales() -> None:
    """Look for first sales in the days that are gathered, and keep them for `take_first_sales`."""
    forget_temporary("build_first")
    run(make_temporary("build_first", FOUND))
    if connection.vendor == "postgresql":
        run("ANALYZE build_first")


def days_changed_by_them() -> dict[date, int]:
    """Return the days that first sales found late change, each with the entry of such a sale; not those marked."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED)
        rows: list[Row] = cursor.fetchall()
    customers = {customer for _, customer in rows}
    sales = SalesEntry.objects.filter(kind=SalesEntry.Kind.SALE, order__customer__among=sorted(customers))
    first: dict[int, int] = {}
    for customer, entry in sales.order_by("day", "pk").values_list("order__customer", "pk") if customers else ():
        first.setdefault(customer, entry)
    return {as_day(day): first[customer] for day, customer in rows}


def take_first_sales() -> None:
    """Let the first sales that were found count."""
    run(TAKE)
    forget_temporary("build_first")


def rebuild_first_sales(lowest: int, highest: int) -> int:
    """Write the first sales of the customers in a range of keys anew; return how many rows that is."""
    run("DELETE FROM customer_first WHERE customer_id BETWEEN %s AND %s", [lowest, highest])
    sales = FIRST_SALES.format(which="o.customer_id BETWEEN %s AND %s")
    return run(f"INSERT INTO customer_first (customer_id, currency, day) {sales}", [lowest, highest])


def rebuild_all_first_sales() -> int:
    """Write the first sales of every customer anew, once every day is gathered; return how many rows that is."""
    forget_temporary("build_first")
    run(make_temporary("build_first", FIRST_GATHERED))
    same = "n.customer_id = f.customer_id AND n.currency = f.currency AND n.day = f.day"
    run(f"DELETE FROM customer_first f WHERE NOT EXISTS (SELECT 1 FROM build_first n WHERE {same})")  # noqa: S608
    run(
        "INSERT INTO customer_first (customer_id, currency, day) SELECT customer_id, currency, day FROM build_first n "  # noqa: S608
        f"WHERE NOT EXISTS (SELECT 1 FROM customer_first f WHERE {same}) ORDER BY customer_id, currency"
    )
    return drop_counted("build_first")
