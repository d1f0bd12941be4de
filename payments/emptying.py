"""Letting go of what events told once nobody needs it: the object can always be fetched by its id."""

from datetime import datetime, timedelta

from payments.models import WebhookEvent, WebhookFailure

KEPT_FOR = timedelta(days=90)
BATCH = 500
OVER = [
    WebhookEvent.State.PROCESSED,
    WebhookEvent.State.IGNORED,
    WebhookEvent.State.QUARANTINED,
    WebhookEvent.State.DEAD,
]


def empty_old_events(now: datetime) -> int:
    """Empty the content of events of 90 days ago, forget what their failed attempts said; return how many there were.

    In batches, so that no transaction is long. What still waits to be worked off keeps its content.
    """
    old = WebhookEvent.objects.filter(state__in=OVER, received_at__lt=now - KEPT_FOR).exclude(payload="")
    emptied = 0
    while keys := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        WebhookFailure.objects.filter(event__in=keys).delete()
        emptied += WebhookEvent.objects.filter(pk__in=keys).update(payload="")
    return emptied
