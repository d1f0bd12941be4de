"""Rows that the export writes in a second of processor time, and that the same query is fetched in; prints JSON."""

import json
import time
from datetime import timedelta

import django

django.setup()

from django.db import connection  # noqa: E402  models are loaded only now

from analytics.exports.datasets import DATASETS  # noqa: E402
from analytics.exports.exporting import AT_ONCE, Asked, csv_pieces, parameters, reading, source  # noqa: E402
from analytics.figures.windows import Window  # noqa: E402
from core.days import today  # noqa: E402

TIMES, DAYS = 10, 3_000


def main() -> None:
    """Write all orders several times, and fetch them as often."""
    orders, end = DATASETS["orders"], today()
    window = Window(end - timedelta(days=DAYS), end)
    asked = Asked(orders, window, "GBP", orders.columns_for(with_personal=False))
    names = ", ".join(column.expression for column in asked.columns)
    began = time.process_time()
    written = [sum(piece.rows for piece in csv_pieces(asked)) for _ in range(TIMES)]
    seconds, began = time.process_time() - began, time.process_time()
    for _ in range(TIMES):
        with reading(asked) as cursor:
            cursor.execute(f"SELECT {names} FROM ({source(asked)}) r ORDER BY {orders.order_by}", parameters(asked))
            while cursor.fetchmany(AT_ONCE):
                pass
    bare = time.process_time() - began
    found = {"rows": written[0], "a_second": sum(written) / seconds, "bare": sum(written) / bare}
    print(json.dumps(found | {"vendor": connection.vendor}))


if __name__ == "__main__":
    main()
