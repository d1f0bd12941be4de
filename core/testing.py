"""What tests of every room use: running the tasks that an act enqueued, in the test's own process.

`conftest.py` makes the fixture known with `from core.testing import run_tasks_fixture  # noqa: F401`.
"""

from collections.abc import Callable

import pytest

from core.tasks import claim_task, run_task

LIMIT = 1_000


def run_tasks() -> int:
    """Run every task that is ready, and those that they enqueue; return how many. Raises what a task raises."""
    for count in range(LIMIT):
        taken = claim_task("test")
        if taken is None:
            return count
        if error := run_task(taken):
            raise error
    raise AssertionError(f"{LIMIT} tasks ran and there are still more; does a task enqueue itself?")


@pytest.fixture(name="run_tasks")
def run_tasks_fixture(db: None) -> Callable[[], int]:
    """The function that runs what is ready."""
    return run_tasks
