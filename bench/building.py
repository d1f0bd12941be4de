"""Builds and a dashboard timed from within, as a program in a shop's environment; prints what it found as JSON."""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402

from accounts.models import User  # noqa: E402
from analytics.snapshots.building import build_snapshots  # noqa: E402
from analytics.snapshots.calendar import CHANGES, FULL, one_day  # noqa: E402
from core.days import today  # noqa: E402
from core.models import DirtyDay  # noqa: E402

TIMES, PAGES, FULL_TIMES = 9, 40, 2
SLOWEST = 5


def seconds_of(act: Callable[[], object]) -> float:
    """How long an act takes."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


def memory() -> float:
    """The most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def builds() -> dict[str, float]:
    """Seconds of the first build, which finds every day marked, of a full one, of one day, and of nothing to do."""
    days = [today() - timedelta(days=40 + 7 * back) for back in range(TIMES)]
    found = {"marks": float(DirtyDay.objects.count())}
    idle = memory()
    found |= {"first": seconds_of(lambda: build_snapshots(CHANGES))}
    found["full"] = statistics.median(seconds_of(lambda: build_snapshots(FULL)) for _ in range(FULL_TIMES))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    found["day"] = statistics.median(seconds_of(lambda: build_snapshots(one_day(day))) for day in days)  # noqa: B023
    found["nothing"] = statistics.median(seconds_of(lambda: build_snapshots(CHANGES)) for _ in range(TIMES))
    return found | {"idle": idle, "peak": memory()}


def dashboard() -> dict[str, object]:
    """Seconds of the dashboard with its own window: half of the requests, 95 of 100; its queries, the slowest named."""
    client, address = Client(HTTP_HOST="127.0.0.1"), reverse("analytics:dashboard")
    client.force_login(User.objects.filter(groups__name="analyst").first())

    def ask() -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"the dashboard answered {answer.status_code}")

    ask()
    took = sorted(seconds_of(ask) for _ in range(PAGES))
    with CaptureQueriesContext(connection) as asked:
        ask()
    queries = sorted(asked.captured_queries, key=lambda query: -float(query["time"]))
    return {
        "p50": statistics.median(took),
        "p95": took[int(0.95 * (PAGES - 1))],
        "queries": len(queries),
        "slowest": [f"{query['time']} s: {' '.join(query['sql'].split())[:300]}" for query in queries[:SLOWEST]],
    }


def main() -> None:
    """Measure and print."""
    sys.stdout.write(json.dumps(builds() | dashboard()) + "\n")


if __name__ == "__main__":
    main()
