"""Stripe's books against ours: the days and categories that differ, and the payouts that are not what they hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from payments.matching import NET, Days, Pair, differing_pairs
from payments.models import BalanceTransaction, Payout
from payments.payouts import OWN

ITEMISED_WITHIN = timedelta(days=2)


@dataclass(frozen=True)
class Difference:
    """A category of a day whose sums differ, or hold rows that do."""

    day: date
    currency: str
    category: str
    ours_minor: int
    stripe_minor: int
    rows: int

    @property
    def difference_minor(self) -> int:
        """What Stripe holds more than we do; 0 where two errors cancel each other out."""
        return self.stripe_minor - self.ours_minor


def differences(days: Days | None = None, *, currency: str = "") -> list[Difference]:
    """Return the categories of days on which Stripe's books and ours do not agree, in order of the days."""
    return summed(differing_pairs(days, currency=currency))


def summed(pairs: Iterable[Pair]) -> list[Difference]:
    """Return differing rows added up by day, currency and category, each with the sums of both sides."""
    apart: dict[tuple[date, str, str], list[int]] = {}
    for pair in pairs:
        key = (pair.day, pair.currency, pair.category)
        row = apart.setdefault(key, [0, 0])
        row[0] += pair.difference_minor
        row[1] += 1
    sums = _stripe_sums({day for day, _, _ in apart})
    return [
        Difference(*key, ours_minor=sums.get(key, 0) - apart[key][0], stripe_minor=sums.get(key, 0), rows=apart[key][1])
        for key in sorted(apart)
    ]


def payouts_apart() -> "QuerySet[Any]":
    """Return the automatic payouts that are not the sum of their parts (`parts_minor`), or whose parts never came."""
    late = Q(items_complete=False, is_imported=False, status="paid", created_at__lt=timezone.now() - ITEMISED_WITHIN)
    whole = Q(items_complete=True) & ~Q(parts_minor=F("amount_minor"))
    return with_parts().filter(late | whole, is_automatic=True)


def payouts_in(days: Days | None) -> Q:
    """Return the condition of payouts that Stripe made on those days; of all of them without days."""
    if days is None:
        return Q()
    start, end = days.bounds
    return Q(created_at__gte=start, created_at__lt=end)


def with_parts() -> "QuerySet[Any]":
    """Return payouts with `parts_minor`, the sum of what each is made of."""
    parts = ~Q(items__balance_transaction__reporting_category=OWN)
    return Payout.objects.annotate(parts_minor=Coalesce(Sum("items__balance_transaction__net_minor", filter=parts), 0))


def _stripe_sums(days: set[date]) -> dict[tuple[date, str, str], int]:
    if not days:
        return {}
    rows = BalanceTransaction.objects.filter(is_imported=False, day__range=(min(days), max(days))).order_by()
    sums: dict[tuple[date, str, str], int] = {}
    grouped = rows.values_list("day", "currency", "reporting_category")
    for day, currency, category, amount, net in grouped.annotate(Sum("amount_minor"), Sum("net_minor")):
        sums[day, currency, category] = int(amount)
        sums[day, currency, NET] = sums.get((day, currency, NET), 0) + int(net)
    return sums
