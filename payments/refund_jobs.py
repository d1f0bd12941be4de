"""What is done for refunds by the clock."""

from datetime import timedelta

import structlog
from django.db.models import F, Max
from django.utils import timezone

from core.db import is_temporary
from core.jobs import job
from payments.errors import GatewayUnclear
from payments.models import Payment, Refund
from payments.sync import sync_payment

log = structlog.get_logger("purelaka.payments")
QUIET = timedelta(hours=1)
AT_ONCE = 50


@job("payments.poll_refunds", every=timedelta(hours=1))
def poll_refunds_on_their_way() -> None:
    """Ask about refunds that are on their way and whose events may have been lost, the longest unasked first."""
    waiting = (Refund.Status.PENDING, Refund.Status.REQUIRES_ACTION)
    payments = (
        Payment.objects.filter(refunds__status__in=waiting, tender=Payment.Tender.STRIPE)
        .annotate(latest=Max("refunds__created_at"))
        .filter(latest__lt=timezone.now() - QUIET)
        .order_by(F("synced_at").asc(nulls_first=True), "pk")
    )
    for payment_id in list(payments.values_list("pk", flat=True)[:AT_ONCE]):
        try:
            sync_payment(payment_id)
        except GatewayUnclear as error:
            log.warning("poll_failed", payment=payment_id, code=error.code)
            return
        except Exception as error:  # the edge of a loop: one payment that fails must not stop the others
            if is_temporary(error):
                raise
            log.exception("poll_failed_for_one", payment=payment_id)
