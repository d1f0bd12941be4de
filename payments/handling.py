"""Which function works off which type of event: rooms of knowledge declare theirs here, the inbox only calls them.

    @handles("charge.dispute.*")
    def follow_dispute(event: WebhookEvent) -> bool: ...

The module of such a function is imported in `PaymentsConfig.ready`: web processes must know what is worked off too.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from payments.models import WebhookEvent

type Handler = Callable[[WebhookEvent], bool]
HANDLERS: dict[str, list[Handler]] = {}


@dataclass
class Round:
    """Events that were in hand together before the first of them was worked off, and what was fetched since."""

    events: Sequence[WebhookEvent] = ()
    fetched: set[Hashable] = field(default_factory=set)
    found: dict[int, Any] = field(default_factory=dict)


_round: ContextVar[Round | None] = ContextVar("round", default=None)


def handles(*patterns: str) -> Callable[[Handler], Handler]:
    """Declare a function as one that works off events of these types: whole names, or stems that end in `.*`.

    It gets the event, outside any transaction, and brings the shop to what Stripe says; the event is only a pointer
    (`event.subject`), so it fetches the object. It returns False if the event is about nothing of this shop's, must be
    safe to repeat, and may raise: the event is then taken up again later. A type with several functions is worked off
    by all of them, in the order of their declaration. An event older than 90 days has lost its content: its subject is
    then a kind and an id.
    """

    def declare(function: Handler) -> Handler:
        for pattern in patterns:
            declared = HANDLERS.setdefault(pattern, [])
            if function not in declared:
                declared.append(function)
        return function

    return declare


def handlers_of(event_type: str) -> list[Handler]:
    """Return the functions that work off events of a type, each once."""
    matching = [function for pattern, found in HANDLERS.items() if _matches(pattern, event_type) for function in found]
    return list(dict.fromkeys(matching))


def work_off(event: WebhookEvent) -> bool:
    """Bring the shop to what the event's object is now; return whether anything of this shop's was concerned.

    Every function has its turn even if one before it raises; the first error is raised at the end.
    """
    errors: list[Exception] = []
    concerned = False
    for function in handlers_of(event.type):
        try:
            concerned = function(event) or concerned
        except Exception as error:  # noqa: BLE001  not swallowed: the inbox records what is raised below
            errors.append(error)
    if errors:
        raise errors[0]
    return concerned


@contextmanager
def one_round(events: Sequence[WebhookEvent]) -> Iterator[None]:
    """Open a round in which `once` fetches each thing once. Every event of the round is in hand before it begins."""
    token = _round.set(Round(events))
    try:
        yield
    finally:
        _round.reset(token)


def this_round(event: WebhookEvent) -> Round:
    """Return the round an event is worked off in; one of its own if there is none."""
    return _round.get() or Round([event])


def once(subject: Hashable, fetch: Callable[[], object]) -> None:
    """Bring a subject up to date, unless an earlier event of this round has done so.

    One purchase makes half a dozen events. What is fetched after the last of them came shows what all of them tell.
    """
    current = _round.get() or Round()
    if subject not in current.fetched:
        fetch()
        current.fetched.add(subject)


def _matches(pattern: str, event_type: str) -> bool:
    return event_type.startswith(pattern[:-1]) if pattern.endswith(".*") else event_type == pattern
