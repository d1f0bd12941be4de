"""What a dry run remembers from one batch to the next, in a temporary file: it writes nothing else anywhere."""

import pickle
import sqlite3
from collections.abc import Iterable
from typing import Any


class Spool:
    """Lines that a dry run has accepted, by type and reference, each with its digest and what it stands for.

    SQLite keeps it in memory while it is small and in a file that nobody else can open when it grows.
    """

    def __init__(self) -> None:
        self._connection = sqlite3.connect("")
        self._connection.execute(
            "CREATE TABLE line (type TEXT, ref TEXT, digest TEXT, thing BLOB, PRIMARY KEY (type, ref)) WITHOUT ROWID"
        )

    def put(self, rows: Iterable[tuple[str, str, str, Any]]) -> None:
        """Keep (type, ref, digest, thing), the newest of each."""
        packed = ((kind, ref, digest, pickle.dumps(thing)) for kind, ref, digest, thing in rows)
        self._connection.executemany("INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?)", packed)

    def get(self, kind: str, refs: Iterable[str]) -> dict[str, tuple[str, Any]]:
        """Return digest and thing of the lines that are kept."""
        found = {}
        for ref in refs:
            query = "SELECT digest, thing FROM line WHERE type = ? AND ref = ?"
            row = self._connection.execute(query, (kind, ref)).fetchone()
            if row is not None:
                found[ref] = (row[0], pickle.loads(row[1]))  # noqa: S301  written by `put` of this process
        return found

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()
