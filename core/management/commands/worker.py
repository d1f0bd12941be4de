"""Run tasks and jobs until told to stop."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from core.fitness import refuse_unfit_settings
from core.worker import Worker
from core.zones import refuse_another_zone


class Command(BaseCommand):
    """SIGTERM and Ctrl-C end the piece in hand first. Several workers may run, on one machine or many."""

    help = "Run tasks and jobs until SIGTERM or Ctrl-C; several workers may run at once."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unfit_settings()
        refuse_another_zone()
        worker = Worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, worker.stop)
        worker.run()
