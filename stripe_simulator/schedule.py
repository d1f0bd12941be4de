"""What Stripe does by itself later. Steps are rows; whoever ticks the clock runs those that are due."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from stripe_simulator import clock
from stripe_simulator.errors import ApiError
from stripe_simulator.models import ScheduledStep

logger = logging.getLogger(__name__)

_actions: dict[str, Callable[[str], object]] = {}


def action(name: str) -> Callable[[Callable[[str], object]], Callable[[str], object]]:
    """Register what a step of this name does to its target; it runs in a transaction of its own."""

    def register(function: Callable[[str], object]) -> Callable[[str], object]:
        _actions[name] = function
        return function

    return register


def plan(name: str, target_id: str, at: datetime) -> None:
    """Let the step happen at `at` or soon after."""
    ScheduledStep.objects.create(action=name, target_id=target_id, due_at=at)


def run_due(*, target_id: str | None = None, limit: int = 100) -> int:
    """Run the steps that are due (of one object, or of all); returns how many ran here."""
    due = ScheduledStep.objects.filter(due_at__lte=clock.now()).order_by("due_at", "pk")
    if target_id is not None:
        due = due.filter(target_id=target_id)
    return sum(_run(step) for step in due[:limit])


def _run(step: ScheduledStep) -> bool:
    row = ScheduledStep.objects.filter(pk=step.pk)
    try:
        with transaction.atomic():
            # Whoever deletes the row runs the step: another process then finds nothing to delete.
            claimed, _ = row.delete()
            if claimed:
                _actions[step.action](step.target_id)
            return bool(claimed)
    except ApiError:
        # Its object is gone or will not have it: the step must not hold up those behind it for ever.
        logger.exception("The step %s is given up.", step)
        row.delete()
        return False
