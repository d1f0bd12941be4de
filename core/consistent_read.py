"""Several reads of one state of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from psycopg import IsolationLevel


@contextmanager
def consistent_read() -> Iterator[None]:
    """Show all reads of a block one state of the database, without a lock that a writer would wait for."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with _beginning_read_only(), transaction.atomic():
            yield
    else:
        with connection.cursor() as cursor:  # not atomic(), which takes SQLite's write lock
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")


@contextmanager
def _beginning_read_only() -> Iterator[None]:
    """Let the transactions of PostgreSQL begin as REPEATABLE READ READ ONLY: said with BEGIN, it is no query more."""
    connection.close_if_health_check_failed()  # or the check, made later, would put another session in its place
    connection.ensure_connection()
    session = connection.connection
    before = session.isolation_level, session.read_only
    session.isolation_level, session.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        yield
    finally:
        if not session.closed:
            session.isolation_level, session.read_only = before
