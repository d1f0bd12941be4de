"""What the pages of refunds show: the list by what each waits for, and one refund with what can be done about it."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from accounts.models import User
from orders.finding import matching
from orders.models import Order
from payments.models import Payment, Refund
from payments.refund_limits import approval_needed
from payments.staff_page import paid_by

TABS = {
    "all": "All",
    "waiting": "Waiting for approval",
    "on_its_way": "On their way",
    "failed": "Failed, to be dealt with",
    "done": "Refunded",
}
TONES = {"waiting": "warn", "failed": "err"}
WHY_FAILED = {
    "displaced": "A refund made at Stripe had taken this money before.",
    "charge_already_refunded": "Stripe says that all of the payment has been given back.",
    "charge_disputed": "The customer's bank has taken the money back by a dispute.",
    "expired_or_canceled_card": "The card has expired or was canceled.",
    "lost_or_stolen_card": "The card was reported lost or stolen.",
    "insufficient_funds": "Your Stripe balance did not hold enough.",
    "declined": "The customer's bank declined it.",
    "merchant_request": "It was canceled at your request.",
    "unknown": "The customer's bank gave no reason.",
    "refused": "Stripe refused it.",
}
NEXT = {
    Refund.Status.REQUESTED: "Its money is kept for it. Nothing is sent before somebody else approves it.",
    Refund.Status.SUBMITTING: "It is promised; Stripe has not answered yet. It is tried again every minute, and never "
    "paid twice.",
    Refund.Status.PENDING: "It is on its way; the bank has not confirmed it yet.",
    Refund.Status.REQUIRES_ACTION: "Stripe has asked the customer by e-mail where the money shall go. If nobody "
    "answers, cancel it at Stripe and give the money back another way.",
    Refund.Status.CANCELED: "It was canceled at Stripe. The money is still here.",
    Refund.Status.REJECTED: "It was not approved. The money can be refunded again.",
}


def listed(tab: str, *, q: str = "", status: str = "") -> QuerySet[Refund]:
    """Return the refunds of a tab that search and filter leave, the newest first; what waits, the oldest first."""
    refunds = Refund.objects.filter(_of_tab(tab)).select_related("payment__order")
    if status:
        refunds = refunds.filter(status=status)
    if q := q.strip():
        found = Order.objects.filter(matching(q)).order_by().values("pk")
        refunds = refunds.filter(Q(payment__order__in=found) | Q(stripe_refund_id=q))
    return refunds.order_by("created_at", "pk") if tab in ("waiting", "failed") else refunds.order_by("-pk")


def waiting_refunds() -> QuerySet[Refund]:
    """Return the refunds that wait for approval or have failed and been left so."""
    return Refund.objects.filter(_of_tab("waiting") | _of_tab("failed"))


def _of_tab(tab: str) -> Q:
    conditions: dict[str, Q] = {
        "waiting": Q(status=Refund.Status.REQUESTED),
        "on_its_way": Q(status__in=Refund.ON_ITS_WAY),
        "failed": Q(pk__in=Refund.objects.unattended().order_by().values("pk")),
        "done": Q(status=Refund.Status.SUCCEEDED),
    }
    return conditions.get(tab, Q())


class RefundListPage:
    """One page of the list, with the tabs above it."""

    def __init__(self, page: Page, *, tab: str, q: str = "", status: str = "") -> None:
        self.page = page
        self.tab = tab
        self.kept = {"q": q, "status": status}

    @cached_property
    def tabs(self) -> list[dict[str, Any]]:
        """The tabs for `components/tabs.html`, with how many there are; one query."""
        counts = Refund.objects.aggregate(**{tab: Count("pk", filter=_of_tab(tab)) for tab in TABS if tab != "all"})
        return [
            {
                "label": label,
                "url": self._url("" if tab == "all" else tab),
                "current": tab == self.tab,
                "count": (counts[tab] or "") if tab in TONES else "",
                "tone": TONES.get(tab, ""),
            }
            for tab, label in TABS.items()
        ]

    @cached_property
    def rows(self) -> list[tuple[Refund, str]]:
        """Each refund with who asked for it; one query for all of them."""
        people = people_of(refund.requested_by_id for refund in self.page)
        return [(refund, asked_by(refund, people)) for refund in self.page]

    @property
    def is_narrowed(self) -> bool:
        """Whether search or filter leave something out."""
        return any(self.kept.values())

    @property
    def clear_url(self) -> str:
        """The same tab without search and filter."""
        return reverse("payments:console_refunds", query={"tab": self.tab} if self.tab != "all" else {})

    def _url(self, tab: str) -> str:
        query = {name: value for name, value in {"tab": tab, **self.kept}.items() if value}
        return reverse("payments:console_refunds", query=query)


class RefundDetailPage:
    """One refund: what it is made of, who did what, and what this person can do about it."""

    def __init__(self, refund: Refund, user: User) -> None:
        self.refund = refund
        self.order: Order = refund.payment.order
        self.user = user

    @cached_property
    def lines(self) -> list[Any]:
        """What it gives back of each line."""
        return list(self.refund.lines.select_related("line").order_by("line__position"))

    @property
    def delivery_minor(self) -> int:
        """What it gives back of delivery, with tax."""
        return self.refund.shipping_minor + self.refund.shipping_tax_minor

    @property
    def to(self) -> str:
        """Where the money goes."""
        is_elsewhere = self.refund.payment.tender == Payment.Tender.IMPORTED
        return "the customer, outside Stripe" if is_elsewhere else paid_by(self.refund.payment)

    @cached_property
    def people(self) -> dict[int, str]:
        """The names of whoever had to do with it."""
        refund = self.refund
        return people_of((refund.requested_by_id, refund.approved_by_id, refund.settled_by_id))

    @property
    def requested_by(self) -> str:
        """Who asked for it."""
        return asked_by(self.refund, self.people)

    @property
    def approved_by(self) -> str:
        """Who approved it; empty if nobody had to."""
        return self.people.get(self.refund.approved_by_id or 0, "")

    @property
    def settled_by(self) -> str:
        """Who decided against it, or paid it by other means."""
        return self.people.get(self.refund.settled_by_id or 0, "")

    @property
    def sentence(self) -> str:
        """How it stands, in words; for one that failed, why."""
        if self.refund.is_paid_elsewhere:
            return "It came to nothing at Stripe, and the money went back by other means."
        if self.refund.status == Refund.Status.FAILED:
            code = self.refund.failure_code
            return WHY_FAILED.get(code, f"Stripe says: {code.replace('_', ' ')}." if code else "Stripe gave no reason.")
        return NEXT.get(Refund.Status(self.refund.status), "")

    @cached_property
    def why_it_waits(self) -> str:
        """Which limit it is above; empty if it does not wait."""
        if self.refund.status != Refund.Status.REQUESTED:
            return ""
        asked = User.objects.filter(pk=self.refund.requested_by_id or 0).first()
        return approval_needed(self.order, self.refund.amount_minor, actor=asked) if asked else ""

    @property
    def is_own(self) -> bool:
        """Whether this person asked for it."""
        return self.refund.requested_by_id == self.user.pk

    @property
    def can_approve(self) -> bool:
        """Whether it waits for this person, or somebody like them."""
        is_waiting = self.refund.status == Refund.Status.REQUESTED
        return is_waiting and not self.is_own and self.user.has_perm("rbac.refunds_approve")

    @property
    def can_reject(self) -> bool:
        """Whether this person may decide against it, or take back what they asked for."""
        is_waiting = self.refund.status == Refund.Status.REQUESTED
        return is_waiting and (self.is_own or self.user.has_perm("rbac.refunds_approve"))

    @cached_property
    def can_make_up(self) -> bool:
        """Whether it came to nothing, and nobody has tried again or paid by other means."""
        came_to_nothing = self.refund.status in Refund.CAME_TO_NOTHING and self.refund.settled_at is None
        return came_to_nothing and not Refund.objects.standing().filter(request_key=self.refund.retry_key).exists()

    @property
    def can_retry(self) -> bool:
        """Whether Stripe can be asked again."""
        return self.can_make_up and self.refund.payment.tender == Payment.Tender.STRIPE

    @property
    def can_send(self) -> bool:
        """Whether it is promised and its way to Stripe was cut short."""
        return self.refund.status == Refund.Status.SUBMITTING


def people_of(ids: Iterable[int | None]) -> dict[int, str]:
    """Return names by id, in one query."""
    found = User.objects.filter(pk__in={pk for pk in ids if pk}).only("pk", "name", "email")
    return {user.pk: user.name or user.email for user in found}


def asked_by(refund: Refund, people: dict[int, str]) -> str:
    """Return who a refund comes from, in words."""
    if refund.source == Refund.Source.STAFF:
        return people.get(refund.requested_by_id or 0, "staff")
    if refund.source == Refund.Source.AUTOMATIC:
        return "the shop itself"
    return "Imported history" if refund.payment.tender == Payment.Tender.IMPORTED else "Stripe's dashboard"
