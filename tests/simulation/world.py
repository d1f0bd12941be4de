"""The world of one seed: its clock, its dice, its shop, and what has happened in it so far."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import time_machine
from django.test import override_settings
from django.utils import timezone

from payments.client import stripe_client
from stripe_simulator import faults, ids

FIRST_DAY = datetime(2026, 3, 26, 6, tzinfo=UTC)  # the clocks of London go forward three days later
CURRENCIES = ("GBP", "GBP", "GBP", "JPY", "KWD")
JUDGED = 10  # one seed of so many has every exchange held against Stripe's OpenAPI file
NESTED = 2  # how many acts may lie within each other, each in the middle of a call of the one around it


class Killed(BaseException):
    """The process ended here, as by SIGKILL: nothing after this line was done."""


class Clock:
    """The one clock of shop and Stripe; it stands still until somebody moves it."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    def forward(self, **duration: float) -> None:
        """Let time pass."""
        self._traveller.shift(timedelta(**duration))


@dataclass
class Done:
    """One line of the trace; `depth` says within how many other acts it happened."""

    step: int
    depth: int
    at: datetime
    name: str
    outcome: str = "…"

    def __str__(self) -> str:
        return f"{self.step:>4} {self.at:%d %H:%M:%S} {'    ' * self.depth}{self.name}: {self.outcome}"


@dataclass
class World:
    """Everything that acts work with. Ids of rows are kept in the order in which they came to be."""

    seed: int
    clock: Clock
    rng: Random
    currency: str
    variants: list[int] = field(default_factory=list)
    tracked: list[int] = field(default_factory=list)
    methods: list[Any] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    staff: list[Any] = field(default_factory=list)
    admin: Any = None
    carts: list[int] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    trace: list[Done] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    outside_refunds: set[str] = field(default_factory=set)
    ordered: set[tuple[str, str]] = field(default_factory=set)
    is_down: bool = False
    is_calm: bool = False
    is_judged: bool = False
    step: int = 0
    depth: int = 0
    number: int = 0

    def chance(self, of: float) -> bool:
        """Throw a die that falls right this often."""
        return self.rng.random() < of

    def pick[T](self, things: Sequence[T]) -> T | None:
        """One of some things, the newer ones more often; None if there are none."""
        if not things:
            return None
        return things[-1 - min(int(self.rng.expovariate(0.25)), len(things) - 1)]

    def fresh(self, prefix: str) -> str:
        """A key that nobody has used."""
        self.number += 1
        return f"{prefix}-{self.seed}-{self.number}"

    def roll(self, step: int) -> None:
        """Begin a step with dice of its own, so that leaving another one out changes nothing here."""
        self.step, self.rng = step, Random(f"{self.seed}:{step}")


_current: list[World] = []


def current() -> World | None:
    """The world that is being lived in, if any."""
    return _current[-1] if _current else None


@contextmanager
def living(seed: int, *, start: datetime | None = None, currency: str = "") -> Iterator[World]:
    """A new, empty world: time, ids, webhook and network are the simulation's until the block ends.

    Its first moment and its currency are chosen by the seed, unless they are given.
    """
    rng = Random(f"world:{seed}")
    start = start or FIRST_DAY + timedelta(minutes=rng.randrange(3 * 24 * 60))
    letters = Random(f"ids:{seed}")
    with ExitStack() as stack:
        traveller = stack.enter_context(time_machine.travel(start, tick=False))
        world = World(seed, Clock(traveller), rng, currency or rng.choice(CURRENCIES), is_judged=seed % JUDGED == 0)
        stack.enter_context(
            override_settings(
                STORE_CURRENCY=world.currency,
                STRIPE_SIMULATOR="tests.simulation.network.handle",
                STRIPE_SIMULATOR_DELIVER="tests.simulation.network.deliver",
                STRIPE_SIMULATOR_DELIVER_IN_THREAD=False,
                TASKS={"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}},
            )
        )
        stack.enter_context(_replaced(ids, "random_text", lambda length: _letters(letters, length)))
        stack.enter_context(_replaced(faults, "take", _counting(world, faults.take)))
        stack.enter_context(_replaced(faults, "order", _noting(world, faults.order)))
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.CRITICAL)  # what is refused, lost and killed on purpose is no news
        stripe_client.cache_clear()
        stack.callback(stripe_client.cache_clear)
        _current.append(world)
        stack.callback(_current.pop)
        yield world


def _noting(world: World, order: Any) -> Any:
    """Note where faults are ordered at all."""

    def noted(area: str, subject: str, mode: str, **rest: Any) -> None:
        world.ordered.add((area, subject))
        order(area, subject, mode, **rest)

    return noted


def _letters(rng: Random, length: int) -> str:
    return "".join(rng.choices(ids._ALPHABET, k=length))


def _counting(world: World, take: Any) -> Any:
    """Count each fault that strikes, by where and how."""

    def counted(area: str, subject: str) -> faults.Order | None:
        if not world.ordered & {(area, subject), (area, "*")}:
            return None  # most happenings are to go well: no need to ask the table
        struck = take(area, subject)
        if struck is not None:
            world.hits[f"{area} {struck.mode}"] += 1
        return struck

    return counted


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def record(world: World, name: str) -> Done:
    """Open a line of the trace; its outcome is filled in when it is known."""
    done = Done(world.step, world.depth, timezone.now(), name)
    world.trace.append(done)
    return done
