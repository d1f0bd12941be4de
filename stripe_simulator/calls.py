"""What an endpoint is, and what it is given."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from stripe_simulator.params import Fields


@dataclass(frozen=True)
class Call:
    """One checked request: the ids from its path, its parameters, and the address it came to."""

    ids: tuple[str, ...]
    params: dict[str, Any]
    path: str
    origin: str

    @property
    def expand(self) -> list[str]:
        return self.params.get("expand", [])


@dataclass(frozen=True)
class Endpoint:
    """`path` is written with `*` for an id; `operation` is the name by which faults strike it."""

    method: str
    path: str
    operation: str
    run: Callable[[Call], dict[str, Any]]
    fields: Fields

    def match(self, method: str, path: str) -> tuple[str, ...] | None:
        """The ids in `path` if this endpoint answers it."""
        if method != self.method:
            return None
        found = re.fullmatch(re.escape(self.path).replace(r"\*", "([^/]+)"), path)
        return found.groups() if found else None


@dataclass(frozen=True)
class Origin:
    """The request that causes an event, as the event names it."""

    request_id: str | None = None
    idempotency_key: str | None = None


_NOT_BY_REQUEST = Origin()
current_request: ContextVar[Origin] = ContextVar("current_request", default=_NOT_BY_REQUEST)
