"""Tasks for the tests of the worker: what they did is kept in a list."""

from django.db import OperationalError
from django.tasks import TaskContext, task
from structlog.contextvars import get_contextvars

done: list[object] = []


@task
def note(word: str) -> str:
    """Keep a word."""
    done.append(word)
    return word


@task
def fail() -> None:
    """A bug."""
    raise RuntimeError("broken")


@task
def lock_out() -> None:
    """What a task meets while somebody else writes to SQLite for a long time."""
    done.append("tried")
    raise OperationalError("database is locked")


@task
def miss_table() -> None:
    """What SQLite also calls an OperationalError, though waiting does not help."""
    raise OperationalError("no such table: nothing")


@task(takes_context=True)
def look_around(context: TaskContext) -> None:
    """Keep what the logs would say."""
    done.append((context.task_result.id, get_contextvars()))


@task
def enqueue_another() -> None:
    """A task that leads to the next."""
    note.enqueue("from a task")
