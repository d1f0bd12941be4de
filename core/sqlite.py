"""What Django asks of SQLite in a way that a shop cannot afford."""

from django.db import OperationalError
from django.db.backends.sqlite3.base import DatabaseFeatures  # type: ignore[attr-defined]  # features imports base back
from django.utils.functional import cached_property


def ask_for_json_without_a_lock() -> None:
    """Let a page that reads JSON be shown while somebody writes.

    Django asks each new connection whether SQLite knows JSON, inside a transaction; ours begin IMMEDIATE, so the first
    such page of every thread would wait for the write lock.
    """
    knows_json = cached_property(_knows_json)
    knows_json.__set_name__(DatabaseFeatures, "supports_json_field")
    DatabaseFeatures.supports_json_field = knows_json  # type: ignore[assignment]


def _knows_json(features: DatabaseFeatures) -> bool:
    try:
        with features.connection.cursor() as cursor:
            cursor.execute("""SELECT JSON('{"a": "b"}')""")
    except OperationalError:
        return False
    return True
