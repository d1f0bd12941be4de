"""Running the tasks that were enqueued. A task only wakes a drain of a domain table, so losing one loses nothing."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.tasks import TaskContext, TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from structlog.contextvars import bind_contextvars, clear_contextvars

from core.db import drop_broken_connection, is_temporary

RETRY_AFTER = timedelta(seconds=5)
MAX_CLAIMS = 20
LOST_AFTER = timedelta(days=1)
KEEP_SUCCESSFUL = timedelta(days=1)
KEEP_FAILED = timedelta(days=30)
PURGE_BATCH = 2_000
log = structlog.get_logger("purelaka.tasks")


def claim_task(worker_id: str) -> DBTaskResult | None:
    """Take the next task that is ready, or None. Any number of workers may ask at once."""
    ready = DBTaskResult.objects.ready()
    if not ready.exists():  # without this look every idle poll would take SQLite's write lock
        return None
    with transaction.atomic():
        taken = ready.get_locked()
        if taken is not None:
            taken.claim(worker_id)
    return taken


def run_task(taken: DBTaskResult) -> Exception | None:
    """Run a claimed task and record its outcome; return the error it raised, if any.

    A database that is locked or away puts the task back, to be taken again in a few seconds.
    """
    clear_contextvars()
    bind_contextvars(request_id=taken.id.hex, task=taken.task_path)
    try:
        value = _call(taken)
    except Exception as error:
        if is_temporary(error) and len(taken.worker_ids) < MAX_CLAIMS:
            log.warning("task_put_back", error=str(error))
            drop_broken_connection()
            put_back(taken)
        else:
            log.exception("task_failed")
            taken.set_failed(error)
        return error
    else:
        taken.set_successful(value)
        return None
    finally:
        clear_contextvars()


def put_back(taken: DBTaskResult) -> None:
    """Make a claimed task ready again, a little later."""
    DBTaskResult.objects.filter(pk=taken.pk).update(
        status=TaskResultStatus.READY, run_after=timezone.now() + RETRY_AFTER
    )


def purge_results() -> int:
    """Delete results that nobody will look at, and tasks whose worker was killed; return how many."""
    now = timezone.now()
    old = [
        DBTaskResult.objects.successful().filter(finished_at__lt=now - KEEP_SUCCESSFUL),
        DBTaskResult.objects.failed().filter(finished_at__lt=now - KEEP_FAILED),
        DBTaskResult.objects.running().filter(started_at__lt=now - LOST_AFTER),
    ]
    return sum(_delete_in_batches(rows) for rows in old)


def _delete_in_batches(rows: "QuerySet[DBTaskResult]") -> int:
    deleted = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:PURGE_BATCH]):
        deleted += DBTaskResult.objects.filter(pk__in=keys).delete()[0]
    return deleted


def _call(taken: DBTaskResult) -> object:
    task = taken.task
    arguments, keywords = taken.args_kwargs["args"], taken.args_kwargs["kwargs"]
    if task.takes_context:
        arguments = [TaskContext(task_result=taken.task_result), *arguments]
    return task.call(*arguments, **keywords)
