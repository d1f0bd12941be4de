"""Faults written past every guard: by raw SQL, with the constraint or trigger that forbids them out of the way."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from django.db import connection

from core.db import append_only_lifted

NAMED = re.compile(r":(\w+)")


@dataclass(frozen=True)
class Fault:
    """One row brought wrong, and right again; `entity` names the thing that the issue is about."""

    check: str
    entity: str
    plant: str
    mend: str
    guard: str = ""
    is_repairable: bool = False
    first: tuple[str, ...] = field(default=())  # set-up: what the fault needs beside it

    def __str__(self) -> str:
        return f"{self.check} {self.guard}".strip()


def execute(statement: str, keys: Mapping[str, object]) -> None:
    """Run a statement in which `:name` stands for a key; it must change exactly one row."""
    names = NAMED.findall(statement)
    with connection.cursor() as cursor:
        cursor.execute(NAMED.sub("%s", statement), [keys[name] for name in names])
        assert cursor.rowcount == 1, statement


@contextmanager
def constraints_dropped(table: str, *names: str) -> Iterator[None]:
    """Let a row break check constraints; on SQLite all there are, for they cannot be named there."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come cannot be altered
            for name in names:
                cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
            yield
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            try:
                yield
            finally:
                cursor.execute("PRAGMA ignore_check_constraints = OFF")


@contextmanager
def triggers_lifted() -> Iterator[None]:
    """Let an append-only row be rewritten."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with append_only_lifted():
        yield


@contextmanager
def guard_lifted(guard: str) -> Iterator[None]:
    """What a fault names as its guard: `table.constraint...`, `append-only`, both with a `+` between, or nothing."""
    with ExitStack() as lifted:
        for one in filter(None, guard.split("+")):
            lifted.enter_context(triggers_lifted() if one == "append-only" else constraints_dropped(*one.split(".")))
        yield
