"""Reading for checks: SQL by hand, row by row, and how things are called."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat, takewhile
from typing import Any

from django.db import connection

from orders.models.order import FIRST_NUMBER

BATCH = 2_000


def rows(sql: str, params: Sequence[str | int] | Mapping[str, str | int] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query without holding them all: on PostgreSQL by a cursor on the server."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        batches = (cursor.fetchmany(BATCH) for _ in repeat(None))
        for batch in takewhile(bool, batches):
            yield from batch


def order_number(order_id: int) -> str:
    """The number people quote of an order, from its key alone."""
    return f"PL-{FIRST_NUMBER + order_id}"
