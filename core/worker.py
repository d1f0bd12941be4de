"""The loop that runs tasks and jobs in one process. Any number of such processes may run beside each other."""

import signal
import threading
import time
import uuid
from types import FrameType

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone
from structlog.contextvars import bind_contextvars, clear_contextvars

from core.jobs import open_slots, run_slot
from core.tasks import claim_task, run_task

IDLE_SECONDS = 0.5
JOBS_EVERY_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 2.0
log = structlog.get_logger("purelaka.worker")


class Worker:
    """Runs what is ready until it is asked to stop; then it ends the piece in hand and returns."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self._stopping = threading.Event()
        self._troubles = 0
        self._jobs_looked_at = 0.0

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Ask the loop to end after the piece in hand; asked twice by a signal, the process ends at once."""
        if self._stopping.is_set() and number:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._stopping.set()

    def run(self) -> None:
        """Run until stopped. Trouble with the database is logged and waited out, however long it lasts."""
        log.info("worker_started", worker=self.id)
        while not self._stopping.is_set():
            if not self._turn():
                self._stopping.wait(self._pause_seconds())
        connections.close_all()
        log.info("worker_stopped", worker=self.id)

    def _turn(self) -> bool:
        """Do one piece of work; return whether there may be more."""
        try:
            close_old_connections()
            is_busy = self.step()
        except Exception as error:
            self._troubles += 1
            is_away = isinstance(error, OperationalError | InterfaceError)
            log.warning("worker_waits", error=str(error), troubles=self._troubles, exc_info=None if is_away else error)
            connections.close_all()
            return False
        self._troubles = 0
        return is_busy

    def step(self) -> bool:
        """Run one task or the jobs that are due; return whether anything was run."""
        did_jobs = self._run_jobs()
        taken = claim_task(self.id)
        if taken is not None:
            run_task(taken)
        return did_jobs or taken is not None

    def _run_jobs(self) -> bool:
        """Look at the clock, at most once a second, and run what is due."""
        if time.monotonic() - self._jobs_looked_at < JOBS_EVERY_SECONDS:
            return False
        self._jobs_looked_at = time.monotonic()
        did_any = False
        for due, slot in open_slots(timezone.now()):
            if self._stopping.is_set():
                break
            bind_contextvars(request_id=uuid.uuid4().hex)
            did_any |= run_slot(due, slot)
            clear_contextvars()
        return did_any

    def _pause_seconds(self) -> float:
        if not self._troubles:
            return IDLE_SECONDS
        return min(FIRST_PAUSE_SECONDS * 2 ** min(self._troubles - 1, 8), LONGEST_PAUSE_SECONDS)
