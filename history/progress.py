"""How far an import is, told once every few seconds."""

import time
from collections.abc import Callable

from history.importing import Outcome


class Progress:
    """Says rows, rate and time left, once every few seconds."""

    def __init__(
        self, write: Callable[[str], object], share_read: Callable[[], float | None], *, seconds: float = 2
    ) -> None:
        self._write, self._share_read, self._seconds = write, share_read, seconds
        self._began = self._told = time.monotonic()

    def __call__(self, outcome: Outcome) -> None:
        """Tell how far it is, if it is time to."""
        now = time.monotonic()
        if now - self._told < self._seconds:
            return
        self._told = now
        took = now - self._began
        told = f"{outcome.rows:,} lines, {outcome.rows / took:,.0f} a second"
        if share := self._share_read():
            told += f", {share:.0%}, about {took / share - took:,.0f} s left"
        self._write(told)
