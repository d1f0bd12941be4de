"""The finance page: what moved on the Stripe balance, day by day, what reached the bank, and what does not agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse

from core.http import paginate
from payments.balance import imported_at
from payments.finance_forms import Period
from payments.matching import Days
from payments.models import BalanceTransaction, Payout
from payments.movements import KINDS, figures, movements, total
from payments.payouts import UNFINISHED
from payments.reconciling import Difference, differences, payouts_apart, with_parts

DAYS_A_PAGE = 31
PAYOUTS_SHOWN = 15
SHOWN = ("gross", "refunds", "disputes", "fees", "other", "net")
PAID = "paid"


@dataclass(frozen=True)
class Amount:
    """A figure in minor units with the address of the rows it is made of."""

    minor: int
    url: str


@dataclass(frozen=True)
class Tile:
    """A figure of the whole period."""

    title: str
    minor: int
    url: str
    note: str


@dataclass(frozen=True)
class DayRow:
    """A day on which something moved: its figures, what reached the bank, and where the two sides differ."""

    day: date
    amounts: list[Amount]
    paid_out: Amount
    differences: list[Difference]
    url: str


class FinancePage:
    """Everything on the page of a period."""

    def __init__(self, request: HttpRequest, period: Period) -> None:
        self.request = request
        self.period = period

    @cached_property
    def figures(self) -> dict[date, dict[str, int]]:
        """Every figure by day."""
        return figures(self.period.start, self.period.end, self.period.currency)

    @cached_property
    def paid_out(self) -> dict[date, int]:
        """What reached the bank, by the day of its arrival."""
        days = payouts_of(self.period, PAID).order_by().values_list("arrives_on").annotate(Sum("amount_minor"))
        return {day: int(amount) for day, amount in days}

    @cached_property
    def differences(self) -> list[Difference]:
        """Where Stripe's books and ours do not agree."""
        return differences(Days(self.period.start, self.period.end), currency=self.period.currency)

    @cached_property
    def tiles(self) -> list[Tile]:
        """The figures of the period. Those that are zero for nearly everybody are left out where they are."""
        sums = total(self.figures.values())
        shown = [KINDS[name] for name in SHOWN if name != "other" or sums[name]]
        tiles = [Tile(kind.title, sums[kind.name], self._rows(kind.name), kind.note) for kind in shown]
        on_its_way = payouts_of(self.period, "transit").aggregate(total=Sum("amount_minor", default=0))["total"]
        return [
            *tiles,
            Tile("On its way to the bank", on_its_way, self._payouts("transit"), "now, whatever the days"),
            Tile("Paid out", sum(self.paid_out.values()), self._payouts(PAID), "by the day of arrival"),
        ]

    @cached_property
    def columns(self) -> list[str]:
        """The headings of the figures of a day."""
        return [KINDS[name].title for name in SHOWN]

    @cached_property
    def day_page(self) -> Page:
        """The days on which something moved, arrived or differs, the newest first, a page of them."""
        apart = {difference.day for difference in self.differences}
        return paginate(self.request, sorted({*self.figures, *self.paid_out, *apart}, reverse=True), DAYS_A_PAGE)

    @cached_property
    def days(self) -> list[DayRow]:
        """The rows of this page of days."""
        return [self._day(day) for day in self.day_page]

    @cached_property
    def payouts(self) -> list[Any]:
        """The latest payouts that arrive in the period, each with the sum of its parts."""
        return list(self._payouts_shown.order_by("-arrives_on", "-pk")[:PAYOUTS_SHOWN])

    @property
    def all_payouts_url(self) -> str:
        """Where all payouts of the period are listed, with their sum."""
        return self._payouts("")

    @cached_property
    def _payouts_shown(self) -> "QuerySet[Any]":
        return with_parts().filter(
            currency=self.period.currency, arrives_on__range=(self.period.start, self.period.end)
        )

    @cached_property
    def payouts_apart(self) -> int:
        """How many payouts of the period are not the sum of their parts."""
        return payouts_apart().filter(pk__in=self._payouts_shown.values("pk")).count()

    @cached_property
    def imported_at(self) -> datetime | None:
        """When Stripe's balance was last brought in whole."""
        return imported_at()

    @cached_property
    def has_history(self) -> bool:
        """Whether some of these movements came with the history of another shop."""
        rows = movements(self.period.start, self.period.end, self.period.currency)
        return rows.filter(is_imported=True).exists()

    @cached_property
    def is_empty(self) -> bool:
        """Whether the balance was never moved, or never brought in."""
        return not self.figures and not BalanceTransaction.objects.exists() and not Payout.objects.exists()

    def _day(self, day: date) -> DayRow:
        sums = self.figures.get(day, dict.fromkeys(KINDS, 0))
        apart = [difference for difference in self.differences if difference.day == day]
        return DayRow(
            day=day,
            amounts=[Amount(sums[name], self._rows(name, day)) for name in SHOWN],
            paid_out=Amount(self.paid_out.get(day, 0), self._payouts(PAID, day)),
            differences=apart,
            url=day_url(day, self.period.currency, apart),
        )

    def _rows(self, kind: str, day: date | None = None) -> str:
        days = (day, day) if day else (self.period.start, self.period.end)
        return f"{reverse('payments:console_movements')}?{self.period.with_days(*days, kind=kind)}"

    def _payouts(self, state: str, day: date | None = None) -> str:
        days = (day, day) if day else (self.period.start, self.period.end)
        return f"{reverse('payments:console_payouts')}?{self.period.with_days(*days, state=state)}"


def payouts_of(period: Period, state: str) -> "QuerySet[Payout]":
    """Return payouts in a currency: those on their way now, or with another state those that arrived on the days."""
    rows = Payout.objects.filter(currency=period.currency)
    if state == "transit":
        return rows.filter(status__in=UNFINISHED)
    rows = rows.filter(arrives_on__range=(period.start, period.end))
    return rows.filter(status=PAID) if state == PAID else rows


def day_url(day: date, currency: str, apart: Iterable[Difference] = ()) -> str:
    """Return the address of both sides of a day, of the first category that differs if one does."""
    category = next((f"&category={one.category}" for one in apart), "")
    return f"{reverse('payments:console_sides', args=[day])}?currency={currency}{category}"
