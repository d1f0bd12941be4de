"""The rows behind the figures of the finance page: movements, payouts, and both sides of a day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse

from core.http import paginate
from orders.models.order import FIRST_NUMBER
from payments.booked import SIDES
from payments.finance_forms import MovementsForm, Period, SidesForm
from payments.finance_page import PAID, payouts_of
from payments.matching import Pair, pairs_of
from payments.models import BalanceTransaction, Dispute, Payment, Payout, Refund
from payments.movements import Kind, Sums, movements, of_kind, sums_of, word_of
from payments.payouts import OWN
from payments.reconciling import with_parts

ROWS_A_PAGE = 50
STATES = {PAID: "Payouts that reached the bank", "transit": "Payouts on their way to the bank", "": "Payouts"}


@dataclass(frozen=True)
class Link:
    """What a row is about, with the address of its page if there is one."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class MovementRow:
    """A movement, what people call it, and what it is about."""

    movement: Any
    word: str
    about: Link


@dataclass
class Links:
    """From ids of Stripe's, or keys of ours, to the pages of the orders and payouts they belong to."""

    may_see_orders: bool
    orders: dict[str, int] = field(default_factory=dict)
    payouts: dict[str, int] = field(default_factory=dict)

    def of(self, source_id: str) -> Link:
        """Return what an id of Stripe's is about; the id itself if nobody here knows it."""
        if source_id in self.payouts:
            return Link("Payout", reverse("payments:console_payout", args=[self.payouts[source_id]]))
        if source_id not in self.orders:
            return Link(source_id)
        order_id = self.orders[source_id]
        url = reverse("orders:console_detail", args=[order_id]) if self.may_see_orders else ""
        return Link(f"Order PL-{FIRST_NUMBER + order_id}", url)


def links_to(source_ids: Iterable[str], *, may_see_orders: bool) -> Links:
    """Look up what ids of Stripe's belong to, with four queries."""
    ids = {source_id for source_id in source_ids if source_id}
    links = Links(may_see_orders)
    for rows, name in (
        (Payment.objects.values_list("stripe_charge_id", "order_id"), "stripe_charge_id"),
        (Refund.objects.values_list("stripe_refund_id", "payment__order_id"), "stripe_refund_id"),
        (Dispute.objects.values_list("stripe_dispute_id", "payment__order_id"), "stripe_dispute_id"),
    ):
        found = rows.filter(**{f"{name}__in": ids}).order_by()
        links.orders |= {source: order for source, order in found if source and order is not None}
    links.payouts = dict(Payout.objects.filter(stripe_id__in=ids).order_by().values_list("stripe_id", "pk"))
    return links


class MovementsPage:
    """A list of movements: those of a figure, or of a category, or with an id, on the days of a period."""

    def __init__(self, request: HttpRequest, period: Period) -> None:
        self.request = request
        self.period = period
        self.form = MovementsForm(request.GET)
        self.form.is_valid()

    @property
    def kind(self) -> Kind | None:
        """The figure whose rows these are."""
        return self.form.chosen_kind

    @property
    def title(self) -> str:
        """What the rows are."""
        category = self.form.usable().get("category")
        return self.kind.title if self.kind else (word_of(category) if category else "Movements of the balance")

    @cached_property
    def rows(self) -> "QuerySet[Any]":
        """All rows."""
        asked = self.form.usable()
        rows = movements(self.period.start, self.period.end, self.period.currency)
        if category := asked.get("category"):
            rows = rows.filter(reporting_category=category)
        if text := asked.get("q"):
            rows = rows.filter(Q(stripe_id=text) | Q(source_id=text))
        return of_kind(rows, self.kind)

    @cached_property
    def page(self) -> Page:
        """A page of them."""
        return paginate(self.request, self.rows, ROWS_A_PAGE)

    @cached_property
    def sums(self) -> Sums:
        """What all of them come to, not only those of this page."""
        return sums_of(self.rows)

    @cached_property
    def listed(self) -> list[MovementRow]:
        """The rows of this page, each with what it is about."""
        return described(self.page, may_see_orders=self.request.user.has_perm("rbac.orders_view"))


class PayoutsPage:
    """A list of payouts: those that reached the bank on the days of a period, or those on their way now."""

    def __init__(self, request: HttpRequest, period: Period) -> None:
        self.request = request
        self.period = period
        given = request.GET.get("state", "")
        self.state = given if given in STATES else ""
        self.title = STATES[self.state]

    @cached_property
    def rows(self) -> "QuerySet[Payout]":
        """All rows."""
        return payouts_of(self.period, self.state)

    @cached_property
    def page(self) -> Page:
        """A page of them, each with the sum of its parts."""
        rows = with_parts().filter(pk__in=self.rows.order_by().values("pk")).order_by("-arrives_on", "-pk")
        return paginate(self.request, rows, ROWS_A_PAGE)

    @cached_property
    def total_minor(self) -> int:
        """What all of them come to."""
        return self.rows.aggregate(total=Sum("amount_minor", default=0))["total"]


class PayoutPage:
    """A payout with all that it is made of."""

    def __init__(self, request: HttpRequest, payout: Payout) -> None:
        self.request = request
        self.payout = payout

    @cached_property
    def parts(self) -> "QuerySet[Any]":
        """Its parts; the movement of the payout itself is none."""
        own = Q(reporting_category=OWN)
        return of_kind(BalanceTransaction.objects.filter(~own, payout_item__payout=self.payout), None)

    @cached_property
    def page(self) -> Page:
        """A page of its parts."""
        return paginate(self.request, self.parts, ROWS_A_PAGE)

    @cached_property
    def listed(self) -> list[MovementRow]:
        """The parts of this page, each with what it is about."""
        return described(self.page, may_see_orders=self.request.user.has_perm("rbac.orders_view"))

    @cached_property
    def sums(self) -> Sums:
        """What all parts come to."""
        return sums_of(self.parts)

    @cached_property
    def groups(self) -> list[tuple[str, int, int]]:
        """Its parts by category: the word, what they come to net, and how many they are."""
        rows = self.parts.order_by("reporting_category").values_list("reporting_category")
        return [
            (word_of(category), net, sums)
            for category, net, sums in rows.annotate(net=Sum("net_minor"), parts=Count("pk"))
        ]

    @property
    def is_apart(self) -> bool:
        """Whether all parts are here and do not come to the payout."""
        return self.payout.items_complete and self.sums.net_minor != self.payout.amount_minor


@dataclass(frozen=True)
class Category:
    """A category of a day: the sums of both sides."""

    name: str
    word: str
    ours_minor: int
    stripe_minor: int
    rows: int
    apart: int
    url: str
    is_chosen: bool

    @property
    def difference_minor(self) -> int:
        """What Stripe holds more than we do."""
        return self.stripe_minor - self.ours_minor


@dataclass(frozen=True)
class PairRow:
    """A row of ours beside the movement Stripe booked for it."""

    pair: Pair
    about: Link


class SidesPage:
    """Both sides of a day in one currency, category by category, and one of them row by row."""

    def __init__(self, request: HttpRequest, day: date, currency: str) -> None:
        self.request = request
        self.day = day
        self.currency = currency
        self.form = SidesForm(request.GET)
        self.form.is_valid()

    @cached_property
    def pairs(self) -> dict[str, list[Pair]]:
        """The rows of every category that has any."""
        found = {side.category: pairs_of(self.day, side.category, self.currency) for side in SIDES}
        return {category: pairs for category, pairs in found.items() if pairs}

    @cached_property
    def chosen(self) -> str:
        """The category that is shown row by row: the one asked for, else one that differs, else the first."""
        asked = self.form.usable().get("category")
        apart = (name for name, pairs in self.pairs.items() if any(pair.problem for pair in pairs))
        return asked or next(apart, "") or next(iter(self.pairs), "")

    @property
    def word(self) -> str:
        """What people call it."""
        return word_of(self.chosen) if self.chosen else ""

    @cached_property
    def categories(self) -> list[Category]:
        """The sums of both sides, by category."""
        return [self._category(name, pairs) for name, pairs in self.pairs.items()]

    @cached_property
    def page(self) -> Page:
        """A page of the rows of the chosen category, those that differ first."""
        return paginate(self.request, self.pairs.get(self.chosen, []), ROWS_A_PAGE)

    @cached_property
    def listed(self) -> list[PairRow]:
        """The rows of this page, each with what it is about."""
        may_see = self.request.user.has_perm("rbac.orders_view")
        links = links_to((pair.source_id for pair in self.page), may_see_orders=may_see)
        return [PairRow(pair, links.of(pair.source_id)) for pair in self.page]

    def _category(self, name: str, pairs: list[Pair]) -> Category:
        return Category(
            name=name,
            word=word_of(name),
            ours_minor=sum(pair.ours_minor for pair in pairs),
            stripe_minor=sum(pair.stripe_minor for pair in pairs),
            rows=len(pairs),
            apart=sum(bool(pair.problem) for pair in pairs),
            url=f"?currency={self.currency}&category={name}",
            is_chosen=name == self.chosen,
        )


def described(rows: Iterable[Any], *, may_see_orders: bool) -> list[MovementRow]:
    """Return movements with the words for them and what they are about."""
    found = list(rows)
    links = links_to((row.source_id for row in found), may_see_orders=may_see_orders)
    return [MovementRow(row, word_of(row.reporting_category), links.of(row.source_id)) for row in found]
