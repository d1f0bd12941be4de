"""Two months of trade behind the scene, so that lists are long and figures have something to say."""

import json
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from core.days import business_day
from demo.shop import open_shop
from demo.trade import ALL_TYPES, generate_history
from history.importing import import_history

DAYS, ORDERS = 60, 80


def live_through_two_months() -> None:
    """Open the demonstration's shop and let it trade until now; the same orders each time."""
    now = timezone.now().replace(microsecond=0)
    since = now - timedelta(days=DAYS)
    open_shop(since=since)
    lines = generate_history(
        seed=1,
        orders=ORDERS,
        start=business_day(since),
        end=business_day(now),
        now=now,
        time_zone=settings.STORE_TIME_ZONE,
        types=ALL_TYPES,
    )
    outcome = import_history((json.dumps(line).encode() for line in lines), source="past")
    assert outcome.bad == []
