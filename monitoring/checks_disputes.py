"""Disputes: answered in time, of payments that are known, in states that are known."""

from collections.abc import Callable, Iterator

from django.db.models import QuerySet
from django.utils import timezone

from monitoring.models import Severity
from monitoring.registry import Evidence, Finding, Look, check
from payments.disputes import DUE_SOON, KNOWN
from payments.models import Dispute

type Found = Callable[[Dispute], Evidence]


@check(
    "ops.dispute_due",
    title="Dispute without evidence, due soon",
    rule="Evidence for every open dispute and inquiry is sent 72 hours before it is due.",
    severity=Severity.CRITICAL,
    what_to_do="Open the dispute, read the evidence, and send it. What is sent after it is due may not count.",
)
def dispute_due() -> Look:
    """Open disputes whose deadline is near, or past, and for which nothing was sent."""
    due = Dispute.objects.unanswered().filter(evidence_due_at__lte=timezone.now() + DUE_SOON)

    def found(dispute: Dispute) -> Evidence:
        due_at = dispute.evidence_due_at.isoformat(timespec="minutes") if dispute.evidence_due_at else ""
        return {"evidence": "none sent", "due_at": due_at}

    return _look(due, {"evidence": "sent"}, found)


@check(
    "dispute.unknown_status",
    title="Dispute in a state that is not known here",
    rule="Every dispute is in a state that the shop knows what to do with.",
    severity=Severity.HIGH,
    what_to_do=(
        "Look at the dispute in Stripe's dashboard. Its order stays on hold until the state is one that is known, or "
        "the shop is taught the new one."
    ),
)
def dispute_unknown_status() -> Look:
    """Disputes whose status is none of Stripe's that this shop knows."""
    strange = Dispute.objects.exclude(status__in=KNOWN)
    return _look(strange, {"status": "one that is known"}, lambda dispute: {"status": dispute.status})


@check(
    "dispute.without_payment",
    title="Dispute of a payment that is not known here",
    rule="Every dispute is about a payment of this shop.",
    severity=Severity.HIGH,
    what_to_do=(
        "Look the charge up at Stripe by its id. If the shop took it, bring its payment in line with Stripe; if "
        "something else takes money in this Stripe account, answer the dispute in Stripe's dashboard."
    ),
)
def dispute_without_payment() -> Look:
    """Disputes of charges that belong to no payment."""
    return _look(Dispute.objects.filter(payment=None), {"payment": "known"}, lambda _dispute: {"payment": "unknown"})


def _look(broken: "QuerySet[Dispute]", expected: Evidence, found: Found) -> Look:
    def findings() -> Iterator[Finding]:
        for dispute in broken.select_related("payment__order").order_by("pk").iterator():
            order = f" of order {dispute.payment.order.number}" if dispute.payment else ""
            yield Finding(
                "dispute",
                dispute.pk,
                expected,
                found(dispute),
                subject=f"Dispute {dispute.pk}{order}",
                currency=dispute.currency,
                size=dispute.amount_minor,
            )

    return Look(Dispute.objects.count(), findings())
