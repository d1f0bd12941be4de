"""The build: days that changed, days of zeros, restated days; what is taken up is taken up once, or not at all."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from analytics.figures.windows import Window
from analytics.jobs import build_changed_days
from analytics.models import Build, CustomerFirst, DayState, FactDay, FactDayHistory
from analytics.snapshots import building
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES, FULL, last_days, missing_days, one_day
from analytics.snapshots.leasing import BuildRunning, claim
from analytics.tests.factories import make_refund, make_sale
from core.models import DirtyDay
from orders.models import SalesEntry, ShippingMethod
from orders.tests.factories import make_shipping_method
from products.tests.factories import make_variant

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 5, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def friday():
    with time_machine.travel(NOW, tick=False):
        yield


def net(day: date) -> int:
    return FactDay.objects.get(day=day, currency="GBP").net_minor


def test_the_first_build_writes_every_day_from_the_first_sale_to_today():
    make_sale(MONDAY)

    result = build_snapshots(CHANGES)

    assert result.days == 5
    assert list(DayState.objects.order_by("day").values_list("day", flat=True)) == [
        MONDAY + timedelta(days=ahead) for ahead in range(5)
    ]
    assert list(FactDay.objects.order_by("day").values_list("orders", flat=True)) == [1, 0, 0, 0, 0]
    assert DirtyDay.objects.count() == 0


def test_a_second_build_has_nothing_to_do_but_says_how_far_it_looked():
    make_sale(MONDAY)
    build_snapshots(CHANGES)

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        result = build_snapshots(CHANGES)

    assert result.build is None
    assert Build.objects.get().data_to == NOW + timedelta(hours=1)


def test_a_shop_without_a_sale_has_nothing_to_build():
    assert build_snapshots(CHANGES).build is None
    assert build_snapshots(FULL).build is None
    assert missing_days(Window(MONDAY, MONDAY)) == []


def test_only_the_days_that_changed_are_built_again():
    make_sale(MONDAY)
    build_snapshots(CHANGES)

    make_sale(MONDAY + timedelta(days=2))

    assert build_snapshots(CHANGES).days == 1


def test_a_day_without_state_is_missing_between_facts_and_zero_outside_them():
    make_sale(MONDAY)
    make_sale(MONDAY + timedelta(days=2))
    build_snapshots(CHANGES)
    DayState.objects.filter(day__gt=MONDAY).delete()

    assert missing_days(Window(MONDAY - timedelta(days=9), MONDAY + timedelta(days=9))) == [
        MONDAY + timedelta(days=1),
        MONDAY + timedelta(days=2),
    ]

    build_snapshots(CHANGES)
    assert missing_days(Window(MONDAY, MONDAY + timedelta(days=9))) == []


def test_a_late_first_sale_moves_who_was_new_and_rebuilds_the_day_that_was_first():
    make_sale(MONDAY + timedelta(days=2), email="alice@example.com")
    build_snapshots(CHANGES)
    assert FactDay.objects.get(day=MONDAY + timedelta(days=2)).new_customers == 1

    make_sale(MONDAY, email="Alice@example.com ")
    sale = SalesEntry.objects.get(day=MONDAY, kind="sale")
    build_snapshots(CHANGES)

    assert dict(FactDay.objects.filter(new_customers__gt=0).values_list("day", "new_customers")) == {MONDAY: 1}
    assert CustomerFirst.objects.get().day == MONDAY
    history = FactDayHistory.objects.get(day=MONDAY + timedelta(days=2))
    because = f"an earlier first sale of a customer, sales_entry {sale.pk}"
    assert (history.facts["new_customers"], history.cause) == (1, because)


def test_a_day_that_waits_for_its_own_build_is_not_drawn_into_that_of_another():
    make_sale(MONDAY, email="alice@example.com")
    make_sale(MONDAY + timedelta(days=2), email="alice@example.com")

    assert build_snapshots(one_day(MONDAY)).days == 1
    assert set(DirtyDay.objects.values_list("day", flat=True)) == {MONDAY + timedelta(days=2)}


def test_a_closed_day_that_changes_keeps_its_old_figures_with_the_cause():
    make_sale(MONDAY, variant=make_variant(price_minor=1200))
    build_snapshots(CHANGES)
    old = net(MONDAY)

    make_sale(MONDAY)
    cause = DirtyDay.objects.order_by("pk").first()
    build_snapshots(CHANGES)

    history = FactDayHistory.objects.get()
    assert (history.day, history.revision, history.facts["net_minor"]) == (MONDAY, 1, old)
    assert history.cause == f"sales_entry {cause.source_id}"
    assert DayState.objects.get(day=MONDAY).revision == 2


def test_the_cause_of_a_restatement_names_each_order_and_refund_once_and_says_how_many_there_are_more():
    order = make_sale(MONDAY)
    build_snapshots(CHANGES)

    make_refund(order, MONDAY, goods_minor=100, fails=True)
    made = [make_sale(MONDAY).pk for _ in range(5)]
    build_snapshots(CHANGES)

    history = FactDayHistory.objects.get()
    entries = SalesEntry.objects.order_by("pk")
    refund, reversal = (entries.get(kind=kind).pk for kind in ("refund", "refund_reversal"))
    sales = [entries.get(order=key, kind="sale").pk for key in made[:3]]
    named = ", ".join(f"sales_entry {key}" for key in (refund, reversal, *sales))
    assert history.cause == f"{named} and 2 more"


def test_a_day_built_again_to_the_same_figures_and_today_are_not_restated():
    make_sale(MONDAY)
    make_sale(NOW.date())
    build_snapshots(CHANGES)

    make_sale(NOW.date())
    build_snapshots(CHANGES)
    build_snapshots(FULL)

    assert FactDayHistory.objects.count() == 0
    assert set(DayState.objects.values_list("revision", flat=True)) == {1}


def test_a_refund_restates_the_day_of_its_sale_only_in_what_became_of_those_orders():
    order = make_sale(MONDAY)
    build_snapshots(CHANGES)
    sold = net(MONDAY)

    make_refund(order, MONDAY + timedelta(days=3), goods_minor=200)
    build_snapshots(CHANGES)

    assert (net(MONDAY), net(MONDAY + timedelta(days=3))) == (sold, -200)
    assert FactDay.objects.get(day=MONDAY).cohort_refunded_orders == 1


def test_a_refund_that_failed_comes_to_nothing():
    order = make_sale(MONDAY)
    make_refund(order, MONDAY, goods_minor=200, fails=True)
    build_snapshots(CHANGES)

    day = FactDay.objects.get(day=MONDAY)
    assert (day.returns_minor, day.refunds_cash_minor, day.cohort_refunded_orders) == (0, 0, 0)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 28, 23, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 0, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 22, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 23, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2025, 10, 25, 23, 0, tzinfo=UTC), date(2025, 10, 26)),
        (datetime(2025, 10, 26, 23, 59, tzinfo=UTC), date(2025, 10, 26)),
        (datetime(2025, 10, 27, 0, 0, tzinfo=UTC), date(2025, 10, 27)),
    ],
)
def test_days_of_23_and_25_hours_hold_what_was_sold_in_them(moment, day):
    make_sale(moment)
    build_snapshots(CHANGES)

    assert list(FactDay.objects.filter(orders=1).values_list("day", flat=True)) == [day]


def test_older_days_get_zeros_in_a_currency_that_is_new(settings):
    make_sale(MONDAY)
    build_snapshots(CHANGES)

    settings.STORE_CURRENCY = "EUR"
    order = make_sale(MONDAY + timedelta(days=2), variant=make_variant(currency="EUR"), method=_eur_delivery())
    build_snapshots(CHANGES)

    assert order.currency == "EUR"
    assert FactDay.objects.filter(currency="EUR").count() == DayState.objects.count() == 5


def _eur_delivery() -> ShippingMethod:
    return make_shipping_method("Post", currency="EUR")


def test_facts_that_were_changed_by_hand_are_put_right_by_a_build_of_their_day():
    make_sale(MONDAY)
    build_snapshots(CHANGES)
    right = net(MONDAY)
    wrong = {"gross_minor": 1, "net_minor": 1, "total_minor": 1, "tax_minor": 0, "shipping_minor": 0}
    FactDay.objects.filter(day=MONDAY).update(**wrong)

    assert build_snapshots(one_day(MONDAY)).days == 1
    assert net(MONDAY) == right
    assert FactDayHistory.objects.get().cause == "build: day 2026-06-01"


def test_a_full_build_forgets_what_no_fact_stands_for():
    make_sale(MONDAY)
    build_snapshots(CHANGES)
    ghost = MONDAY - timedelta(days=40)
    FactDay.objects.create(day=ghost, currency="GBP")
    CustomerFirst.objects.update(day=ghost)

    build_snapshots(FULL)

    assert not FactDay.objects.filter(day=ghost).exists()
    assert CustomerFirst.objects.get().day == MONDAY


def test_the_last_days_are_counted_from_today():
    make_sale(MONDAY)

    build_snapshots(last_days(2))

    assert list(DayState.objects.order_by("day").values_list("day", flat=True)) == [date(2026, 6, 4), date(2026, 6, 5)]
    assert DirtyDay.objects.filter(day=MONDAY).exists()


def test_a_build_that_fails_loses_nothing_and_frees_the_lease(monkeypatch):
    make_sale(MONDAY)
    waiting = DirtyDay.objects.count()
    monkeypatch.setattr(building, "succeed", _fail)

    with pytest.raises(RuntimeError, match="power cut"):
        build_snapshots(CHANGES)

    assert Build.objects.get().state == Build.State.FAILED
    if connection.vendor == "postgresql":
        assert (DirtyDay.objects.count(), DayState.objects.count()) == (waiting, 0)
    monkeypatch.undo()
    build_snapshots(CHANGES)
    assert (DirtyDay.objects.count(), net(MONDAY)) == (0, 833)


def _fail(*_args: object, **_named: object) -> None:
    raise RuntimeError("power cut")


def test_two_builds_do_not_run_at_once():
    make_sale(MONDAY)
    claim("changes")

    with pytest.raises(BuildRunning, match="since 11:00"):
        build_snapshots(CHANGES)
    build_changed_days()

    assert Build.objects.count() == 1


def test_a_build_whose_lease_ran_out_is_taken_for_dead():
    make_sale(MONDAY)
    dead = claim("changes")
    Build.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert build_snapshots(CHANGES).build is not None
    dead.refresh_from_db()
    assert dead.state == Build.State.FAILED


def test_long_work_on_sqlite_is_cut_into_short_transactions():
    make_sale(MONDAY - timedelta(days=80))
    told = []

    build_snapshots(CHANGES, progress=lambda done, total: told.append((done, total)))

    if connection.vendor == "sqlite":
        assert told[0] == (20, 85)
        assert told[-1] == (85, 85)
    assert DayState.objects.count() == 85


def test_products_know_how_many_units_were_sold_in_the_last_thirty_days():
    recent, old = make_variant(stock=9), make_variant(stock=9)
    make_sale(NOW.date(), variant=recent, quantity=3)
    make_sale(NOW.date() - timedelta(days=29), variant=recent, quantity=2)
    make_sale(NOW.date() - timedelta(days=30), variant=old, quantity=4)
    build_snapshots(CHANGES)

    recent.product.refresh_from_db()
    old.product.refresh_from_db()
    assert (recent.product.units_30d, old.product.units_30d) == (5, 0)

    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        build_snapshots(CHANGES)
    recent.product.refresh_from_db()
    assert recent.product.units_30d == 3
