"""What the two databases say differently, in the SQL of rows: `<word argument ...>` stands for either."""

import re

from django.db import connection

WORD = re.compile(r"<(?P<name>days later|microseconds|day of|next day|pseudonym) (?P<arguments>[^>]+)>")
WHOLE = "CAST(strftime('%%s', substr({0}, 1, 19)) AS INTEGER)"  # SQLite would round a fraction to a thousandth
FRACTION = "CAST(substr(substr({0}, 21) || '000000', 1, 6) AS INTEGER)"

POSTGRESQL = {
    "days later": "{0} + INTERVAL '{1} days'",  # the session's zone is UTC, where every day has 24 hours
    "microseconds": "CAST(EXTRACT(EPOCH FROM {1} - {0}) * 1000000 AS BIGINT)",
    "next day": "{0} + 1",
    "day of": "CAST({0} AT TIME ZONE %(zone)s AS DATE)",
    "pseudonym": "substr(encode(sha256(convert_to(%(pepper)s || CAST({0} AS TEXT), 'UTF8')), 'hex'), 1, 32)",
}
SQLITE = {
    "days later": "datetime(substr({0}, 1, 19), '+{1} days') || substr({0}, 20)",
    "microseconds": (
        f"(({WHOLE.replace('{0}', '{1}')} - {WHOLE}) * 1000000 + {FRACTION.replace('{0}', '{1}')} - {FRACTION})"
    ),
    "next day": "date({0}, '+1 day')",
    "day of": "django_datetime_cast_date({0}, %(zone)s, 'UTC')",
    "pseudonym": "substr(SHA256(%(pepper)s || CAST({0} AS TEXT)), 1, 32)",
}


def spoken(statement: str) -> str:
    """Return a statement in the dialect of the database in use."""
    words = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    return WORD.sub(lambda found: words[found["name"]].format(*found["arguments"].split(" ")), statement)
