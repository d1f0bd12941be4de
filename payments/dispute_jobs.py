"""What is done about disputes by the clock: missed ones are found, open ones followed, deadlines called out."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import structlog
from django.db.models import F
from django.utils import timezone

from core.db import is_temporary
from core.jobs import job
from payments import dispute_client
from payments.disputes import DUE_SOON, sync_dispute, tell_staff
from payments.errors import GatewayRefused, GatewayUnclear
from payments.models import Dispute

log = structlog.get_logger("purelaka.payments")
LOOK_BACK = timedelta(days=3)
MOST = 100


@job("payments.poll_disputes", every=timedelta(minutes=30))
def poll_disputes() -> None:
    """Ask about disputes whose event did not come, and about those that are open."""
    for dispute_id in islice(_to_ask_about(timezone.now() - LOOK_BACK), MOST):
        try:
            sync_dispute(dispute_id)
        except GatewayUnclear as error:
            log.warning("dispute_poll_stopped", dispute=dispute_id, code=error.code)
            return
        except GatewayRefused as error:  # an imported dispute of another account, perhaps
            log.warning("dispute_not_at_stripe", dispute=dispute_id, code=error.code)
        except Exception as error:  # the edge of a loop: one dispute that fails must not stop the others
            if is_temporary(error):
                raise
            log.exception("dispute_poll_failed_for_one", dispute=dispute_id)


def _to_ask_about(since: datetime) -> Iterator[str]:
    """Yield the disputes of the last days that are not here, then the open ones, the longest unasked first."""
    listed = list(dispute_client.ids_since(since))
    known = set(Dispute.objects.filter(stripe_dispute_id__in=listed).values_list("stripe_dispute_id", flat=True))
    yield from (dispute_id for dispute_id in listed if dispute_id not in known)
    ours = Dispute.objects.open().exclude(stripe_dispute_id=None)
    oldest = ours.order_by(F("synced_at").asc(nulls_first=True), "pk")
    yield from (found for found in oldest.values_list("stripe_dispute_id", flat=True)[:MOST] if found)


@job("payments.remind_disputes", every=timedelta(hours=1))
def remind_of_deadlines() -> None:
    """Write to the staff, once, about each dispute whose evidence is due within 72 hours and has not been sent."""
    for dispute in Dispute.objects.due_within(DUE_SOON).select_related("payment__order"):
        tell_staff(dispute, dispute.payment.order if dispute.payment else None, kind="dispute_due")
