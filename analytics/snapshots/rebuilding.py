"""Days rebuilt from the ledger, set by set, in SQL that both databases take as it stands.

Each function runs in the caller's transaction. The days of a set are replaced: their old rows go, new ones come.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import connection

Row = tuple[Any, ...]

FIRST_SALES = """
    SELECT o.customer_id, e.currency, MIN(e.day) AS day
    FROM orders_salesentry e JOIN orders_order o ON o.id = e.order_id
    WHERE e.kind = 'sale' AND {which}
    GROUP BY o.customer_id, e.currency
"""
MOVED_FIRSTS = f"""
    SELECT DISTINCT f.day FROM customer_first f JOIN ({FIRST_SALES}) n
    ON n.customer_id = f.customer_id AND n.currency = f.currency
    WHERE n.day < f.day
"""  # noqa: S608  constants
TAKE_FIRSTS = f"""
    INSERT INTO customer_first (customer_id, currency, day)
    SELECT n.customer_id, n.currency, n.day FROM ({FIRST_SALES}) n WHERE true
    ON CONFLICT (customer_id, currency) DO UPDATE SET day = excluded.day WHERE excluded.day < customer_first.day
"""  # noqa: S608  constants

FACTS = {
    "fact_product_day": """
        INSERT INTO fact_product_day (day, currency, product_id, gross_minor, discount_minor, returns_minor, net_minor,
            units, net_units, costed_net_minor, cost_minor, costed_entries)
        SELECT e.day, e.currency, v.product_id, SUM(e.gross_minor), SUM(e.discount_minor), SUM(e.returns_minor),
            SUM(e.gross_minor - e.discount_minor - e.returns_minor),
            SUM(CASE WHEN e.refund_id IS NULL THEN e.units ELSE 0 END), SUM(e.units),
            SUM(CASE WHEN e.cost_minor IS NULL THEN 0 ELSE e.gross_minor - e.discount_minor - e.returns_minor END),
            SUM(COALESCE(e.cost_minor, 0)), COUNT(e.cost_minor)
        FROM orders_salesentry e JOIN orders_orderline l ON l.id = e.line_id
            JOIN products_variant v ON v.id = l.variant_id
        WHERE {which}
        GROUP BY e.day, e.currency, v.product_id
    """,
    "customer_day": """
        INSERT INTO customer_day (day, currency, customer_id, orders, net_minor)
        SELECT e.day, e.currency, o.customer_id, SUM(CASE WHEN e.kind = 'sale' THEN 1 ELSE 0 END),
            SUM(e.gross_minor - e.discount_minor - e.returns_minor)
        FROM orders_salesentry e JOIN orders_order o ON o.id = e.order_id
        WHERE {which}
        GROUP BY e.day, e.currency, o.customer_id
    """,
    "order_refund_day": """
        INSERT INTO order_refund_day (day, currency, order_id, cash_minor)
        SELECT e.day, e.currency, e.order_id, SUM(e.returns_minor - e.shipping_minor - e.tax_minor)
        FROM orders_salesentry e
        WHERE e.refund_id IS NOT NULL AND {which}
        GROUP BY e.day, e.currency, e.order_id
        HAVING SUM(e.returns_minor - e.shipping_minor - e.tax_minor) <> 0
    """,
    "fact_day": """
        INSERT INTO fact_day (day, currency, gross_minor, discount_minor, returns_minor, net_minor, shipping_minor,
            tax_minor, total_minor, refunds_cash_minor, orders, units, net_units, new_customers,
            cohort_refunded_orders)
        SELECT s.day, s.currency, s.gross, s.discount, s.returned, s.gross - s.discount - s.returned, s.shipping,
            s.tax, s.gross - s.discount - s.returned + s.shipping + s.tax, s.cash, s.orders, s.units, s.net_units,
            COALESCE(n.customers, 0), COALESCE(c.orders, 0)
        FROM (
            SELECT e.day, e.currency, SUM(e.gross_minor) AS gross, SUM(e.discount_minor) AS discount,
                SUM(e.returns_minor) AS returned, SUM(e.shipping_minor) AS shipping, SUM(e.tax_minor) AS tax,
                SUM(CASE WHEN e.refund_id IS NULL THEN 0
                    ELSE e.returns_minor - e.shipping_minor - e.tax_minor END) AS cash,
                SUM(CASE WHEN e.kind = 'sale' THEN 1 ELSE 0 END) AS orders,
                SUM(CASE WHEN e.refund_id IS NULL THEN e.units ELSE 0 END) AS units, SUM(e.units) AS net_units
            FROM orders_salesentry e
            WHERE {which}
            GROUP BY e.day, e.currency
        ) s
        LEFT JOIN (
            SELECT e.day, e.currency, COUNT(*) AS customers FROM customer_first e
            WHERE {which}
            GROUP BY e.day, e.currency
        ) n ON n.day = s.day AND n.currency = s.currency
        LEFT JOIN (
            SELECT e.day, e.currency, COUNT(*) AS orders
            FROM orders_salesentry e JOIN (
                SELECT r.order_id FROM orders_salesentry r
                WHERE r.refund_id IS NOT NULL AND r.order_id IN (
                    SELECT e.order_id FROM orders_salesentry e WHERE e.kind = 'sale' AND {which}
                )
                GROUP BY r.order_id
                HAVING SUM(r.returns_minor - r.shipping_minor - r.tax_minor) > 0
            ) back ON back.order_id = e.order_id
            WHERE e.kind = 'sale' AND {which}
            GROUP BY e.day, e.currency
        ) c ON c.day = s.day AND c.currency = s.currency
    """,
}
ZEROS = ", ".join(["0"] * 13)
FILL_WITH_ZEROS = f"""
    INSERT INTO fact_day (day, currency, gross_minor, discount_minor, returns_minor, net_minor, shipping_minor,
        tax_minor, total_minor, refunds_cash_minor, orders, units, net_units, new_customers, cohort_refunded_orders)
    SELECT e.day, c.currency, {ZEROS} FROM day_state e CROSS JOIN (SELECT DISTINCT currency FROM fact_day) c
    WHERE {{which}} AND NOT EXISTS (SELECT 1 FROM fact_day f WHERE f.day = e.day AND f.currency = c.currency)
"""  # noqa: S608  constants


class DaySet:
    """Days as a condition on the column `e.day`: a range where they follow each other, else a list."""

    def __init__(self, days: Sequence[date]) -> None:
        self.days = sorted(set(days))
        self._is_range = bool(self.days) and self.days[-1] - self.days[0] == timedelta(days=len(self.days) - 1)

    def run(self, statement: str) -> tuple[int, list[Row]]:
        """Run a statement in which `{which}` stands for the condition; return the rows it changed, and its rows."""
        marks = "BETWEEN %s AND %s" if self._is_range else f"IN ({', '.join(['%s'] * len(self.days))})"
        params = [self.days[0], self.days[-1]] if self._is_range else self.days
        with connection.cursor() as cursor:
            cursor.execute(statement.replace("{which}", f"e.day {marks}"), params * statement.count("{which}"))
            return cursor.rowcount, cursor.fetchall() if cursor.description else []


def take_dirty_days(days: DaySet) -> list[tuple[str, int, date]]:
    """Take away the marks of these days; return source, id and day of each."""
    _, rows = days.run("DELETE FROM core_dirtyday AS e WHERE {which} RETURNING source_type, source_id, day")
    return [(source, key, as_day(day)) for source, key, day in rows]


def take_first_sales(days: DaySet) -> list[date]:
    """Let sales of these days become the first of their customers; return the days that were the first until now."""
    _, moved = days.run(MOVED_FIRSTS)
    days.run(TAKE_FIRSTS)
    return [as_day(row[0]) for row in moved]


def rebuild_first_sales(lowest: int, highest: int) -> int:
    """Write the first sales of the customers in a range of keys anew; return how many rows that is."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customer_first WHERE customer_id BETWEEN %s AND %s", [lowest, highest])
        sales = FIRST_SALES.format(which="o.customer_id BETWEEN %s AND %s")
        cursor.execute(f"INSERT INTO customer_first (customer_id, currency, day) {sales}", [lowest, highest])
        return cursor.rowcount


def rebuild_facts(days: DaySet) -> int:
    """Write every fact of these days anew; return how many rows that is."""
    count = 0
    for table, statement in FACTS.items():
        days.run(f"DELETE FROM {table} AS e WHERE {{which}}")  # noqa: S608  the names above
        count += days.run(statement)[0]
    return count


def fill_with_zeros(days: DaySet) -> int:
    """Write a row of zeros for each of these days, once it has a state, and each currency it has no row in."""
    return days.run(FILL_WITH_ZEROS)[0]


def forget_days_outside(first: date, last: date) -> None:
    """Delete what was built for days before `first` and after `last`."""
    with connection.cursor() as cursor:
        for table in (*FACTS, "day_state"):
            cursor.execute(f"DELETE FROM {table} WHERE day < %s OR day > %s", [first, last])  # noqa: S608


def as_day(value: date | str) -> date:
    """Return a date as a date; SQLite answers some as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
