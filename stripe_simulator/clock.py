"""The simulator's one clock: every stamp and every deadline is read here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _wall_clock() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _wall_clock


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return _source()


def stamp() -> int:
    """The current moment as Stripe writes it: whole seconds since 1970."""
    return int(now().timestamp())


def from_stamp(seconds: int) -> datetime:
    """The aware UTC moment of a Stripe time stamp."""
    return datetime.fromtimestamp(seconds, UTC)


@contextmanager
def running_on(source: Callable[[], datetime]) -> Iterator[None]:
    """Read the time from `source` (aware datetimes) inside the block, in this process."""
    global _source  # noqa: PLW0603 - one clock for the process is the point
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
