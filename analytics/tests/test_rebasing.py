"""After the shop has moved to another time zone, every stored business day is worked out anew, once and for all."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from accounts.models import Customer
from analytics.models import FactDay, FactDayHistory, MonthClose
from analytics.snapshots import rebasing
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale
from analytics.tests.recounting import assert_facts_are_recounted
from audit.models import AuditRecord
from core.models import BooksZone
from core.zones import AnotherZone, refuse_another_zone
from orders.models import SalesEntry
from payments.balance import keep_movements
from payments.models import BalanceTransaction, Dispute
from payments.tests.factories import make_dispute, make_movement
from products.models import Product
from wishlist.models import WishEvent

pytestmark = pytest.mark.django_db

LATE = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)  # half past eleven in London, half past midnight in Paris
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 6, 5, 10, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 6, 1), date(2026, 6, 2)


@pytest.fixture(autouse=True)
def friday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def trade(settings):
    """A shop in London that has moved to Paris: three sales, a wish, a movement of the balance and a dispute."""
    make_sale(NOON)
    make_sale(LATE)
    with time_machine.travel(LATE, tick=False):
        WishEvent.objects.create(
            customer=Customer.objects.earliest("pk"),
            product=Product.objects.earliest("pk"),
            kind=WishEvent.Kind.WISH,
            at=LATE,
            day=MONDAY,
        )
        keep_movements([make_movement()])
        make_dispute()
    build_snapshots(CHANGES)
    move(settings, "Europe/Paris")


def move(settings, zone: str) -> None:
    settings.STORE_ZONE, settings.STORE_TIME_ZONE = ZoneInfo(zone), zone


def days() -> list[set[date]]:
    late = SalesEntry.objects.filter(at=LATE).values_list("day", flat=True)
    others = (WishEvent, "day"), (BalanceTransaction, "day"), (Dispute, "opened_day")
    return [set(late), *(set(model.objects.values_list(name, flat=True)) for model, name in others)]


def test_every_day_is_worked_out_anew_and_built(trade, capsys):
    entries = SalesEntry.objects.filter(at=LATE).count()
    assert days() == [{MONDAY}] * 4

    call_command("rebase_business_days")

    assert days() == [{TUESDAY}] * 4
    assert set(SalesEntry.objects.filter(at=NOON).values_list("day", flat=True)) == {MONDAY}
    assert_facts_are_recounted()
    assert dict(FactDay.objects.filter(orders__gt=0).values_list("day", "orders")) == {MONDAY: 1, TUESDAY: 2}
    causes = set(FactDayHistory.objects.values_list("cause", flat=True))
    assert causes == {"build: rebase to Europe/Paris"}
    said = capsys.readouterr().out
    assert f"{entries:>12,} sales entries got another day" in said
    assert [row.changes["stage"] for row in AuditRecord.objects.filter(action=rebasing.ACTION).order_by("pk")] == [
        "begun",
        "done",
    ]
    build_snapshots(CHANGES)
    refuse_another_zone()


def test_the_guards_are_back_afterwards(trade):
    call_command("rebase_business_days")

    for model in (SalesEntry, WishEvent, BalanceTransaction):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(day=MONDAY)


def test_a_second_time_changes_nothing(trade, capsys):
    call_command("rebase_business_days")
    history = FactDayHistory.objects.count()
    capsys.readouterr()

    call_command("rebase_business_days")

    assert "0 sales entries got another day" in capsys.readouterr().out
    assert FactDayHistory.objects.count() == history


def test_a_dry_run_says_what_would_change_and_writes_nothing(trade, capsys):
    call_command("rebase_business_days", "--dry-run")

    said = capsys.readouterr().out
    assert said.startswith("Business days of Europe/London, worked out for Europe/Paris:")
    assert "           1 disputes would get another day" in said
    assert days() == [{MONDAY}] * 4
    assert BooksZone.objects.get().name == "Europe/London"


def test_nothing_runs_in_another_zone_than_that_of_the_books(trade):
    with pytest.raises(ImproperlyConfigured, match="rebase_business_days"):
        refuse_another_zone()
    with pytest.raises(AnotherZone, match="worked out for Europe/London"):
        build_snapshots(CHANGES)


def test_one_that_was_interrupted_is_begun_anew_and_holds_the_shop_until_then(trade, settings, monkeypatch):
    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(rebasing, "build_snapshots", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        rebasing.rebase_business_days(keep_closed_months=False)
    monkeypatch.undo()

    with pytest.raises(ImproperlyConfigured, match="come to its end"):
        refuse_another_zone()
    move(settings, "Europe/London")
    with pytest.raises(ImproperlyConfigured, match="come to its end"):
        refuse_another_zone()

    call_command("rebase_business_days")
    assert days() == [{MONDAY}] * 4
    refuse_another_zone()


def test_closed_months_keep_their_figures_and_only_if_told_to(trade):
    close = MonthClose.objects.create(
        month=date(2026, 6, 1), currency="GBP", closed_at=NOW, closed_by_id=1, figures={"orders": 2}
    )

    with pytest.raises(CommandError, match="keep-closed-months"):
        call_command("rebase_business_days")
    assert days() == [{MONDAY}] * 4

    call_command("rebase_business_days", "--keep-closed-months")
    assert days() == [{TUESDAY}] * 4
    assert MonthClose.objects.get(pk=close.pk).figures == {"orders": 2}


def test_an_error_in_the_middle_of_a_batch_leaves_guards_and_days_as_they_were(trade, monkeypatch):
    monkeypatch.setattr(rebasing, "_run", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rebasing.rebase_business_days(keep_closed_months=False)

    assert days() == [{MONDAY}] * 4
    with pytest.raises(DatabaseError), transaction.atomic():
        SalesEntry.objects.update(day=TUESDAY)
