"""An installation that upgrades: the tables of facts that are new are filled by the next scheduled build."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.db import connection

from analytics.jobs import build_changed_days
from analytics.models import CohortCell, DayState, FactDayHistory, FactSegmentDay
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.factories import make_sale
from analytics.tests.recounting import assert_facts_are_recounted
from core.models import DirtyDay

pytestmark = pytest.mark.django_db

upgrade = import_module("analytics.migrations.0005_build_every_day_again")


def test_every_day_that_was_built_is_built_again_and_none_is_restated() -> None:
    with time_machine.travel(datetime(2026, 6, 5, 10, tzinfo=UTC), tick=False):
        make_sale(date(2026, 6, 1))
        make_sale(date(2026, 6, 3))
        build_snapshots(CHANGES)
        for model in (FactSegmentDay, CohortCell):  # as they are when they have just been made
            model.objects.all().delete()

        with connection.cursor() as cursor:
            for statement in (upgrade.EMPTY, upgrade.MARK):
                cursor.execute(statement)
        marked = DirtyDay.objects.order_by("day").values_list("source_type", "source_id", "day")
        assert list(marked) == [("upgrade", 0, date(2026, 6, 1) + timedelta(days=ahead)) for ahead in range(5)]
        build_changed_days()

        assert_facts_are_recounted()
        assert FactSegmentDay.objects.filter(segment="country").count() == 2
        assert FactDayHistory.objects.count() == 0
        assert set(DayState.objects.values_list("revision", flat=True)) == {1}


def test_an_upgrade_can_be_taken_back() -> None:
    with connection.cursor() as cursor:
        DayState.objects.all().delete()
        DirtyDay.objects.create(source_type="upgrade", source_id=0, day=date(2026, 6, 1))
        DirtyDay.objects.create(source_type="sales_entry", source_id=1, day=date(2026, 6, 1))
        cursor.execute(upgrade.FORGET)

    assert list(DirtyDay.objects.values_list("source_type", flat=True)) == ["sales_entry"]
