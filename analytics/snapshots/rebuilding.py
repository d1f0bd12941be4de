"""Days rebuilt from the ledger and from Stripe's books, set by set: their old rows go, new ones come.

Each function runs in the caller's transaction.
"""

from datetime import date

from analytics.snapshots.days import DaySet, as_day, run
from analytics.snapshots.payment_facts import TABLES, rebuild_payment_facts
from analytics.snapshots.sales_facts import FACTS, FILL_WITH_ZEROS

Mark = tuple[str, int, date]


def take_dirty_days(days: DaySet) -> list[Mark]:
    """Take away the marks of these days; return source, id and day of each."""
    _, rows = days.run("DELETE FROM core_dirtyday AS e WHERE {which} RETURNING source_type, source_id, day")
    return [(source, key, as_day(day)) for source, key, day in rows]


def rebuild_facts(days: DaySet) -> int:
    """Write every fact of these days, whose orders are gathered, anew; return how many rows that is."""
    count = rebuild_payment_facts(days)
    for table, statement in FACTS.items():
        days.run(f"DELETE FROM {table} AS e WHERE {{which}}")  # noqa: S608  the names above
        count += days.run(statement)[0]
    return count


def fill_with_zeros(days: DaySet) -> int:
    """Write a row of zeros for each of these days, once it has a state, and each currency it has no row in."""
    return days.run(FILL_WITH_ZEROS)[0]


def forget_days_outside(first: date, last: date) -> None:
    """Delete what was built for days before `first` and after `last`."""
    for table in (*FACTS, *TABLES, "day_state"):
        run(f"DELETE FROM {table} WHERE day < %s OR day > %s", [first, last])  # noqa: S608  the names above
