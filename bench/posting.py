"""Posts bodies that were made beforehand, on a fixed number of connections, and times every answer."""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE = 30  # seconds that an answer may take


@dataclass(frozen=True)
class Sent:
    """A body and the headers that go with it."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Answers:
    """Answers a second, and how long they took, in milliseconds."""

    a_second: float
    median: float
    p99: float
    longest: float


def post_all(url: str, letters: Sequence[Sent], *, connections: int, a_second: float = 0.0) -> Answers:
    """Post each letter once, as fast as the answers come or, with `a_second`, at that pace.

    At a pace, an answer's time counts from the moment its letter was to go, so waiting in line is not hidden. Raises
    RuntimeError for an answer that is not 200.
    """
    queue, lock, took = iter(enumerate(letters)), threading.Lock(), list[float]()
    began = time.perf_counter()
    clerks = [_Clerk(url, queue, lock, began, a_second, took) for _ in range(connections)]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    seconds = time.perf_counter() - began
    if len(took) != len(letters):
        raise RuntimeError(f"{url}: {len(letters) - len(took)} of {len(letters)} were not answered with 200")
    hundredths = statistics.quantiles(took, n=100)
    return Answers(len(took) / seconds, statistics.median(took), hundredths[98], max(took))


class _Clerk(threading.Thread):
    """One connection that takes letters from a common pile."""

    def __init__(
        self,
        url: str,
        pile: "Iterator[tuple[int, Sent]]",
        lock: threading.Lock,
        began: float,
        a_second: float,
        took: list[float],
    ) -> None:
        super().__init__()
        self.parts = urlsplit(url)
        self.pile, self.lock, self.began, self.a_second, self.took = pile, lock, began, a_second, took

    def run(self) -> None:
        """Post until the pile is empty."""
        connection = http.client.HTTPConnection(self.parts.hostname or "", self.parts.port, timeout=PATIENCE)
        while (taken := self._take()) is not None:
            number, letter = taken
            start = self._wait(number)
            connection.request("POST", self.parts.path, body=letter.body, headers=letter.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(f"{self.parts.path}: {answer.status}")
            self.took.append((time.perf_counter() - start) * 1_000)
        connection.close()

    def _take(self) -> "tuple[int, Sent] | None":
        with self.lock:
            return next(self.pile, None)

    def _wait(self, number: int) -> float:
        if not self.a_second:
            return time.perf_counter()
        start = self.began + number / self.a_second
        time.sleep(max(0.0, start - time.perf_counter()))
        return start
