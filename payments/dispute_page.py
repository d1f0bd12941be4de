"""What the pages of disputes show: the list with its tabs, and one dispute."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from core.money import format_money
from orders.models import Order
from payments.dispute_list import OPEN, TABS, tab_counts
from payments.disputes import DUE_SOON, KNOWN
from payments.evidence import refusal_of
from payments.models import BalanceTransaction, Dispute

MOST_MOVEMENTS = 50
EMPTY = {
    OPEN: ("No dispute is open", "A dispute appears here when a customer’s bank takes a payment back."),
    "inquiries": (
        "No bank asks about a payment",
        "An inquiry takes no money yet; answered well, it never becomes one.",
    ),
    "unanswered": ("Nothing waits for evidence", "A dispute or inquiry appears here until its evidence is sent."),
    "won": ("No dispute was won yet", "A dispute is won when the bank decides for the shop and the money comes back."),
    "lost": ("No dispute was lost", "A dispute is lost when the bank decides for its customer, or nobody answers."),
    "all": ("No disputes", "A dispute appears here when a customer’s bank takes a payment back, or asks about it."),
}


class DisputeListPage:
    """The tabs above the list, with their numbers."""

    def __init__(self, tab: str, text: str) -> None:
        self.tab = tab
        self.text = text

    @cached_property
    def tabs(self) -> list[dict[str, Any]]:
        """The tabs for `components/tabs.html`, counted in one query."""
        counts = tab_counts()
        return [
            {
                "label": label,
                "url": reverse("payments:console_disputes", query={} if tab == OPEN else {"tab": tab}),
                "current": tab == self.tab,
                "count": counts[tab] or "",
                "tone": {OPEN: "err", "unanswered": "err", "inquiries": "warn"}.get(tab, "") if counts[tab] else "",
            }
            for tab, (label, _) in TABS.items()
        ]

    @property
    def empty(self) -> tuple[str, str]:
        """What an empty list says: a title and a sentence."""
        if self.text:
            return "No dispute matches", "Try an order’s number, or a whole id of a dispute, charge or payment."
        return EMPTY[self.tab]

    @property
    def clear_url(self) -> str:
        """The same tab without the search."""
        return reverse("payments:console_disputes", query={} if self.tab == OPEN else {"tab": self.tab})


class DisputePage:
    """One dispute: what, why, until when, and what money moved."""

    def __init__(self, dispute: Dispute, request: HttpRequest) -> None:
        self.dispute = dispute
        self.may_see_order = request.user.has_perm("rbac.orders_view")

    @property
    def order(self) -> Order | None:
        """The order that the payment paid for."""
        return self.dispute.payment.order if self.dispute.payment else None

    @property
    def is_known(self) -> bool:
        """Whether its status is one that the shop knows what to do with."""
        return not self.dispute.stripe_dispute_id or self.dispute.status in KNOWN

    @property
    def is_due_soon(self) -> bool:
        """Whether evidence is due within 72 hours and none was sent."""
        due = self.dispute.evidence_due_at
        return self.dispute.is_unanswered and due is not None and due <= timezone.now() + DUE_SOON

    @property
    def refusal(self) -> str:
        """Why no evidence can be sent from here; empty if it can."""
        return refusal_of(self.dispute)

    @cached_property
    def movements(self) -> list[BalanceTransaction]:
        """What Stripe has booked for it, the oldest first."""
        if not self.dispute.stripe_dispute_id:
            return []
        booked = BalanceTransaction.objects.filter(source_id=self.dispute.stripe_dispute_id)
        return list(booked.order_by("at", "pk")[:MOST_MOVEMENTS])

    @property
    def net(self) -> str:
        """What all of it comes to, by currency."""
        sums: dict[str, int] = {}
        for movement in self.movements:
            sums[movement.currency] = sums.get(movement.currency, 0) + movement.net_minor
        return ", ".join(format_money(net, currency) for currency, net in sorted(sums.items()))

    @property
    def stripe_url(self) -> str:
        """The dispute in Stripe's own dashboard; empty in the demonstration, which is not at Stripe."""
        if not settings.PAYMENTS_USE_STRIPE or not self.dispute.stripe_dispute_id:
            return ""
        mode = "" if self.dispute.livemode else "test/"
        return f"https://dashboard.stripe.com/{mode}disputes/{self.dispute.stripe_dispute_id}"
