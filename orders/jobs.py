"""What the bags need by the clock."""

from datetime import time, timedelta

from django.db import transaction
from django.utils import timezone

from core.jobs import job
from orders.models import Cart, CartLine

KEEP = timedelta(days=396)  # 13 months
BATCH = 1_000


@job("orders.purge_bags", at=time(3, 20))
def empty_old_bags() -> None:
    """Empty bags that nobody has touched for 13 months, in batches that keep no lock for long.

    Their lines go, and whose they were; the bags themselves stay, so that the funnel of their days does not change.
    """
    while _empty_batch():
        pass


@transaction.atomic
def _empty_batch() -> bool:
    now = timezone.now()
    untouched = Cart.objects.lock().filter(updated_at__lt=now - KEEP, emptied_at=None)
    stale = list(untouched.values_list("pk", flat=True)[:BATCH])
    CartLine.objects.filter(cart__in=stale).delete()
    Cart.objects.filter(pk__in=stale).update(emptied_at=now, user=None, discount_code="")
    return len(stale) == BATCH
