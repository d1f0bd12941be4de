"""Days rebuilt from the ledger and from Stripe's books, set by set: their old rows go, new ones come.

Each function runs in the caller's transaction.
"""

from datetime import date

from analytics.snapshots.days import DaySet, run
from analytics.snapshots.payment_facts import TABLES, rebuild_payment_facts
from analytics.snapshots.replacing import replace
from analytics.snapshots.sales_facts import FACTS, FILL_WITH_ZEROS


def rebuild_facts(days: DaySet) -> int:
    """Write every fact of these days, whose orders are gathered, anew; return how many rows that is."""
    return rebuild_payment_facts(days) + sum(replace(fact, days) for fact in FACTS.values())


def fill_with_zeros(days: DaySet) -> int:
    """Write a row of zeros for each of these days, once it has a state, and each currency it has no row in."""
    return days.run(FILL_WITH_ZEROS)[0]


def forget_days_outside(first: date, last: date) -> None:
    """Delete what was built for days before `first` and after `last`."""
    for table in (*FACTS, *TABLES, "day_state"):
        run(f"DELETE FROM {table} WHERE day < %s OR day > %s", [first, last])  # noqa: S608  the names above
