"""The pages of the month end: the months with how they stand, and one month with its checklist and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page
from django.db.models import Sum
from django.db.models.functions import TruncMonth
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from analytics.models import FactDay, MonthClose
from analytics.month_end.closing import COUNTS, DOCUMENTS, KPIS, closed, entries_since, figures_of, sum_of
from analytics.month_end.conditions import Condition, conditions_of
from analytics.month_end.months import Month, months_back
from analytics.snapshots.calendar import fact_days
from core.days import today
from core.http import paginate
from core.money import format_money

MONTHS_PER_PAGE = 24
ENTRIES_PER_PAGE = 25


@dataclass(frozen=True)
class Line:
    """A figure of a month in words: what it comes to now, what it came to when the month was closed, the difference."""

    id: str
    title: str
    meaning: str
    now: str
    kept: str
    difference: str
    is_kpi: bool


class MonthPage:
    """A month in one currency: its checklist and figures; once closed, what has been booked into it since."""

    def __init__(self, request: HttpRequest, month: Month, currency: str) -> None:
        self.request = request
        self.month = month
        self.currency = currency
        self.close: MonthClose | None = closed(month, currency)

    @cached_property
    def conditions(self) -> list[Condition]:
        """The checklist; empty once the month is closed, for then it is over with."""
        return [] if self.close else conditions_of(self.month, self.currency)

    @property
    def can_close(self) -> bool:
        """Whether everything that is required holds, and somebody is looking who may close it."""
        is_allowed = self.request.user.has_perm("rbac.settings_manage")
        return is_allowed and not self.close and not self.obstacles

    @property
    def obstacles(self) -> list[Condition]:
        """What keeps the month from being closed."""
        return [condition for condition in self.conditions if condition.is_required and not condition.is_met]

    @property
    def doubts(self) -> list[Condition]:
        """What somebody had better look at first."""
        return [condition for condition in self.conditions if not condition.is_required and not condition.is_met]

    @cached_property
    def figures(self) -> dict[str, int]:
        """What the month comes to now."""
        return figures_of(self.month, self.currency)

    @property
    def lines(self) -> list[Line]:
        """The figures of the ledger, then those of the documents."""
        of_ledger = [(kpi.id, kpi.title, kpi.formula, True) for kpi in KPIS]
        of_documents = [(name, title, "", False) for name, title in DOCUMENTS.items()]
        return [self._line(*given) for given in of_ledger + of_documents]

    @cached_property
    def since(self) -> Page | None:
        """The entries that were booked into the closed month later, a page of them; None while it is open."""
        return paginate(self.request, entries_since(self.close), ENTRIES_PER_PAGE) if self.close else None

    @property
    def since_total(self) -> str:
        """What all of them come to, with tax: the difference of the total."""
        return format_money(sum_of(entries_since(self.close)), self.currency) if self.close else ""

    @property
    def closed_by(self) -> str:
        """Who closed it."""
        found = User.objects.filter(pk=self.close.closed_by_id).first() if self.close else None
        return str(found.email) if found else "somebody whose account is gone"

    def _line(self, name: str, title: str, meaning: str, is_kpi: bool) -> Line:  # noqa: FBT001  a row of a table
        now = self.figures[name]
        if self.close is None:
            return Line(name, title, meaning, self._words(name, now), "", "", is_kpi)
        kept = int(self.close.figures.get(name, 0))
        difference = self._words(name, now - kept) if now != kept else "–"
        return Line(name, title, meaning, self._words(name, now), self._words(name, kept), difference, is_kpi)

    def _words(self, name: str, value: int) -> str:
        return f"{value:,}" if name in COUNTS else format_money(value, self.currency)


class MonthListPage:
    """The months since the first sale, the newest first, in one currency."""

    def __init__(self, request: HttpRequest, currency: str, currencies: Sequence[str]) -> None:
        self.currency = currency
        self.currencies = currencies
        facts = fact_days()
        this = Month.of(today())
        self.page: Page = paginate(request, months_back(Month.of(facts.start), this) if facts else [], MONTHS_PER_PAGE)

    @property
    def tabs(self) -> list[dict[str, Any]]:
        """The currencies, if there are several."""
        return [
            {"label": code, "url": _url("analytics:months", [], code), "current": code == self.currency}
            for code in self.currencies
        ]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Each month with its total as the snapshots have it, and whether it is closed; two queries."""
        shown: list[Month] = list(self.page)
        if not shown:
            return []
        totals = self._totals(shown)
        closes = MonthClose.objects.filter(currency=self.currency, month__in=[month.first for month in shown])
        kept = {close.month: close for close in closes}
        return [self._row(month, totals.get(month.first, 0), kept.get(month.first)) for month in shown]

    def _totals(self, shown: list[Month]) -> dict[Any, int]:
        days = (shown[-1].window.start, shown[0].window.end)
        facts = FactDay.objects.filter(day__range=days, currency=self.currency).order_by()
        sums = facts.annotate(month=TruncMonth("day")).values("month").annotate(total=Sum("total_minor"))
        return {row["month"]: row["total"] for row in sums}

    def _row(self, month: Month, total: int, close: MonthClose | None) -> dict[str, Any]:
        difference = total - int(close.figures.get("total_sales", 0)) if close else 0
        return {
            "month": month,
            "url": _url("analytics:month", [str(month)], self.currency),
            "total_minor": total,
            "close": close,
            "difference_minor": difference,
        }


def _url(name: str, args: list[str], currency: str) -> str:
    return reverse(name, args=args, query={"currency": currency})
