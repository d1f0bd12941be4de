"""`make simulate SEEDS=2000`, or `SEED=123` for one: random trade under faults, on a database of its own.

Each seed is lived through in a transaction that is rolled back. What fails is shortened, told, and printed with the
command that shows it again; at the end stands how often each transition was taken and each fault struck.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import batched
from multiprocessing import get_context

os.environ.update(
    DJANGO_SETTINGS_MODULE="purelaka.settings",
    PURELAKA_NO_ENV_FILE="1",
    SECRET_KEY="for-this-run-only",
    DATABASE_URL="sqlite:///:memory:",
    EMAIL_URL="dummymail://",
)

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from tests.simulation.coverage import report_of  # noqa: E402
from tests.simulation.running import Report, run, shortest, story  # noqa: E402

BATCH = 10
EVERY = 50
_shortened: set[str] = set()


def prepare() -> None:
    """Make an empty database in the memory of this process."""
    call_command("migrate", verbosity=0)


def run_batch(seeds: tuple[int, ...]) -> list[Report]:
    """Run some seeds; the first failure of each kind is shortened at once."""
    reports = []
    for seed in seeds:
        report = run(seed)
        if report.kind and report.kind not in _shortened:
            _shortened.add(report.kind)
            report = shortest(report)
        reports.append(report)
    return reports


def run_all(seeds: list[int], processes: int) -> Iterator[Report]:
    """The reports of all seeds, as they come."""
    batches = list(batched(seeds, BATCH))
    if processes == 1 or len(batches) == 1:
        prepare()
        for batch in batches:
            yield from run_batch(batch)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("fork"), initializer=prepare) as pool:
        for reports in pool.map(run_batch, batches):
            yield from reports


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="Run this many.")
    parser.add_argument("--first", type=int, default=1, help="Begin with this one.")
    parser.add_argument("--seed", type=int, help="Run this one and print its trace.")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def main() -> int:
    """Run, tell, count."""
    asked = arguments()
    seeds = list(range(asked.first, asked.first + asked.seeds)) if asked.seed is None else [asked.seed]
    hits: Counter[str] = Counter()
    failed: list[int] = []
    began = time.monotonic()
    for done, report in enumerate(run_all(seeds, asked.processes), 1):
        hits += report.hits
        if report.problems:
            failed.append(report.seed)
            print(story(report), flush=True)
        elif asked.seed is not None:
            print("\n".join(report.trace))
        if done % EVERY == 0:
            print(f"{done} seeds, {time.monotonic() - began:.0f} s, {len(failed)} failed", flush=True)
    print(report_of(hits))
    print(f"{len(seeds)} seeds in {time.monotonic() - began:.0f} s; failed: {', '.join(map(str, failed)) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
