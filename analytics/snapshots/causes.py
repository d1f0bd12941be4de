"""The marks of days that changed: taken up by a build, and kept as the cause of a day that comes to other figures.

A cause names facts by source and key, `sales_entry 7, sales_entry 12 and 3 more`: one for each order or refund.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from django.db import connection

from analytics.snapshots.days import DaySet, as_day, forget_temporary, make_temporary, run

NAMED = 5
EARLIER = "an earlier first sale of a customer"
MARKS = "SELECT e.id, e.source_type, e.source_id, e.day FROM core_dirtyday e WHERE {which}"
MOVED = """
    WITH moved AS (DELETE FROM core_dirtyday e WHERE {which} RETURNING e.id, e.source_type, e.source_id, e.day)
    INSERT INTO build_mark SELECT * FROM moved
"""
# Parcels, tries to pay and wishes change other figures than those that are kept of a restated day.
NAMED_MARKS = f"""
    SELECT c.day, c.source_type, c.source_id, c.found FROM (
        SELECT m.day, m.source_type, m.source_id, COUNT(*) OVER (PARTITION BY m.day) AS found,
            ROW_NUMBER() OVER (PARTITION BY m.day ORDER BY m.source_type, m.source_id) AS place
        FROM (
            SELECT e.day, e.source_type, MIN(e.source_id) AS source_id
            FROM build_mark e LEFT JOIN orders_salesentry s ON e.source_type = 'sales_entry' AND s.id = e.source_id
            WHERE e.source_type IN ('sales_entry', 'upgrade', 'rebase') AND {{which}}
            GROUP BY e.day, e.source_type, s.order_id, s.refund_id, s.kind = 'refund_reversal'
        ) m
    ) c
    WHERE c.place <= {NAMED} ORDER BY c.day, c.place
"""  # noqa: S608  constants


def begin_taking_marks(days: DaySet) -> None:
    """Take the marks of these days away into a new list; a mark that others make meanwhile stays."""
    forget_temporary("build_mark")
    run(make_temporary("build_mark", MARKS.format(which="false")))
    take_marks(days)


def take_marks(days: DaySet) -> None:
    """Take the marks of more days."""
    if connection.vendor == "postgresql":  # which would look millions of them up one by one
        days.run(MOVED)
    else:
        days.run(f"INSERT INTO build_mark {MARKS}")
        run("DELETE FROM core_dirtyday WHERE id IN (SELECT id FROM build_mark)")


def causes_of(days: Iterable[date], *, late: Mapping[date, int], scope: str) -> dict[date, str]:
    """Return why each of these days was built. `late` are days that a late first sale changes, with its entry."""
    wanted = DaySet(list(days))
    if not wanted.days:
        return {}
    causes: dict[date, list[str]] = {day: [EARLIER, f"sales_entry {late[day]}"] for day in wanted.days if day in late}
    more: dict[date, int] = {}
    for found, source, key, count in wanted.run(NAMED_MARKS)[1]:
        day = as_day(found)
        causes.setdefault(day, []).append(f"{source} {key}")
        more[day] = count - NAMED
    rest = {day: f" and {count} more" for day, count in more.items() if count > 0}
    return {day: ", ".join(causes.get(day, [f"build: {scope}"])) + rest.get(day, "") for day in wanted.days}
