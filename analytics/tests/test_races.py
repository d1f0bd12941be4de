"""Trade while snapshots are built, one build in three killed: at the end the facts are the ledger's, exactly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from random import Random
from threading import Event

import pytest
import time_machine
from django.db import OperationalError, connection

from accounts.models import Customer
from analytics.models import Build, FactDay
from analytics.snapshots import building
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES, FULL
from analytics.snapshots.leasing import BuildRunning
from analytics.tests import oracle
from analytics.tests.factories import make_refund, make_sale
from core.models import DirtyDay
from orders.tests.factories import make_shipping_method, make_tax_rate
from products.tests.factories import make_variant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TRADERS, SALES_EACH, FIRST = 8, 9, date(2026, 6, 1)
TODAY = datetime(2026, 6, 12, 10, tzinfo=UTC)
PEOPLE = [f"buyer-{number}@example.com" for number in range(6)]


def trade(number: int, variants: list) -> None:
    """Sell, and give back now and then, on days in no order."""
    rng = Random(number)
    try:
        for _ in range(SALES_EACH):
            day = FIRST + timedelta(days=rng.randrange(10))
            order = make_sale(day, variant=rng.choice(variants), quantity=rng.randint(1, 3), email=rng.choice(PEOPLE))
            if rng.random() < 0.4:
                later = day + timedelta(days=rng.randrange(3))
                make_refund(order, later, goods_minor=rng.randint(1, 300), fails=rng.random() < 0.3)
    finally:
        connection.close()


def build_until(done: Event, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Build again and again; of every three builds one dies before it commits, its connection cut. Count both."""
    succeed, killed, built = building.succeed, 0, 0
    try:
        while not done.is_set() or killed < 2:
            is_doomed = (killed + built) % 3 == 2
            monkeypatch.setattr(building, "succeed", _die if is_doomed else succeed)
            try:
                build_snapshots(FULL if built % 4 == 3 else CHANGES)
                built += 1
            except OperationalError:
                killed += 1
        return killed, built
    finally:
        connection.close()


def _die(*_args: object, **_named: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_trade_beside_builds_of_which_one_in_three_is_killed(monkeypatch):
    with time_machine.travel(TODAY):
        make_shipping_method()
        make_tax_rate()
        variants = [make_variant(price_minor=price, stock=1000) for price in (500, 1200, 3300)]
        make_sale(FIRST, variant=variants[0], email=PEOPLE[0])
        for email in PEOPLE[1:]:
            Customer.objects.create(email_canonical=email)
        done = Event()
        with ThreadPoolExecutor(TRADERS + 1) as pool:
            builder = pool.submit(build_until, done, monkeypatch)
            traders = [pool.submit(trade, number, variants) for number in range(TRADERS)]
            try:
                for trader in traders:
                    trader.result()
            finally:
                done.set()
            killed, built = builder.result()
        monkeypatch.undo()

        build_snapshots(CHANGES)

        assert (killed >= 1, built >= 3, DirtyDay.objects.count()) == (True, True, 0)
        assert Build.objects.filter(state=Build.State.FAILED).count() == killed
        _assert_facts_are_the_ledger()


def _assert_facts_are_the_ledger() -> None:
    entries, before = oracle.ledger(), oracle.facts()
    assert len({entry.order_id for entry in entries}) == TRADERS * SALES_EACH + 1
    for row in FactDay.objects.all():
        figures = oracle.figures(entries, [], row.day, row.day, row.currency)
        shown = (row.net_minor, row.total_minor, row.refunds_cash_minor, row.orders, row.net_units, row.new_customers)
        names = ("net_sales", "total_sales", "refunds_cash", "orders", "net_units", "new_customers")
        assert shown == tuple(figures[name] for name in names)
    build_snapshots(FULL)
    assert oracle.facts() == before


def test_of_two_builds_at_once_one_is_refused():
    with time_machine.travel(TODAY, tick=False):
        make_sale(FIRST)

        def build() -> str:
            try:
                return "built" if build_snapshots(FULL).build else "nothing"
            except BuildRunning:
                return "refused"
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            outcomes = [future.result() for future in [pool.submit(build) for _ in range(4)]]

        assert set(outcomes) <= {"built", "refused"}
        assert outcomes.count("built") == Build.objects.filter(state=Build.State.SUCCEEDED).count() >= 1
        assert Build.objects.filter(state=Build.State.RUNNING).count() == 0


def test_a_build_that_still_holds_its_row_is_not_taken_for_dead(monkeypatch):
    make_sale(FIRST)
    holds, goes_on = Event(), Event()
    rebuild = building.rebuild_facts

    def slow(days: object) -> int:
        holds.set()
        assert goes_on.wait(30)
        return rebuild(days)

    def build() -> bool:
        try:
            return build_snapshots(CHANGES).build is not None
        finally:
            connection.close()

    monkeypatch.setattr(building, "rebuild_facts", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(build)
        assert holds.wait(30)
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=False), pytest.raises(BuildRunning):
            build_snapshots(CHANGES)
        goes_on.set()
        assert first.result()
