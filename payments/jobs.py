"""What payments do by the clock."""

from datetime import time, timedelta

import structlog
from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from core.db import is_temporary
from core.jobs import job
from payments import backfill
from payments.closing import expire_orders
from payments.emptying import empty_old_events
from payments.errors import GatewayUnclear
from payments.inbox import drain_all
from payments.models import Payment, Refund
from payments.refunds import submit_refund
from payments.sync import sync_payment

log = structlog.get_logger("purelaka.payments")
QUIET = timedelta(minutes=2)  # by then the event should have come; after it, ask


@job("payments.inbox", every=timedelta(minutes=1))
def wake_inbox() -> None:
    """Take up events whose worker died, or whose next try is due."""
    drain_all()


@job(backfill.JOB, every=timedelta(minutes=10))
def import_missed_events() -> None:
    """Find the events that never came in Stripe's list."""
    backfill.read_on()


@job("payments.empty_events", at=time(4, 10))
def empty_events() -> None:
    """Let go of what events of long ago told."""
    empty_old_events(timezone.now())


@job("payments.expire_orders", every=timedelta(minutes=1))
def expire_unpaid_orders() -> None:
    """Give back the stock of orders nobody paid."""
    expire_orders()


@job("payments.poll", every=timedelta(minutes=2))
def poll_unsettled_payments() -> None:
    """Ask about payments whose event did not come."""
    unsettled = Payment.objects.filter(
        status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING], created_at__lt=timezone.now() - QUIET
    ).order_by(F("synced_at").asc(nulls_first=True), "pk")[:50]
    for payment in unsettled:
        try:
            sync_payment(payment.pk)
        except GatewayUnclear as error:
            log.warning("poll_failed", payment=payment.pk, code=error.code)
            return
        except Exception as error:  # the edge of a loop: one payment that fails must not stop the others
            if is_temporary(error):
                raise
            log.exception("poll_failed_for_one", payment=payment.pk)


@job("payments.submit_refunds", every=timedelta(minutes=1))
def submit_committed_refunds() -> None:
    """Send refunds whose sending was cut short, under the keys they had."""
    stuck = Refund.objects.filter(status=Refund.Status.SUBMITTING, created_at__lt=timezone.now() - QUIET)
    for refund_id in stuck.values_list("pk", flat=True)[:50]:
        submit_refund(refund_id)


if not settings.PAYMENTS_USE_STRIPE:

    @job("payments.simulator_events", every=timedelta(seconds=5))
    def deliver_simulator_events() -> None:
        """Let the simulator send the events that wait, as Stripe would by itself."""
        import_string(settings.STRIPE_SIMULATOR_TICK)()
