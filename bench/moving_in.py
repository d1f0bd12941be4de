"""`make bench-import`: a history of 100,000 orders with every type of line brought in, and the same files once more."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from bench.running import ROOT, Shop, circumstances, keep, load, shop
from demo.trade import ALL_TYPES, generate_history

SEED, DAYS, ZONE = 7, 540, "Europe/London"
TICKS = os.sysconf("SC_CLK_TCK")
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
BOOKS = """
import json, sys
import django
django.setup()
from django.conf import settings
from django.utils import timezone
from demo.books import book_lines
with open(sys.argv[1], "w") as file:
    for line in book_lines(currency=settings.STORE_CURRENCY, now=timezone.now()):
        file.write(json.dumps(line) + "\\n")
"""


# Invented baskets hold 1.8 lines; with this in two orders of three they hold the 2.5 that the rate is promised for.
WRAPPING = {"type": "product", "ref": "WRAP", "name": "Gift wrapping", "price": 300, "currency": "GBP"}
WRAPPED = {"product": "WRAP", "quantity": 1, "unit_price": 300, "tax": 50}


@dataclass(frozen=True)
class Brought:
    """How an import went: seconds by the clock, of its processor time and of its database's, most memory in MiB."""

    seconds: float
    processor: float
    database: float
    memory: float

    def __add__(self, other: "Brought") -> "Brought":
        return Brought(
            self.seconds + other.seconds,
            self.processor + other.processor,
            self.database + other.database,
            max(self.memory, other.memory),
        )


def bring_in(place: Shop, files: Iterable[Path], source: str) -> Brought:
    """Import files one after the other."""
    total = Brought(0, 0, 0, 0)
    for file in files:
        command = [sys.executable, "manage.py", "import_history", str(file), "--source", source]
        began, before = time.monotonic(), database_computed(place)
        running = subprocess.Popen(command, cwd=ROOT, env=place.environment)
        _, status, used = os.wait4(running.pid, 0)
        if status:
            raise RuntimeError(f"{file.name} was not imported")
        seconds, computed = time.monotonic() - began, used.ru_utime + used.ru_stime
        total += Brought(seconds, computed, database_computed(place) - before, used.ru_maxrss / 1024)
    return total


def database_computed(place: Shop) -> float:
    """Seconds of processor time that connections of the database which have ended took."""
    with place.connect() as connection:
        backend = connection.info.backend_pid
    postmaster = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1]
    while Path(f"/proc/{backend}").exists():
        time.sleep(0.05)
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / TICKS


def wrapped(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order with one more line; the trade goes on drawing from the lines of its own."""
    return {**order, "lines": [*order["lines"], WRAPPED]}


def write_trade(path: Path, orders: int, *, seed: int) -> Counter[str]:
    """Write invented trade with every type of line but those of Stripe's books; how many of each."""
    now = datetime.now(UTC)

    def trade() -> Iterator[dict[str, Any]]:
        start = now.date() - timedelta(days=DAYS)
        return generate_history(
            seed=seed, orders=orders, start=start, end=now.date(), now=now, time_zone=ZONE, types=ALL_TYPES
        )

    refunded = {line["order"] for line in trade() if line["type"] == "refund"}
    counted = Counter[str]()
    with path.open("w") as file:
        for drawn in chain([WRAPPING], trade()):
            is_wrapped = drawn["type"] == "order" and counted["order"] % 3 and drawn["ref"] not in refunded
            line = wrapped(drawn) if is_wrapped else drawn
            file.write(json.dumps(line) + "\n")
            counted[line["type"]] += 1
            counted["lines of orders"] += len(line["lines"]) if line["type"] == "order" else 0
    return counted


def write_books(place: Shop, path: Path) -> Counter[str]:
    """Write what Stripe would have booked for all trade so far; how many lines of each type."""
    place.run("-c", BOOKS, str(path))
    with path.open() as file:
        return Counter(json.loads(line)["type"] for line in file)


def fingerprint(place: Shop) -> dict[str, tuple[Any, ...]]:
    """Rows and checksum of every table; the order of the rows does not matter."""
    with place.connect() as connection:
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        return {
            name: connection.execute(
                f'SELECT COUNT(*), SUM(hashtextextended(t::text, 0)::numeric) FROM "{name}" t'
            ).fetchone()
            for name in names
        }


def row(name: str, orders: int, brought: Brought) -> str:
    """One line of the table."""
    a_minute = orders * 60 / brought.seconds
    of_both = orders * 60 / (brought.processor + brought.database)
    computed = f"{brought.processor:,.0f} s + {brought.database:,.0f} s"
    return (
        f"| {name} | {brought.seconds:,.0f} s | {a_minute:,.0f} | {computed} | {of_both:,.0f} "
        f"| {brought.memory:,.0f} MiB |"
    )


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="default: %(default)s")
    orders = parser.parse_args().orders
    load_before = load()
    with shop() as place:
        place.manage("migrate", "--verbosity", "0")
        directory = Path(place.environment["MEDIA_ROOT"]).parent
        few, many, books = (directory / f"{name}.jsonl" for name in ("few", "many", "books"))
        write_trade(few, orders // 10, seed=SEED + 1)
        small = bring_in(place, [few], "before")
        counted = write_trade(many, orders, seed=SEED)
        first = bring_in(place, [many], "bench")
        counted += write_books(place, books)
        first += bring_in(place, [books], "bench")
        before = fingerprint(place)
        again = bring_in(place, [many, books], "bench")
        after = fingerprint(place)
        changed = sorted(name for name in after if after[name] != before.get(name))
        lines = circumstances(place, load_before=load_before)
    each, refunds = counted.pop("lines of orders") / counted["order"], counted["refund"] / counted["order"]
    types = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counted.items()))
    rows = [
        row("all of it", orders, first),
        row("the same files again", orders, again),
        row(f"a tenth of it, in the empty shop before: {orders // 10:,} orders, no books", orders // 10, small),
    ]
    text = f"""{lines}
- Files: {types}: {each:.2f} lines an order, {refunds:.1%} refunds.
- The rate counts the books, which make lines but no orders. The most memory is that of the importing process.
- Afterwards: {len(after)} tables, {sum(count for count, _ in after.values()):,} rows. The same files again changed
  {", ".join(changed) or "none of them"}: rows and checksums of every table were compared.

| import | took | orders a minute | processor time: its own, the database's | in a minute of these | most memory |
|---|---|---|---|---|---|
{chr(10).join(rows)}"""
    keep("Moving in", f"`make bench-import` does it again.\n\n{text}")
    sys.exit(bool(changed))


if __name__ == "__main__":
    main()
