"""What mail does by the clock."""

from datetime import timedelta

from core.jobs import job
from mail.delivery import deliver_due_mail


@job("mail.deliver", every=timedelta(minutes=1))
def deliver_what_waits() -> None:
    """Send what is due for another attempt, and what a worker that died had taken."""
    deliver_due_mail()
