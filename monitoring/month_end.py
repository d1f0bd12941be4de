"""What monitoring has to say before a month is closed."""

from django.db.models import Q
from django.urls import reverse

from analytics.month_end.conditions import Condition, register
from analytics.month_end.months import Month
from monitoring.models import Issue

MONEY = ("order", "pay", "refund", "dispute", "stripe", "invoice", "snap")  # areas of the checks that look at money


@register
def issues_are_closed(_month: Month, currency: str) -> Condition:
    """No issue is open that touches money of this currency, or of none in particular."""
    touches = Q()
    for area in MONEY:
        touches |= Q(check_id__startswith=f"{area}.")
    count = Issue.objects.open().filter(touches, currency__in=("", currency)).count()
    said = f"Open and touching money: {count} issue{'' if count == 1 else 's'}."
    return Condition(
        "No issue touches money",
        said if count else "No open issue touches money.",
        not count,
        url=reverse("monitoring:issues") if count else "",
    )
