"""All figures of an answer are read from one state of the database, and nobody who writes has to wait for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection

from analytics.figures.reading import consistent_read
from analytics.models import FactDay

pytestmark = pytest.mark.django_db(transaction=True)


def write() -> None:
    try:
        FactDay.objects.create(day=date(2026, 6, 1), currency="GBP")
    finally:
        connection.close()


def test_what_is_written_meanwhile_is_seen_only_afterwards():
    with consistent_read():
        before = FactDay.objects.count()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(write).result(timeout=20)
        meanwhile = FactDay.objects.count()

    assert (before, meanwhile, FactDay.objects.count()) == (0, 0, 1)


def test_a_read_that_fails_leaves_no_transaction_open():
    with pytest.raises(ZeroDivisionError):
        read_and_fail()

    FactDay.objects.create(day=date(2026, 6, 1), currency="GBP")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(count).result(timeout=20) == 1


def read_and_fail() -> None:
    with consistent_read():
        raise ZeroDivisionError(FactDay.objects.count())


def count() -> int:
    try:
        return FactDay.objects.count()
    finally:
        connection.close()
