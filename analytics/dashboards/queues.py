"""What waits for somebody behind the figures of operations: how many, and where it is dealt with."""

from dataclasses import dataclass

from django.db.models import Count, Q
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
    """Return what waits now, in every currency, without what does not: five queries."""
    unsettled = (Refund.Status.REQUESTED, Refund.Status.FAILED, *Refund.ON_ITS_WAY)
    refunds = Refund.objects.filter(status__in=unsettled).aggregate(
        failed=Count("pk", filter=Q(pk__in=Refund.objects.unattended().order_by().values("pk"))),
        waiting=Count("pk", filter=Q(status=Refund.Status.REQUESTED)),
        on_its_way=Count("pk", filter=Q(status__in=Refund.ON_ITS_WAY)),
    )
    disputes = Dispute.objects.unanswered().count()
    dead = WebhookEvent.objects.filter(state=WebhookEvent.State.DEAD).count()
    jobs = sum(job.state in TROUBLED for job in job_health(timezone.now()))
    found = [
        _refunds(refunds, "failed", "refund failed and was left so", "refunds failed and were left so", "err"),
        _queue(dead, "event of Stripe was given up", "events of Stripe were given up", "err", *EVENTS, state="dead"),
        _queue(jobs, "job failed or was missed", "jobs failed or were missed", "err", *JOBS),
        _queue(
            disputes, "dispute or inquiry waits for an answer", "disputes or inquiries wait for an answer", "warn",
            *DISPUTES, tab="unanswered",
        ),
        _refunds(refunds, "waiting", "refund waits for approval", "refunds wait for approval", "warn"),
        _refunds(refunds, "on_its_way", "refund is on its way", "refunds are on their way", "info"),
    ]  # fmt: skip
    return [queue for queue in found if queue.count]


def _refunds(counts: dict[str, int], tab: str, one: str, many: str, tone: str) -> Queue:
    return _queue(counts[tab], one, many, tone, *REFUNDS, tab=tab)


def _queue(count: int, one: str, many: str, tone: str, page: str, permission: str, **query: str) -> Queue:
    return Queue(count, one, many, tone, reverse(page, query=query), permission)
