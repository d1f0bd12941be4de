"""`make bench-snapshots`: builds and the dashboard at a quarter of the orders and at all of them, beside bare SQL."""

import argparse
import json
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bench.mass_trade import trade
from bench.running import Shop, circumstances, keep, load, shop

ORDERS, DAYS, TIMES, ZONE = 1_000_000, 548, 5, "Europe/London"
BY_DAY = """
    SELECT day, currency, SUM(gross_minor), SUM(discount_minor), SUM(returns_minor), SUM(shipping_minor),
        SUM(tax_minor), SUM(units), COUNT(*) FILTER (WHERE kind = 'sale'), COUNT(DISTINCT order_id)
    FROM orders_salesentry WHERE day BETWEEN %s AND %s GROUP BY day, currency
"""
FIGURES = {
    "first": ("first build, every day marked", 30.0, 5.0),
    "full": ("full build", 30.0, 5.0),
    "day": ("one day", 0.1, 2.0),
    "nothing": ("nothing to do", 0.05, 2.0),
    "p50": ("dashboard, half of the requests", 0.15, 2.0),
    "p95": ("dashboard, 95 of 100 requests", 0.15, 2.0),
}


def measured(place: Shop) -> dict[str, Any]:
    """What builds, dashboard and bare aggregates take at the size that the shop has."""
    found = json.loads(place.run("-m", "bench.building").splitlines()[-1])
    today = datetime.now(UTC).date()
    with place.connect() as connection:
        found["entries"] = connection.execute("SELECT COUNT(*) FROM orders_salesentry").fetchone()[0]
        found["lines"] = connection.execute("SELECT COUNT(*) FROM orders_orderline").fetchone()[0]
        whole = _seconds(connection, BY_DAY, today - timedelta(days=2 * DAYS), today + timedelta(days=1))
        day = _seconds(connection, BY_DAY, today - timedelta(days=60), today - timedelta(days=60))
        month = _seconds(connection, BY_DAY, today - timedelta(days=29), today)
        found["bare"] = {"first": whole, "full": whole, "day": day, "nothing": _seconds(connection, "SELECT 1")}
        found["bare"] |= {"p50": month, "p95": month}
    return found


def _seconds(connection: psycopg.Connection, statement: str, *values: object) -> float:
    def once() -> float:
        began = time.monotonic()
        connection.execute(statement, values or None).fetchall()
        return time.monotonic() - began

    return statistics.median(once() for _ in range(TIMES))


def table(small: dict[str, Any], large: dict[str, Any]) -> str:
    """The figures at both sizes, beside what is asked of them and the bare aggregate of the same rows."""
    rows = [
        ("what", "a quarter", "all", "aim", "times as long", "aim", "bare `GROUP BY` of the same rows"),
        ("---",) * 7,
    ]
    for name, (title, most, times) in FIGURES.items():
        seconds = (f"{small[name]:.3f} s", f"{large[name]:.3f} s", f"{most:g} s")
        rows.append((title, *seconds, f"{large[name] / small[name]:.1f}", f"{times:g}", f"{large['bare'][name]:.3f} s"))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def method(small: dict[str, Any], large: dict[str, Any], orders: int) -> str:
    """How the figures were come by."""
    slowest = "\n".join(f"  - {query}" for query in large["slowest"])
    return f"""- Data: {orders // 4:,} and {orders:,} orders of {DAYS} days (in all {large["lines"]:,} lines,
  {large["entries"]:,} entries of the ledger), with payments, tries, refunds, disputes, Stripe's books, parcels, wishes
  and bags, written in sets by `bench.mass_trade` beside `seed_demo`.
- Builds run in one process, which held {large["idle"]:.0f} MiB before them and {large["peak"]:.0f} MiB at most
  ({small["peak"]:.0f} MiB with a quarter). The first build finds {large["marks"]:,.0f} marks and empty tables.
- Dashboard: {large["queries"]} queries, asked one request after the other through Django's test client. The slowest:
{slowest}"""


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS, help="in all (default: %(default)s)")
    orders, load_before = parser.parse_args().orders, load()
    end = datetime.now(UTC)
    with shop() as place:
        place.seed("--orders", "300")
        found = []
        for more in (orders // 4, orders - orders // 4):
            with place.connect() as connection:
                trade(connection, orders=more, start=end - timedelta(days=DAYS), end=end, zone=ZONE)
            place.settle()
            found.append(measured(place))
        lines = circumstances(place, load_before=load_before)
    small, large = found
    text = (
        f"`make bench-snapshots` does it again.\n\n{lines}\n\n{table(small, large)}\n\n{method(small, large, orders)}"
    )
    keep(f"Snapshots of {orders:,} orders", text)


if __name__ == "__main__":
    main()
