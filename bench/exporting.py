"""`make bench-exports`: the orders export over HTTP beside COPY of the same columns, and what SQLite writes."""

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg

from analytics.exports.datasets import DATASETS
from bench.figures import memory, watched_memory
from bench.mass_trade import trade
from bench.running import Shop, circumstances, gunicorn, keep, load, shop
from bench.visiting import AT_ONCE, Visitor

ORDERS, DAYS, ZONE, ROUNDS = 1_000_000, 548, "Europe/London", 3
DATASET = DATASETS["orders"]
A_TABLE = """
    SELECT id, public_id, placed_at, paid_at, status, country, currency, customer_id, discount_code,
        items_minor, discount_minor, shipping_minor, shipping_discount_minor, tax_minor, shipping_tax_minor,
        total_minor, paid_minor, refunded_minor FROM orders_order
"""


@dataclass(frozen=True)
class Pace:
    """How many rows came, how many a second, and after how many seconds the first."""

    rows: int
    a_second: float
    first_row: float


def copied(place: Shop, query: str, parameters: dict[str, str]) -> Pace:
    """COPY the rows of a query and throw them away."""
    rows, first_row, began = 0, 0.0, time.monotonic()
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv)"
    with place.connect() as connection, psycopg.ClientCursor(connection).copy(statement, parameters) as pieces:
        for _ in pieces:
            first_row = first_row or time.monotonic() - began
            rows += 1
    return Pace(rows, rows / (time.monotonic() - began), first_row)


def median(paces: list[Pace]) -> Pace:
    """The middle of several rounds, each figure by itself."""
    return Pace(
        paces[0].rows,
        statistics.median(pace.a_second for pace in paces),
        statistics.median(pace.first_row for pace in paces),
    )


def measured(place: Shop, logins: str) -> dict[str, float | Pace]:
    """Download the orders as an analyst does; copy the same columns of the same rows, and a bare table, in turns."""
    today = datetime.now(UTC).date()
    days = {"from": f"{today - timedelta(days=DAYS + 400)}", "to": f"{today + timedelta(days=1)}", "currency": "GBP"}
    parameters = {"start": days["from"], "end": days["to"], "currency": "GBP"}
    columns = ", ".join(column.expression for column in DATASET.columns_for(with_personal=False))
    same = f"SELECT {columns} FROM ({DATASET.sweep}) r ORDER BY {DATASET.order_by}"
    exported, bare, table = [], [], []
    with gunicorn("purelaka.wsgi", place.environment, place.port) as served:
        analyst = Visitor.signed_in(served.address, role="analyst", logins=logins)

        def download(**more: str) -> Pace:
            got = analyst.download("console/exports/orders/", form="console/exports/", **days, **more)
            return Pace(got.rows, got.rows / got.seconds, got.first_row)

        analyst.download("console/exports/orders/", form="console/exports/", days="7")  # warms up
        idle = memory(served.pid)
        with watched_memory(served.pid) as seen:
            for _ in range(ROUNDS):
                exported.append(download())
                bare.append(copied(place, same, parameters))
                table.append(copied(place, A_TABLE, {}))
            began = time.monotonic()
            with analyst.post("console/exports/orders/", form="console/exports/", format="csv.gz", **days) as answer:
                while answer.read1(AT_ONCE):
                    pass
            rows = exported[0].rows
            compressed = Pace(rows, rows / (time.monotonic() - began), 0.0)
    if len({pace.rows for pace in exported + bare}) > 1:
        raise RuntimeError("the export and COPY came to different rows")
    return {
        "exported": median(exported),
        "bare": median(bare),
        "table": median(table),
        "compressed": compressed,
        "idle": idle,
        "above": max(seen) - idle,
    }


def on_sqlite(place: Shop) -> dict[str, float]:
    """What the writer of SQLite's rows comes to, in a process of its own, over the orders of `seed_demo`."""
    with tempfile.TemporaryDirectory() as directory:
        other = replace(place, environment=place.environment | {"DATABASE_URL": f"sqlite:///{directory}/db.sqlite3"})
        other.manage("migrate", "--verbosity", "0")
        other.manage("seed_demo")
        return json.loads(other.run("-m", "bench.writing").splitlines()[-1])


def rows_of(found: dict[str, float | Pace], sqlite: dict[str, float]) -> str:
    """The figures beside what they are measured against and what is asked of them."""
    exported, bare, table = found["exported"], found["bare"], found["table"]
    to_bare, to_table = exported.a_second / bare.a_second, exported.a_second / table.a_second
    first, bare_first = exported.first_row * 1000, bare.first_row * 1000
    of_sqlite = sqlite["a_second"] / sqlite["bare"]
    idle = f"{found['idle']:.0f} MiB: both workers, idle"
    rows = [
        ("what", "figure", "beside", "ratio", "aim"),
        ("---",) * 5,
        ("orders over HTTP", rate(exported), f"{rate(bare)}: `COPY` of the same columns", f"{to_bare:.2f}", "0.5"),
        ("", "", f"{rate(table)}: `COPY` of 18 columns of one table", f"{to_table:.2f}", ""),
        ("compressed over HTTP", rate(found["compressed"]), "", "", ""),
        ("first row after", f"{first:.0f} ms", f"{bare_first:.0f} ms by `COPY`", "", "200 ms"),
        ("memory", f"{found['above']:.1f} MiB above idle", idle, "", "64 MiB"),
        (
            "on SQLite, of its processor time",
            f"{sqlite['a_second']:,.0f} rows a second",
            f"{sqlite['bare']:,.0f}: the same query, only fetched",
            f"{of_sqlite:.2f}",
            "30,000",
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def rate(pace: Pace) -> str:
    """Rows a second, for a table."""
    return f"{pace.a_second:,.0f} rows a second"


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS, help="in all (default: %(default)s)")
    orders, load_before, end = parser.parse_args().orders, load(), datetime.now(UTC)
    with shop() as place:
        logins = place.seed()
        with place.connect() as connection:
            trade(connection, orders=orders, start=end - timedelta(days=DAYS), end=end, zone=ZONE)
        place.settle()
        found = measured(place, logins)
        sqlite = on_sqlite(place)
        lines = circumstances(place, load_before=load_before)
    text = f"""`make bench-exports` does it again.

{lines}

{rows_of(found, sqlite)}

- Data: {orders:,} orders of `bench.mass_trade` beside `seed_demo`; all {found["exported"].rows:,} sold ones,
  by POST as a signed-in analyst, with the page of the form, the audit record and HTTP. `COPY` writes the same columns
  of the same query as the database holds them: moments and money are not brought to their form, nothing is guarded
  against formulas. The three take turns; medians of {ROUNDS}. The time to the first row holds
  the page of the form and the record of the act as well.
- On SQLite: the {sqlite["rows"]:,.0f} orders of `seed_demo`, ten times over, in one process without HTTP.
- {os.cpu_count()} cores are shared by database, server and client."""
    keep(f"Exports of {orders:,} orders", text)


if __name__ == "__main__":
    main()
