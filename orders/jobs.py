"""What the bags need by the clock."""

from datetime import time, timedelta

from django.db import transaction
from django.utils import timezone

from core.jobs import job
from orders.models import Cart

KEEP = timedelta(days=396)  # 13 months
BATCH = 1_000


@job("orders.purge_bags", at=time(3, 20))
def purge_old_bags() -> None:
    """Delete bags that nobody has touched for 13 months, in batches that keep no lock for long."""
    while _purge_batch():
        pass


@transaction.atomic
def _purge_batch() -> bool:
    stale = list(Cart.objects.filter(updated_at__lt=timezone.now() - KEEP).values_list("pk", flat=True)[:BATCH])
    Cart.objects.filter(pk__in=stale).delete()
    return len(stale) == BATCH
