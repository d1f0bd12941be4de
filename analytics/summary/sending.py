"""Sending the summary of last week to those who ask for it: once a week and person, however often it is tried."""

from datetime import date

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from analytics.models import SummarySubscription
from analytics.summary.subscribing import stop_url
from analytics.summary.weekly import WeeklySummary, last_week, weekly_summary
from mail.services import queue_mail

log = structlog.get_logger("purelaka.analytics")


def send_summaries() -> int:
    """Write last week's summary to everybody who has not got it yet and may see figures; return to how many.

    Safe to repeat, and to run twice at once. Whoever has lost the permission gets none, and it again once they hold it.
    """
    monday = last_week().start
    waiting = _waiting_for(monday).select_related("user").order_by("pk")
    summaries: dict[str, WeeklySummary] = {}
    sent = 0
    for subscription in waiting:
        user = subscription.user
        if not (user.is_active and user.has_perm("rbac.analytics_view")):
            continue
        currency = subscription.currency
        if currency not in summaries:
            summaries[currency] = weekly_summary(monday, currency)
        sent += send_to(subscription, user, summaries[currency])
    if sent:
        log.info("summaries_sent", week=str(monday), count=sent)
    return sent


def send_to(subscription: SummarySubscription, user: User, summary: WeeklySummary) -> bool:
    """Write the summary to one person; return False if another worker was faster."""
    monday = summary.week.start
    with transaction.atomic():
        if not _waiting_for(monday).filter(pk=subscription.pk).update(sent_for=monday):
            return False
        queue_mail(
            key=f"weekly_summary:{user.pk}:{monday}",
            kind="weekly_summary",
            recipient=user.email,
            context={
                "summary": summary,
                "page_url": settings.STORE_BASE_URL + summary.path,
                "stop_url": stop_url(user),
            },
        )
    return True


def _waiting_for(monday: date) -> QuerySet[SummarySubscription]:
    return SummarySubscription.objects.filter(Q(sent_for=None) | Q(sent_for__lt=monday))
