"""`make bench-figures`: import, snapshot build and orders export at 200,000 orders, each beside its bare SQL."""

import argparse
import json
import re
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from analytics.exports.datasets import ORDERS
from analytics.snapshots import sales_facts
from bench.running import Shop, circumstances, gunicorn, keep, load, shop
from bench.serve import DASHBOARD, METHOD, bare_view, measure, table
from bench.visiting import Visitor
from demo.trade import generate_history

ORDERS_IN_ALL, OF_THE_DEMO = 200_000, 6_000
DAYS, SEED, ZONE = 548, 2, "Europe/London"
ROUNDS = 3
BY_DAY = """
    SELECT day, currency, SUM(gross_minor), SUM(discount_minor), SUM(returns_minor), SUM(shipping_minor),
        SUM(tax_minor), SUM(units), COUNT(*) FILTER (WHERE kind = 'sale')
    FROM orders_salesentry GROUP BY day, currency
"""


@dataclass(frozen=True)
class Import:
    """How `import_history` went; `processor` are the seconds that its own process computed."""

    orders: int
    lines: int
    seconds: float
    processor: float


@dataclass(frozen=True)
class Build:
    """Seconds of a full build, of one GROUP BY of the ledger, and of all that a build selects, not stored."""

    entries: int
    rows: int
    full: float
    by_day: float
    selected: float


@dataclass(frozen=True)
class Export:
    """Rows a second of the export over HTTP and of COPY; seconds to the first row of each; memory in MiB."""

    rows: int
    size: int
    a_second: float
    first_row: float
    copy_a_second: float
    copy_first_row: float
    idle: float
    peak: float


def import_orders(shop: Shop, orders: int) -> Import:
    """Import a file of invented trade."""
    path = Path(shop.environment["MEDIA_ROOT"]).parent / "history.jsonl"
    now, lines = datetime.now(UTC), 0
    trade = generate_history(
        seed=SEED, orders=orders, start=now.date() - timedelta(days=DAYS), end=now.date(), now=now, time_zone=ZONE
    )
    with path.open("w") as file:
        for lines, line in enumerate(trade, start=1):  # noqa: B007  counted
            file.write(json.dumps(line) + "\n")
    began, computed = time.monotonic(), _computed()
    shop.manage("import_history", str(path), "--source", "bench")
    return Import(orders, lines, time.monotonic() - began, _computed() - computed)


def _computed() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def build(shop: Shop) -> Build:
    """Build every snapshot anew, and run what it is made of without storing it."""
    full, rows = [], 0
    for _ in range(ROUNDS):
        told = re.search(r"([\d,]+) rows, ([\d.]+) s", shop.manage("build_snapshots", "--full"))
        rows = int(told[1].replace(",", ""))
        full.append(float(told[2]))
    gathered = [
        f"CREATE TEMP TABLE build_order AS {sales_facts.ORDERS}",
        "ANALYZE build_order",
        sales_facts.FIRST_GATHERED,
    ]
    selects = [
        text.replace("{which}", "true") for text in (*gathered, *(fact.query for fact in sales_facts.FACTS.values()))
    ]
    with shop.connect() as connection:
        by_day = statistics.median(_seconds(connection, BY_DAY) for _ in range(ROUNDS))
        selected = [_selected(connection, selects) for _ in range(ROUNDS)]
        entries = connection.execute("SELECT COUNT(*) FROM orders_salesentry").fetchone()[0]
    return Build(entries, rows, statistics.median(full), by_day, statistics.median(selected))


def _selected(connection: psycopg.Connection, selects: list[str]) -> float:
    seconds = sum(_seconds(connection, select) for select in selects)
    connection.execute("DROP TABLE build_order")
    return seconds


def _seconds(connection: psycopg.Connection, statement: str) -> float:
    began = time.monotonic()
    connection.execute(statement)
    return time.monotonic() - began


def export(shop: Shop, analyst: Visitor, server: int) -> Export:
    """Download the orders as an analyst does, and copy the same columns of the same rows."""
    today = datetime.now(UTC).date()
    days = {"from": f"{today - timedelta(days=DAYS + 5)}", "to": f"{today + timedelta(days=1)}", "currency": "GBP"}

    def download(**chosen: str):
        return analyst.download("console/exports/orders/", form="console/exports/", **chosen)

    header = download(days="7").header  # warms up, too
    idle = memory(server)
    downloads, copies = [], []
    with watched_memory(server) as seen:
        for _ in range(ROUNDS):
            downloads.append(download(**days))
            copies.append(copy(shop, header, days))
    rows = {one.rows for one in downloads} | {copied for copied, _, _ in copies}
    if len(rows) > 1:
        raise RuntimeError(f"the export and COPY came to different rows: {rows}")
    return Export(
        rows=rows.pop(),
        size=downloads[0].size,
        a_second=statistics.median(one.rows / one.seconds for one in downloads),
        first_row=statistics.median(one.first_row for one in downloads),
        copy_a_second=statistics.median(copied / seconds for copied, _, seconds in copies),
        copy_first_row=statistics.median(first for _, first, _ in copies),
        idle=idle,
        peak=max(seen),
    )


def copy(shop: Shop, header: list[str], days: dict[str, str]) -> tuple[int, float, float]:
    """COPY the columns as the database holds them; rows, seconds to the first, seconds to the last."""
    sources = {column.name: column.expression for column in ORDERS.columns}
    columns = ", ".join(sources[name] for name in header)
    statement = f"COPY (SELECT {columns} FROM ({ORDERS.rows}) r ORDER BY {ORDERS.order_by}) TO STDOUT (FORMAT csv)"
    parameters = {"start": days["from"], "end": days["to"], "currency": days["currency"]}
    rows, first_row, began = 0, 0.0, time.monotonic()
    with shop.connect() as connection, psycopg.ClientCursor(connection).copy(statement, parameters) as pieces:
        for piece in pieces:
            first_row = first_row or time.monotonic() - began
            rows += bytes(piece).count(b"\n")
    return rows, first_row, time.monotonic() - began


def memory(server: int) -> float:
    """MiB that the workers of a server hold."""
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,rss="], check=True, capture_output=True, text=True).stdout
    processes = (line.split() for line in listed.splitlines())
    return sum(int(size) for parent, size in processes if int(parent) == server) / 1024


@contextmanager
def watched_memory(server: int) -> Iterator[list[float]]:
    """Look at the memory of a server's workers four times a second."""
    seen, over = [memory(server)], threading.Event()

    def look() -> None:
        while not over.wait(0.25):
            seen.append(memory(server))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def ratios(brought: Import, built: Build, exported: Export) -> str:
    """The figures beside their references, as a table."""
    a_minute, own = (brought.orders * 60 / seconds for seconds in (brought.seconds, brought.processor))
    above = exported.peak - exported.idle
    rows = [
        ("what", "figure", "reference", "ratio"),
        ("---", "---", "---", "---"),
        ("full snapshot build", f"{built.full:.2f} s", f"{built.selected:.2f} s: what it stores, only selected",
         f"{built.full / built.selected:.1f}"),
        ("", "", f"{built.by_day:.2f} s: one `GROUP BY` of the ledger by day", f"{built.full / built.by_day:.0f}"),
        ("orders export over HTTP", f"{exported.a_second:,.0f} rows a second",
         f"{exported.copy_a_second:,.0f} by `COPY`", f"{exported.a_second / exported.copy_a_second:.2f}"),
        ("its first row after", f"{exported.first_row:.2f} s", f"{exported.copy_first_row:.2f} s by `COPY`",
         f"{exported.first_row / exported.copy_first_row:.1f}"),
        ("its memory", f"{above:.1f} MiB above idle", f"{exported.idle:.0f} MiB: both workers, idle", ""),
        ("`import_history`", f"{a_minute:,.0f} orders a minute", f"{own:,.0f} a minute of its own processor time", ""),
    ]  # fmt: skip
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def method(brought: Import, built: Build, exported: Export) -> str:
    """How the figures were come by."""
    megabytes = exported.size / 1_000_000
    return f"""- Data: {OF_THE_DEMO:,} orders of `seed_demo`, then {brought.orders:,} of `demo.trade` imported
  ({brought.lines:,} lines in {brought.seconds:,.0f} s): {built.entries:,} entries of the ledger over {DAYS + 1} days.
- Build: `build_snapshots --full`, {built.rows:,} rows written. What it stores of sales, only selected: the build's
  own queries, one after the other. The one `GROUP BY` sums the ledger once, for one of its tables.
- Export: all {exported.rows:,} sold orders, {megabytes:,.0f} MB, by POST as a signed-in analyst, with the page of the
  form, the audit record and HTTP. `COPY` writes the same columns of the same rows in the same order as the database
  holds them: moments and money are not brought to their form, nothing is guarded against formulas. They take turns.
- Medians of {ROUNDS}; the import ran once."""


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS_IN_ALL, help="in all (default: %(default)s)")
    orders = parser.parse_args().orders
    if orders <= OF_THE_DEMO:
        parser.error(f"--orders is more than the {OF_THE_DEMO:,} of the demo")
    load_before = load()
    with shop() as place:
        logins = place.seed()
        brought = import_orders(place, orders - OF_THE_DEMO)
        place.settle()
        built = build(place)
        place.settle()
        pages = {"bare Django view": bare_view()}
        with gunicorn("purelaka.wsgi", place.environment, place.port) as served:
            analyst = Visitor.signed_in(served.address, role="analyst", logins=logins)
            exported = export(place, analyst, served.pid)
            pages["dashboard, as an analyst"] = measure(served.address + DASHBOARD, cookies=analyst.cookies)
        lines = circumstances(place, load_before=load_before)
    text = f"""`make bench-figures` does it again.

{lines}

{ratios(brought, built, exported)}

{method(brought, built, exported)}

{table(pages)}

- Load: {METHOD}"""
    keep(f"At {orders:,} orders", text)


if __name__ == "__main__":
    main()
