"""The rows of every figure, read over HTTP from their file and summed here in plain Python, give the figure.

Arithmetic on rows stands in this module alone; what it has to give is said by the oracle, which reads the definitions
over the rows of the database.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command

from accounts.tests.factories import make_user
from analytics.figures.windows import Window
from analytics.kpis import KPIS, SCALARS
from analytics.rows.declared import ROWS
from analytics.rows.links import rows_url
from analytics.tests import oracle, oracle_payments, oracle_tables
from analytics.tests.oracle_payments import Books
from analytics.tests.scenes import NOW, quarter
from history.tests.factories import feed

type Row = dict[str, str]
type Rows = list[Row]

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
WINDOWS = {
    "7 days": Window(TODAY - timedelta(days=6), TODAY),
    "30 days": Window(TODAY - timedelta(days=29), TODAY),
    "90 days": Window(TODAY - timedelta(days=89), TODAY),
    "a month": Window(date(2026, 9, 1), date(2026, 9, 30)),
    "a day": Window(date(2026, 10, 14), date(2026, 10, 14)),
    "the night on which the clocks go back": Window(date(2026, 10, 24), date(2026, 10, 26)),
}


@pytest.fixture
def scene() -> Iterator[Books]:
    """A quarter of trade, built, and all its rows for the oracle."""
    with time_machine.travel(NOW, tick=False):
        assert feed(*quarter()).bad == []
        call_command("build_snapshots")
        yield Books(oracle.ledger(), NOW, settings.STORE_ZONE, settings.STORE_CURRENCY)


def total(rows: Rows, *names: str) -> int:
    """Add up columns; an empty cell is nothing."""
    return sum(int(row[name] or 0) for row in rows for name in names)


def those(rows: Rows, **cells: str) -> Rows:
    return [row for row in rows if all(row[name] == value for name, value in cells.items())]


def different(rows: Rows, name: str) -> int:
    return len({row[name] for row in rows})


def over(part: int, whole: int) -> str | None:
    """Percent with two decimals, half away from zero."""
    if not whole:
        return None
    return hundredths(Fraction(10_000 * part, whole))


def hundredths(value: Fraction) -> str:
    rounded = away(value)
    return f"{'-' * (rounded < 0)}{abs(rounded) // 100}.{abs(rounded) % 100:02d}"


def away(value: Fraction) -> int:
    rounded = int(abs(value) + Fraction(1, 2))
    return -rounded if value < 0 else rounded


def hours(rows: Rows, share: Fraction) -> str | None:
    """The percentile of the times, between the two rows next to it, in hours."""
    times = sorted(int(row["microseconds"]) for row in rows)
    if not times:
        return None
    place = (len(times) - 1) * share
    below = int(place)
    value = times[below] + (times[min(below + 1, len(times) - 1)] - times[below]) * (place - below)
    return hundredths(value / 36_000_000)


def known(rows: Rows) -> Rows:
    return [row for row in rows if row["cost_minor"]]


def margin(rows: Rows) -> int:
    return total(known(rows), "net_minor") - total(known(rows), "cost_minor")


def sold(rows: Rows) -> int:
    return total(rows, "gross_minor") - total(rows, "discount_minor")


def again(rows: Rows) -> Rows:
    return [row for row in rows if int(row["orders"]) > 1 or row["is_new"] == "0"]


def refunded(rows: Rows, name: str = "refunded_minor") -> Rows:
    return [row for row in rows if int(row[name]) > 0]


def sales_of(rows: Rows) -> Rows:
    return those(rows, sold_in_window="1")


def fees(rows: Rows) -> int:
    return total(rows, "fee_minor") - total(those(rows, reporting_category="fee"), "amount_minor")


FIGURES: dict[str, Callable[[Rows], Any]] = {
    "gross_sales": lambda rows: total(rows, "gross_minor"),
    "discounts": lambda rows: total(rows, "discount_minor"),
    "returns": lambda rows: total(rows, "returns_minor"),
    "net_sales": lambda rows: sold(rows) - total(rows, "returns_minor"),
    "shipping": lambda rows: total(rows, "shipping_minor"),
    "tax": lambda rows: total(rows, "tax_minor"),
    "total_sales": lambda rows: sold(rows) - total(rows, "returns_minor") + total(rows, "shipping_minor", "tax_minor"),
    "orders": lambda rows: different(those(rows, kind="sale"), "order_id"),
    "units": lambda rows: total(those(rows, kind="line"), "units"),
    "net_units": lambda rows: total(rows, "units"),
    "aov": lambda rows: away(Fraction(sold(rows), len(those(rows, kind="sale")))) if those(rows, kind="sale") else None,
    "refunds_cash": lambda rows: total(rows, "returns_minor") - total(rows, "shipping_minor", "tax_minor"),
    "refunded_orders": lambda rows: different(refunded(rows), "order_id"),
    "refund_rate_orders": lambda rows: over(len(refunded(rows)), len(sales_of(rows))),
    "refund_rate_orders_cohort": lambda rows: over(
        len(refunded(sales_of(rows), "refunded_to_date_minor")), len(sales_of(rows))
    ),
    "refund_rate_value": lambda rows: over(total(rows, "returns_minor"), sold(rows)),
    "product_margin": lambda rows: margin(rows) if known(rows) else None,
    "product_margin_rate": lambda rows: over(margin(rows), total(known(rows), "net_minor")),
    "margin_coverage": lambda rows: over(total(known(rows), "net_minor"), total(rows, "net_minor")),
    "unique_customers": lambda rows: different(rows, "customer_id"),
    "new_customers": lambda rows: different(rows, "customer_id"),
    "existing_customers": lambda rows: different(rows, "customer_id"),
    "repeat_customers": lambda rows: sum(int(row["orders"]) >= 2 for row in rows),
    "repeat_rate": lambda rows: over(sum(int(row["orders"]) >= 2 for row in rows), len(rows)),
    "returning_customer_rate": lambda rows: over(len(again(rows)), len(rows)),
    "wishlist_conversion": lambda rows: over(
        different(those(rows, bought="1"), "customer_id"), different(rows, "customer_id")
    ),
    "payment_success": lambda rows: over(total(rows, "succeeded"), different(rows, "stripe_payment_intent")),
    "payment_attempt_success": lambda rows: over(len(those(rows, outcome="succeeded")), len(rows)),
    "dispute_rate": lambda rows: over(len(those(rows, kind="dispute")), len(those(rows, kind="payment"))),
    "disputed_amount": lambda rows: -total(rows, "amount_minor"),
    "stripe_fees": fees,
    "stripe_net": lambda rows: total(rows, "net_minor"),
    "payouts": lambda rows: total(rows, "amount_minor"),
    "lead_time_p50": lambda rows: hours(rows, Fraction(1, 2)),
    "lead_time_p90": lambda rows: hours(rows, Fraction(9, 10)),
    "backlog": lambda rows: different(rows, "order_id"),
    "sla_breach": lambda rows: different(those(rows, is_late="1"), "order_id"),
}
CURRENCIES = ("GBP", "EUR", None)
SHARES = ("adds", "numerator", "denominator")


def test_every_figure_has_rows_and_every_kind_of_rows_a_figure():
    assert set(ROWS) == set(KPIS)
    assert set(FIGURES) == {kpi.id for kpi in SCALARS}


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_the_rows_of_every_figure_give_it(client, scene, window):
    client.force_login(make_user("analyst"))
    for currency in CURRENCIES:
        wanted = [kpi.id for kpi in SCALARS if currency is not None or kpi.crosses_currencies]
        expected = figures(scene, window, currency)

        found = {kpi: FIGURES[kpi](read(client, kpi, window, currency)) for kpi in wanted}

        assert found == {kpi: expected[kpi] for kpi in wanted}


def test_where_nothing_happened_there_is_no_row_and_no_rate(client, scene):
    client.force_login(make_user("analyst"))
    long_ago = Window(date(2020, 1, 1), date(2020, 1, 7))

    found = {kpi: FIGURES[kpi](read(client, kpi, long_ago, "GBP")) for kpi in ("net_sales", "aov", "repeat_rate")}

    assert found == {"net_sales": 0, "aov": None, "repeat_rate": None}


def test_the_scene_has_something_to_say_of_every_figure(scene):
    said = {kpi for kpi, value in figures(scene, WINDOWS["90 days"], "GBP").items() if value not in (None, 0, "0.00")}

    assert said == {kpi.id for kpi in SCALARS}


@pytest.mark.parametrize("currency", CURRENCIES)
def test_the_rows_of_every_table_give_it(client, scene, currency):
    client.force_login(make_user("analyst"))
    window = WINDOWS["90 days"]
    days = (window.start, window.end)

    if currency is not None:
        assert best_sellers(read(client, "best_sellers", window, currency)) == sorted(
            oracle.best_sellers(scene.entries, *days, currency)
        )
        values = oracle_tables.ltv_to_date(scene.entries, *days, currency)
        assert worth(read(client, "ltv_to_date", window, currency)) == values
    assert retention(client, window, currency) == [
        (row["cohort"], row["size"], row["month"], row["customers"], row["rate"])
        for row in oracle_tables.cohort_retention(scene, *days, currency)
    ]
    assert steps(read(client, "checkout_funnel", window, currency)) == [
        (row["step"], row["count"]) for row in oracle_tables.checkout_funnel(scene, *days, currency)
    ]
    assert covers(read(client, "stock_cover_days", window, currency)) == [
        (row["sku"], row["available"], row["units_30d"], row["days_in_stock"], row["cover_days"])
        for row in oracle_tables.stock_cover_days(scene)
    ]


def best_sellers(rows: Rows) -> list[tuple[Any, ...]]:
    return sorted(
        (
            name,
            total(own, "net_minor"),
            total(those(own, kind="line"), "units"),
            margin(own) if known(own) else None,
        )
        for (name, _), own in by(rows, "product", "product_id").items()
    )


def worth(rows: Rows) -> list[dict[str, Any]]:
    return [
        {"cohort": cohort, "size": len(own), "net_sales": net, "ltv": away(Fraction(net, len(own)))}
        for (cohort,), own in sorted(by(rows, "cohort").items())
        for net in [total(own, "net_sales_minor")]
    ]


def retention(client, window: Window, currency: str | None) -> list[tuple[Any, ...]]:
    """Each cell of the table has rows of its own."""
    members = by(read(client, "cohort_retention", window, currency), "cohort")
    sizes = {cohort: len(own) for (cohort,), own in members.items()}
    found = []
    for cohort, size in sorted(sizes.items()):
        for month in ("2026-07", "2026-08", "2026-09", "2026-10", "2026-11"):
            if month >= cohort:
                rows = read(client, "cohort_retention", window, currency, cohort=cohort, month=month)
                assert len(rows) == size
                bought = sum(int(row["orders"]) > 0 for row in rows)
                found.append((cohort, size, month, bought, over(bought, size)))
    return found


def steps(rows: Rows) -> list[tuple[str, int]]:
    names = ("cart", "checkout", "attempt", "paid")
    return [(name, sum(int(row["step"]) >= place for row in rows)) for place, name in enumerate(names)]


def covers(rows: Rows) -> list[tuple[Any, ...]]:
    found = []
    for (sku,), own in sorted(by(rows, "sku").items()):
        available, units, days = int(own[0]["available"]), total(own, "units"), total(own, "in_stock")
        cover = hundredths(Fraction(100 * available * days, units)) if units and days else None
        found.append((sku, available, units, days, cover))
    return found


def by(rows: Rows, *names: str) -> dict[tuple[str, ...], Rows]:
    groups: dict[tuple[str, ...], Rows] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def figures(books: Books, window: Window, currency: str | None) -> dict[str, Any]:
    """What the definitions, read over the rows of the database, say."""
    days = (window.start, window.end)
    return oracle.figures(books.entries, oracle.wishes(), *days, currency) | oracle_payments.figures(
        books, *days, currency
    )


def read(client, kpi: str, window: Window, currency: str | None, **cell: object) -> Rows:
    """Ask for the file of the rows and read it, as anybody could."""
    answered = client.post(rows_url(kpi, window, currency, **cell), {"format": "csv"})
    assert answered.status_code == 200, answered.content
    assert answered["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answered.getvalue().decode(), newline="")))
    assert_shares(kpi, rows)
    return rows


def assert_shares(kpi: str, rows: Rows) -> None:
    """What each row says it adds is a column that anybody can add up."""
    for row in rows:
        shares = {
            name: value for name, value in row.items() if name.split("_")[0] in ("adds", "numerator", "denominator")
        }
        assert shares, kpi
        assert all(value.lstrip("-").isdecimal() for value in shares.values()), (kpi, shares)
