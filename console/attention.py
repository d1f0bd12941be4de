"""What needs somebody now: each kind of trouble with its number and the page where it is put right."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, Q
from django.urls import reverse

from core.models import StoreSetting
from mail.models import OutgoingMail
from monitoring.models import Issue, Severity
from orders.return_page import waiting_returns
from orders.staff_list import tab_counts
from payments.disputes import DUE_SOON
from payments.models import Dispute, WebhookEvent
from products.staff_list import low_count


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble: how many, in words, and where to go."""

    count: int
    text: str
    url: str
    tone: str

    @property
    def number(self) -> str:
        """The number as people read it."""
        return intcomma(self.count)


def troubles(user: Any, store: StoreSetting, *, now: datetime) -> list[Trouble]:
    """Return what needs somebody, worst first, of what this user may put right; nothing while all is well."""
    readers: dict[str, Callable[[], Iterator[Trouble]]] = {
        "orders_view": partial(_orders, store, now),
        "returns_manage": _returns,
        "disputes_manage": partial(_disputes, now),
        "issues_view": _issues,
        "webhooks_replay": _webhooks,
        "mail_view": _mails,
        "stock_manage": partial(_stock, store),
    }
    found = [
        trouble
        for code, read in readers.items()
        if user.has_perm(f"rbac.{code}")
        for trouble in read()
        if trouble.count
    ]
    return sorted(found, key=lambda trouble: ("err", "warn").index(trouble.tone))


def _orders(store: StoreSetting, now: datetime) -> Iterator[Trouble]:
    counts = tab_counts(now=now, late_after=timedelta(hours=store.ship_sla_hours))

    def trouble(tab: str, one: str, many: str, tone: str) -> Trouble:
        count = counts[tab]
        return Trouble(count, one if count == 1 else many, reverse("orders:console_list", query={"tab": tab}), tone)

    yield trouble("refund_failed", "refund failed", "refunds failed", "err")
    yield trouble("refund_waiting", "refund has not reached Stripe", "refunds have not reached Stripe", "err")
    promise = f"should have been sent by now (promise: {store.ship_sla_hours} hours)"
    yield trouble("late", f"order {promise}", f"orders {promise}", "warn")
    yield trouble("held", "order is on hold", "orders are on hold", "warn")


def _returns() -> Iterator[Trouble]:
    count = waiting_returns().count()
    text = "return waits" if count == 1 else "returns wait"
    url = reverse("orders:console_returns", query={"show": "waiting"})
    yield Trouble(count, f"{text} for an answer or for the money", url, "warn")


def _disputes(now: datetime) -> Iterator[Trouble]:
    unanswered = Dispute.objects.unanswered()
    counts = unanswered.aggregate(soon=Count("pk", filter=Q(evidence_due_at__lte=now + DUE_SOON)), all=Count("pk"))
    soon, later = counts["soon"], counts["all"] - counts["soon"]
    url = reverse("payments:console_disputes", query={"tab": "unanswered"})
    noun = "dispute or inquiry needs" if soon == 1 else "disputes or inquiries need"
    yield Trouble(soon, f"{noun} evidence within 72 hours", url, "err")
    noun = "dispute or inquiry waits" if later == 1 else "disputes or inquiries wait"
    yield Trouble(later, f"{noun} for evidence", url, "warn")


def _issues() -> Iterator[Trouble]:
    count = Issue.objects.open().filter(severity=Severity.CRITICAL).count()
    text = "critical issue is open" if count == 1 else "critical issues are open"
    yield Trouble(count, text, reverse("monitoring:issues", query={"severity": Severity.CRITICAL.value}), "err")


def _webhooks() -> Iterator[Trouble]:
    for state, text in {
        WebhookEvent.State.DEAD: "given up after many attempts",
        WebhookEvent.State.QUARANTINED: "of the other mode, set aside",
    }.items():
        count = WebhookEvent.objects.filter(state=state).count()
        noun = "event of Stripe" if count == 1 else "events of Stripe"
        url = reverse("payments:console_webhooks", query={"state": state.value})
        yield Trouble(count, f"{noun} {text}", url, "err")


def _mails() -> Iterator[Trouble]:
    count = OutgoingMail.objects.filter(state=OutgoingMail.State.FAILED).count()
    text = "message could not be sent" if count == 1 else "messages could not be sent"
    yield Trouble(count, text, reverse("mail:list", query={"state": "failed"}), "err")


def _stock(store: StoreSetting) -> Iterator[Trouble]:
    count = low_count(store.low_stock_threshold)
    text = "variant is low or sold out" if count == 1 else "variants are low or sold out"
    yield Trouble(count, text, reverse("products:console_stock", query={"show": "low"}), "warn")
