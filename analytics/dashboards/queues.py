"""What waits for somebody behind the figures of operations: how many, and where it is dealt with."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Value
from django.urls import reverse
from django.utils import timezone

from core.job_health import job_health
from payments.models import Dispute, Refund, WebhookEvent

TROUBLED = ("failed", "missed")
REFUNDS = ("payments:console_refunds", "rbac.refunds_make")
DISPUTES = ("payments:console_disputes", "rbac.disputes_manage")
EVENTS = ("payments:console_webhooks", "rbac.webhooks_replay")
JOBS = ("console:home", "rbac.jobs_view")


@dataclass(frozen=True)
class Queue:
    """Things that wait: how many, in words, whether that is bad, and where those with the permission deal with them."""

    count: int
    one: str
    many: str
    tone: str
    url: str
    permission: str

    @property
    def text(self) -> str:
        """What waits, after its number."""
        return self.one if self.count == 1 else self.many


def queues() -> list[Queue]:
    """Return what waits now, in every currency, without what does not: two queries."""
    refunds = Refund.objects.all()
    counts = _counted(
        failed=refunds.unattended(),
        waiting=refunds.waiting(),
        on_its_way=refunds.filter(status__in=Refund.ON_ITS_WAY),
        unanswered=Dispute.objects.unanswered(),
        dead=WebhookEvent.objects.filter(state=WebhookEvent.State.DEAD),
    )
    jobs = sum(job.state in TROUBLED for job in job_health(timezone.now()))
    found = [
        _refunds(counts, "failed", "refund failed and was left so", "refunds failed and were left so", "err"),
        _queue(
            counts["dead"], "event of Stripe was given up", "events of Stripe were given up", "err",
            *EVENTS, state="dead",
        ),
        _queue(jobs, "job failed or was missed", "jobs failed or were missed", "err", *JOBS),
        _queue(
            counts["unanswered"], "dispute or inquiry waits for an answer", "disputes or inquiries wait for an answer",
            "warn", *DISPUTES, tab="unanswered",
        ),
        _refunds(counts, "waiting", "refund waits for approval", "refunds wait for approval", "warn"),
        _refunds(counts, "on_its_way", "refund is on its way", "refunds are on their way", "info"),
    ]  # fmt: skip
    return [queue for queue in found if queue.count]


def _counted(**kinds: QuerySet[Any]) -> Counter[str]:
    """Return how many rows each of these has, with one query."""
    counted = [rows.order_by().annotate(kind=Value(name)).values("kind") for name, rows in kinds.items()]
    first, *others = (rows.annotate(count=Count("pk")).values_list("kind", "count") for rows in counted)
    return Counter(dict(first.union(*others, all=True).order_by()))


def _refunds(counts: Counter[str], tab: str, one: str, many: str, tone: str) -> Queue:
    return _queue(counts[tab], one, many, tone, *REFUNDS, tab=tab)


def _queue(count: int, one: str, many: str, tone: str, page: str, permission: str, **query: str) -> Queue:
    return Queue(count, one, many, tone, reverse(page, query=query), permission)
