"""The list of disputes as staff narrow it: tabs with counts, search, and what is due first."""

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When

from orders.finding import matching
from orders.models import Order
from payments.models import Dispute

OPEN = "open"
TABS: dict[str, tuple[str, Q]] = {
    OPEN: ("Open", Q(closed_at=None, is_inquiry=False)),
    "inquiries": ("Inquiries", Q(closed_at=None, is_inquiry=True)),
    "unanswered": ("To answer", Q(closed_at=None, submission_count=0, evidence_due_at__isnull=False)),
    "won": ("Won", Q(outcome=Dispute.Outcome.WON)),
    "lost": ("Lost", Q(outcome=Dispute.Outcome.LOST)),
    "all": ("All", Q()),
}


def listed(tab: str, text: str) -> QuerySet[Dispute]:
    """Return the disputes of a tab that a text means; those that wait for evidence first, by their deadline."""
    unanswered = When(closed_at=None, submission_count=0, evidence_due_at__isnull=False, then=Value(0))
    found = Dispute.objects.filter(TABS[tab][1] & _meant(text)).select_related("payment__order")
    return found.annotate(rank=Case(unanswered, default=Value(1), output_field=IntegerField())).order_by(
        "rank", Case(When(rank=0, then=F("evidence_due_at"))).asc(nulls_last=True), "-opened_at", "-pk"
    )


def _meant(text: str) -> Q:
    if not text:
        return Q()
    orders = Order.objects.filter(matching(text)).order_by().values("pk")
    return Q(stripe_dispute_id=text) | Q(stripe_charge_id=text) | Q(payment__order__in=orders)


def tab_counts() -> dict[str, int]:
    """Return how many disputes each tab holds, in one query."""
    return Dispute.objects.aggregate(**{tab: Count("pk", filter=which) for tab, (_, which) in TABS.items()})


def open_disputes() -> QuerySet[Dispute]:
    """Return the disputes and inquiries that are open."""
    return Dispute.objects.open()
