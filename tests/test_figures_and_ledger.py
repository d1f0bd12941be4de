"""Random trade, imported and built in two pieces: every figure the command gives is what a plain reading gives.

`FIGURE_EXAMPLES` asks for more histories than the few that every run reads.
"""

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.kpis import ALL, TABLES, Kpi
from analytics.tests import oracle, oracle_payments, oracle_tables
from history.importing import import_history
from tests.random_trade import NOW, histories

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FIGURE_EXAMPLES", "8"))
LONDON = ZoneInfo("Europe/London")
WINDOWS = (
    (date(2026, 3, 29), date(2026, 3, 29)),  # of 23 hours
    (date(2026, 10, 24), date(2026, 10, 26)),  # with one of 25
    (date(2026, 3, 1), date(2026, 11, 30)),  # whole months, the last of them not over
    (date(2026, 3, 27), date(2026, 11, 5)),  # parts of months, and days to come
)
windows = st.tuples(st.sampled_from((date(2026, 3, 26), date(2026, 10, 20))), st.integers(0, 12), st.integers(0, 9))


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=(Phase.generate, Phase.explicit),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(lines=histories(), share=st.integers(0, 100), drawn=windows)
def test_every_figure_is_what_a_plain_reading_of_the_rows_gives(lines, share, drawn):
    first = drawn[0] + timedelta(days=drawn[1])
    with time_machine.travel(NOW, tick=False), undone():
        for piece in (lines[: len(lines) * share // 100], lines[len(lines) * share // 100 :]):
            assert [str(bad) for bad in import_history(json.dumps(line).encode() for line in piece).bad] == []
            call_command("build_snapshots")
        books = oracle_payments.Books(oracle.ledger(), NOW, LONDON, "GBP")
        wished = oracle.wishes()
        for start, end in (*WINDOWS, (first, first + timedelta(days=drawn[2]))):
            found = assert_answer(books, wished, start, end)
        piecemeal = oracle.facts()
        call_command("build_snapshots", "--full")
        assert oracle.facts() == piecemeal
        alone = kpis(start, end, "--currency", "JPY")
        assert alone["values"] == found["currencies"].get("JPY", alone)["values"]


@contextmanager
def undone() -> Iterator[None]:
    """Take back everything that a block writes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def assert_answer(books: oracle_payments.Books, wished: list[Any], start: date, end: date) -> dict[str, Any]:
    is_short = (end - start).days < 20
    found = kpis(start, end, *(["--daily"] if is_short else []))
    assert found["all"].keys() == {kpi.id for kpi in ALL if kpi.crosses_currencies}
    assert of_figures(found["all"]) == figures(books, wished, start, end, None)
    assert tables(found["all"]) == expected_tables(books, start, end, None)
    for currency, of_one in found["currencies"].items():
        assert of_one["values"].keys() == {kpi.id for kpi in ALL}
        assert of_figures(of_one["values"]) == figures(books, wished, start, end, currency)
        assert tables(of_one["values"]) == expected_tables(books, start, end, currency)
        assert best_sellers(of_one["values"]) == oracle.best_sellers(books.entries, start, end, currency)
        for number, values in enumerate(of_one.get("daily", [])):
            day = start + timedelta(days=number)
            expected = figures(books, wished, day, day, currency, of_now=False)
            assert values == {"day": day.isoformat(), **expected}
    return found


def kpis(start: date, end: date, *more: str) -> dict[str, Any]:
    printed = io.StringIO()
    call_command("kpis", "--from", f"{start}", "--to", f"{end}", "--json", *more, stdout=printed)
    return json.loads(printed.getvalue())


def figures(books: Any, wished: list[Any], start: date, end: date, currency: str | None, *, of_now: bool = True) -> Any:
    return oracle.figures(books.entries, wished, start, end, currency) | oracle_payments.figures(
        books, start, end, currency, of_now=of_now
    )


def of_figures(values: dict[str, Any]) -> dict[str, Any]:
    return {kpi.id: values[kpi.id] for kpi in ALL if isinstance(kpi, Kpi) and kpi.id in values}


def tables(values: dict[str, Any]) -> dict[str, Any]:
    """The tables, that of stock in the order of SKUs: at equal cover the oracle need not know which comes first."""
    found = {kpi.id: values[kpi.id] for kpi in TABLES if kpi.id in values and kpi.id != "best_sellers"}
    found["stock_cover_days"] = sorted(found["stock_cover_days"], key=lambda row: row["sku"])
    return found


def expected_tables(books: Any, start: date, end: date, currency: str | None) -> dict[str, Any]:
    money = {} if currency is None else {"ltv_to_date": oracle_tables.ltv_to_date(books.entries, start, end, currency)}
    return money | {
        "cohort_retention": oracle_tables.cohort_retention(books, start, end, currency),
        "checkout_funnel": oracle_tables.checkout_funnel(books, start, end, currency),
        "stock_cover_days": oracle_tables.stock_cover_days(books),
    }


def best_sellers(values: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(row["product"], row["net_sales"], row["units"], row["margin"]) for row in values["best_sellers"]]
