"""Why days that were over came to other figures afterwards: what each was and became, by which build, and for what."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from analytics.figures.windows import Window
from analytics.kpis import KPIS, Unit
from analytics.models import FactDay, FactDayHistory
from core.money import format_money
from orders.models import SalesEntry
from orders.models.order import FIRST_NUMBER

FIGURES = {  # columns of the facts of a day that people know by a figure
    "net_minor": "net_sales",
    "gross_minor": "gross_sales",
    "discount_minor": "discounts",
    "returns_minor": "returns",
    "shipping_minor": "shipping",
    "tax_minor": "tax",
    "total_minor": "total_sales",
    "refunds_cash_minor": "refunds_cash",
    "orders": "orders",
    "units": "units",
    "net_units": "net_units",
    "new_customers": "new_customers",
    "cohort_refunded_orders": "refund_rate_orders_cohort",
}
OTHERS = {"upgrade": "A new version counts otherwise", "rebase": "The shop has moved to another time zone"}
NAMED = re.compile(r"(?P<source>[a-z_]+) (?P<key>[1-9][0-9]{0,17})\Z")
MORE = re.compile(r" and (?P<count>[0-9]+) more\Z")


@dataclass(frozen=True)
class Change:
    """A figure of a day: what it came to before and after, and the difference, in words."""

    title: str
    before: str
    after: str
    difference: str


@dataclass(frozen=True)
class Cause:
    """What changed a day, in words, with the page about it if there is one."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Restatement:
    """One closed day in one currency that was built anew and came to other figures."""

    day: date
    currency: str
    revision: int
    replaced_at: datetime
    build: int
    changes: list[Change]
    causes: list[Cause]


def restated_days(window: Window | None, currency: str) -> QuerySet[FactDayHistory]:
    """Return what days of a window (or all) came to before they were restated, the latest change first."""
    within = Q() if window is None else Q(day__range=(window.start, window.end))
    return FactDayHistory.objects.filter(within, currency=currency).order_by("-replaced_at", "-day", "-revision")


def restatements_of(rows: Sequence[FactDayHistory], *, may_see_orders: bool) -> list[Restatement]:
    """Return some of them with what each became and why: four queries at most, however many."""
    after = _figures_after(rows)
    causes = _Causes([row.cause for row in rows], may_see_orders=may_see_orders)
    return [
        Restatement(
            day=row.day,
            currency=row.currency,
            revision=row.revision,
            replaced_at=row.replaced_at,
            build=row.build_id,
            changes=_changes(row.facts, after.get((row.day, row.currency, row.revision), {}), row.currency),
            causes=causes.of(row.cause),
        )
        for row in rows
    ]


def sum_of_changes(rows: QuerySet[FactDayHistory]) -> int:
    """Return how net sales changed by all of them, in minor units: what days come to now less what they first were."""
    first: dict[tuple[date, str], tuple[int, int]] = {}
    for day, currency, revision, facts in rows.order_by().values_list("day", "currency", "revision", "facts"):
        known = first.get((day, currency))
        if known is None or revision < known[0]:
            first[day, currency] = (revision, int(facts.get("net_minor", 0)))
    days, currencies = {day for day, _ in first}, {currency for _, currency in first}
    now = FactDay.objects.filter(day__in=days, currency__in=currencies).values_list("day", "currency", "net_minor")
    today = {(day, currency): net for day, currency, net in now if (day, currency) in first}
    return sum(today.get(key, 0) - net for key, (_, net) in first.items())


type Key = tuple[date, str, int]


def _figures_after(rows: Sequence[FactDayHistory]) -> dict[Key, dict[str, int]]:
    """Return what each row became: the figures of the next revision of its day and currency, or those of now."""
    days = {row.day for row in rows}
    later: dict[tuple[date, str], list[FactDayHistory]] = {}
    for row in FactDayHistory.objects.filter(day__in=days).order_by("revision"):
        later.setdefault((row.day, row.currency), []).append(row)
    now = {(fact.day, fact.currency): fact for fact in FactDay.objects.filter(day__in=days)}
    after: dict[Key, dict[str, int]] = {}
    for row in rows:
        key = (row.day, row.currency)
        following = next((one for one in later.get(key, []) if one.revision > row.revision), None)
        fact = now.get(key)
        current = {name: getattr(fact, name) for name in FIGURES} if fact else dict.fromkeys(FIGURES, 0)
        after[row.day, row.currency, row.revision] = following.facts if following else current
    return after


def _changes(before: dict[str, Any], after: dict[str, Any], currency: str) -> list[Change]:
    changes = []
    for name, kpi in FIGURES.items():
        was, became = int(before.get(name, 0)), int(after.get(name, 0))
        if was != became:
            title = "Orders refunded since" if name == "cohort_refunded_orders" else KPIS[kpi].title
            words = [_words(kpi, value, currency) for value in (was, became, became - was)]
            changes.append(Change(title, words[0], words[1], f"+{words[2]}" if became > was else words[2]))
    return changes


def _words(kpi: str, value: int, currency: str) -> str:
    return format_money(value, currency) if KPIS[kpi].unit is Unit.MONEY else f"{value:,}"


class _Causes:
    """Turns the causes that builds wrote down, `sales_entry 7, fulfilment 3 and 12 more`, into words with links."""

    def __init__(self, causes: Iterable[str], *, may_see_orders: bool) -> None:
        self._may_see_orders = may_see_orders
        keys = {int(found["key"]) for cause in causes for found in _named(cause) if found["source"] == "sales_entry"}
        entries = SalesEntry.objects.filter(pk__in=keys).order_by()
        self._entries = {row["pk"]: row for row in entries.values("pk", "order_id", "refund_id", "kind")}

    def of(self, cause: str) -> list[Cause]:
        """Return what a build wrote down, each order once."""
        found = [self._of_entry(one) for one in _named(cause)]
        others = [Cause(f"{text[0].upper()}{text[1:]}") for text in _parts(cause) if not NAMED.match(text)]
        more = MORE.search(cause)
        rest = [Cause(f"{more['count']} more changes")] if more else []
        return [*others, *dict.fromkeys(found), *rest]

    def _of_entry(self, named: re.Match[str]) -> Cause:
        entry = self._entries.get(int(named["key"])) if named["source"] == "sales_entry" else None
        if entry is None:
            source = named["source"]
            return Cause(OTHERS.get(source) or f"{source.replace('_', ' ')} {named['key']}")
        order = f"order PL-{FIRST_NUMBER + entry['order_id']}"
        url = reverse("orders:console_detail", args=[entry["order_id"]]) if self._may_see_orders else ""
        if entry["refund_id"] is None:
            return Cause(f"Sale of {order}", url)
        failed = entry["kind"] == SalesEntry.Kind.REFUND_REVERSAL
        return Cause(f"{'Failed refund' if failed else 'Refund'} of {order}", url)


def _parts(cause: str) -> list[str]:
    return [part for part in MORE.sub("", cause).split(", ") if part]


def _named(cause: str) -> list[re.Match[str]]:
    return [found for found in map(NAMED.match, _parts(cause)) if found]
