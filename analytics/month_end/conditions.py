"""What must be so before a month is closed, and what had better be: rooms above register their own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum
from django.urls import reverse

from analytics.models import FactDay
from analytics.month_end.months import Month
from analytics.snapshots.calendar import missing_days
from core.days import day_bounds
from core.money import format_money
from orders.models import Order, SalesEntry
from payments.models import Refund

UNSETTLED = (
    Refund.Status.REQUESTED,
    Refund.Status.APPROVED,
    Refund.Status.SUBMITTING,
    Refund.Status.PENDING,
    Refund.Status.REQUIRES_ACTION,
)


@dataclass(frozen=True)
class Condition:
    """One line of the checklist: a sentence that says how it stands, and where it can be seen to.

    While one that is required is not met, the month cannot be closed; the others are for somebody to judge.
    """

    title: str
    text: str
    is_met: bool
    is_required: bool = False
    url: str = ""


type Question = Callable[[Month, str], Condition]
_questions: list[Question] = []


def register(question: Question) -> Question:
    """Ask this, too, before a month is closed."""
    if question not in _questions:
        _questions.append(question)
    return question


def conditions_of(month: Month, currency: str) -> list[Condition]:
    """Return the checklist of a month in one currency, what is required first."""
    found = [question(month, currency) for question in _questions]
    return sorted(found, key=lambda condition: not condition.is_required)


@register
def is_over(month: Month, _currency: str) -> Condition:
    """A month that is still running is not closed."""
    said = f"{month.title} is over." if month.is_over else f"{month.title} is not over yet; close it once it is."
    return Condition("The month is over", said, month.is_over, is_required=True)


@register
def is_built(month: Month, _currency: str) -> Condition:
    """Every day was built."""
    missing = missing_days(month.window)
    said = "Every day has been built."
    if missing:
        first = f"{missing[0].day} {missing[0]:%B}"
        said = f"Never built: {_counted(len(missing), 'day')} of {month.title}, from {first} on. Build it first."
    return Condition("No day is missing", said, not missing, is_required=True, url=_dashboard(month))


@register
def is_current(month: Month, currency: str) -> Condition:
    """Snapshots hold what the ledger holds; days that wait for another build may come to the same all the while."""
    within = {"day__range": (month.window.start, month.window.end), "currency": currency}
    names = ("gross", "discount", "returns", "shipping", "tax")
    sums = {name: Sum(f"{name}_minor", default=0) for name in names}
    ledger = SalesEntry.objects.filter(**within).aggregate(**sums, units_left=Sum("units", default=0))
    facts = FactDay.objects.filter(**within).aggregate(**sums, units_left=Sum("net_units", default=0))
    is_met = ledger == facts
    said = (
        "The figures that everybody reads are those of the ledger."
        if is_met
        else f"The figures of {month.title} have not caught up with the ledger. The next build takes the rest up."
    )
    return Condition("Figures and ledger agree", said, is_met, is_required=True, url=_dashboard(month))


@register
def refunds_are_settled(month: Month, currency: str) -> Condition:
    """No refund that was begun by the end of the month is under way."""
    under_way = Refund.objects.filter(status__in=UNSETTLED, created_at__lt=_end(month), currency=currency)
    found = under_way.aggregate(count=Count("pk"), amount=Sum("amount_minor", default=0))
    count, amount = found["count"], format_money(found["amount"], currency)
    said = f"Begun by then and not settled: {_counted(count, 'refund')} of {amount}."
    if not count:
        said = "No refund begun by then is under way."
    url = reverse("payments:console_refunds")
    return Condition("Refunds are settled", said, not count, url=url if count else "")


@register
def orders_are_sent(month: Month, currency: str) -> Condition:
    """Everything that was paid by the end of the month has been sent."""
    unsent = Order.objects.filter(status=Order.Status.PAID, paid_at__lt=_end(month), currency=currency, is_test=False)
    waiting = unsent.count()
    said = f"Paid by then and not sent: {_counted(waiting, 'order')}."
    if not waiting:
        said = "Everything paid by then has been sent or given back."
    query = {"status": Order.Status.PAID.value, "until": month.window.end.isoformat()}
    url = reverse("orders:console_list", query=query)
    return Condition("Paid orders are sent", said, not waiting, url=url if waiting else "")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _end(month: Month) -> datetime:
    return day_bounds(month.window.end)[1]


def _dashboard(month: Month) -> str:
    days = {"from": month.window.start.isoformat(), "to": month.window.end.isoformat()}
    return reverse("analytics:dashboard", query=days)
