"""`among` finds what `in` finds, with one parameter."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import DirtyDay

pytestmark = pytest.mark.django_db


def make_days():
    day = date(2026, 6, 1)
    names = ("a", "b", "it's", "ä \\ %s")
    return [DirtyDay.objects.create(source_type=name, source_id=key, day=day) for key, name in enumerate(names)]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("source_id", [1, 3, 99]),
        ("source_id", {2}),
        ("source_type", ["it's", "ä \\ %s", "none"]),
        ("pk", []),
        ("source_type", {"a": 1, "b": 2}),
    ],
)
def test_it_finds_what_in_finds(column, values):
    make_days()
    found = DirtyDay.objects.filter(**{f"{column}__among": values}).order_by("pk")
    assert list(found) == list(DirtyDay.objects.filter(**{f"{column}__in": values}).order_by("pk"))


def test_thousands_of_values_are_one_parameter():
    wanted = [day.pk for day in make_days()] + list(range(10_000, 60_000))
    with CaptureQueriesContext(connection) as asked:
        assert DirtyDay.objects.filter(pk__among=wanted).count() == 4
    statement = asked.captured_queries[0]["sql"]
    assert ("ANY(" in statement) or ("json_each(" in statement)


def test_it_can_be_turned_round():
    kept, *others = make_days()
    assert list(DirtyDay.objects.exclude(pk__among=[day.pk for day in others])) == [kept]


def test_values_come_in_the_form_of_the_column():
    kept = make_days()[0]
    assert list(DirtyDay.objects.filter(pk__among=[str(kept.pk)])) == [kept]
