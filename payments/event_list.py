"""Stripe's own list of what happened: the last thirty days of it, a page at a time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from payments.client import SUCCEEDED, ask, time_of
from payments.events import SUBSCRIBED

LISTED_FOR = timedelta(days=30)  # https://docs.stripe.com/api/events: older ones are not to be had
TYPES_AT_ONCE = 20
A_PAGE = 100


@dataclass(frozen=True)
class Listed:
    """An event as Stripe lists it; `content` is what its delivery would have brought."""

    id: str
    type: str
    at: datetime
    content: dict[str, Any]

    @property
    def object_id(self) -> str:
        """The id of the object it is about."""
        return str(self.content["data"]["object"].get("id", ""))


def list_events(
    *, since: datetime, until: datetime | None = None, types: Sequence[str] = SUBSCRIBED
) -> Iterator[list[Listed]]:
    """Yield Stripe's events of these types from `since` up to, but not at, `until` (or to now), a page at a time.

    Newest first within every twenty types, which is as many as Stripe takes at once. A whole second is the finest
    that Stripe knows. Raises GatewayError.
    """
    created = {"gte": int(since.timestamp())} | ({"lt": int(until.timestamp())} if until else {})
    for group in batched(types, TYPES_AT_ONCE):
        asked: dict[str, Any] = {"types": list(group), "created": created, "limit": A_PAGE}
        while True:
            page = ask(lambda client, asked=asked: client.v1.events.list(asked))  # type: ignore[misc]
            events = [_listed(event) for event in page.data]
            yield events
            if not page.has_more or not events:
                break
            asked = asked | {"starting_after": events[-1].id}


def find_event(event_id: str) -> Listed:
    """Read one event. Raises GatewayRefused if Stripe does not list it, or not any more."""
    return _listed(ask(lambda client: client.v1.events.retrieve(event_id)))


def succeeded_at(intent_id: str, *, since: datetime) -> datetime | None:
    """Return when Stripe says a delayed payment succeeded, from its list of events; None if it lists none."""
    for page in list_events(since=since, types=(SUCCEEDED,)):
        for event in page:
            if event.object_id == intent_id:
                return event.at
    return None


def _listed(event: Any) -> Listed:
    content = json.loads(str(event))  # as text the library writes every value as JSON has it
    return Listed(event.id, event.type, time_of(event.created), content)
