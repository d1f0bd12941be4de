"""All reads of a block see one state of the database, and nobody who writes has to wait for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import InternalError, connection

from core.consistent_read import consistent_read
from core.models import DirtyDay

pytestmark = pytest.mark.django_db(transaction=True)


def write() -> None:
    DirtyDay.objects.create(source_type="x", source_id=1, day=date(2026, 6, 1))


def elsewhere(act):
    """What an act returns on a connection of its own."""

    def run():
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(timeout=20)


def test_what_is_written_meanwhile_is_seen_only_afterwards():
    with consistent_read():
        before = DirtyDay.objects.count()
        elsewhere(write)
        meanwhile = DirtyDay.objects.count()

    assert (before, meanwhile, DirtyDay.objects.count()) == (0, 0, 1)


def test_a_read_that_fails_leaves_no_transaction_open():
    with pytest.raises(ZeroDivisionError):
        read_and_fail()

    write()
    assert elsewhere(DirtyDay.objects.count) == 1


def read_and_fail() -> None:
    with consistent_read():
        raise ZeroDivisionError(DirtyDay.objects.count())


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no isolation levels to choose from")
def test_postgres_begins_it_as_read_only_and_goes_on_as_before():
    def level():
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            return cursor.fetchone()[0]

    with consistent_read():
        assert level() == "repeatable read"
    with pytest.raises(InternalError, match="read-only transaction"), consistent_read():
        write()
    assert level() == "read committed"
    write()
    assert DirtyDay.objects.count() == 1
