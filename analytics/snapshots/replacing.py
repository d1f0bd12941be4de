"""How a table of facts comes to hold what a query answers."""

from typing import NamedTuple

from django.db import connection

from analytics.snapshots.days import DaySet, forget_temporary, make_temporary

FEW_DAYS = 7


class Fact(NamedTuple):
    """A table of facts by day: its columns, and the query that answers them, with `{which}` for the days.

    One that has many rows a day is written row by row even for few days.
    """

    table: str
    columns: str
    query: str
    has_many_rows: bool = False


def total(expression: str) -> str:
    """Return the sum of whole numbers as one: PostgreSQL makes a decimal of it, which is slow to compare."""
    return f"CAST(SUM({expression}) AS bigint)"


def replace(fact: Fact, days: DaySet) -> int:
    """Let a table hold what its query answers for these days, in the caller's transaction; return how many rows.

    Of many days, or of many rows a day, only the rows that differ are written: most are what they were, and a row that
    is written anew costs its place in every index, and leaves a dead one behind.
    """
    table, columns, query, has_many_rows = fact
    if len(days.days) <= FEW_DAYS and not has_many_rows:
        days.run(f"DELETE FROM {table} AS e WHERE {{which}}")  # noqa: S608  names of tables
        return days.run(f"INSERT INTO {table} ({columns}) {query}")[0]
    forget_temporary("build_rows")
    days.run(make_temporary("build_rows", f"WITH n({columns}) AS ({query}) SELECT * FROM n"))  # noqa: S608  names of tables
    names = columns.split(", ")
    same = " AND ".join(f"n.{name} = e.{name}" for name in names)
    days.run(f"DELETE FROM {table} AS e WHERE {{which}} AND NOT EXISTS (SELECT 1 FROM build_rows n WHERE {same})")  # noqa: S608
    days.run(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM build_rows n "  # noqa: S608  names of tables
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} e WHERE {{which}} AND {same}) ORDER BY {', '.join(names[:3])}"
    )
    return drop_counted("build_rows")


def drop_counted(table: str) -> int:
    """Drop a table that `make_temporary` made; return how many rows it had."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608  names of tables
        count = cursor.fetchone()[0]
    forget_temporary(table)
    return count
