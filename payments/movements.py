"""The figures of the Stripe balance: what each is made of, and the rows behind it. Imported history counts too.

Their meaning is that of `stripe_fees`, `stripe_net` and `disputed_amount` among the shop's figures: minor units of the
settlement currency, dated by the business day of the movement.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BigIntegerField, Case, F, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable

from payments.booked import CHARGES, DISPUTES, FEES, PAYOUTS, REFUNDS, TOPUPS
from payments.models import BalanceTransaction

TRANSFERS = (*PAYOUTS, *TOPUPS)
NAMED = (*CHARGES, *REFUNDS, *DISPUTES, *FEES, *TRANSFERS)
AMOUNT, FEE, NET = F("amount_minor"), F("fee_minor"), F("net_minor")
FEE_SHARE = Case(
    When(reporting_category__in=FEES, then=AMOUNT - FEE), default=Value(0) - FEE, output_field=BigIntegerField()
)
IS_FEE = ~Q(fee_minor=0) | Q(reporting_category__in=FEES)
WORDS = {
    "charge": "Charge",
    "charge_failure": "Charge that failed",
    "partial_capture_reversal": "Part not captured",
    "refund": "Refund",
    "refund_failure": "Refund that failed",
    "dispute": "Dispute",
    "dispute_reversal": "Dispute given back",
    "fee": "Fee of Stripe's",
    "tax": "Tax on fees",
    "payout": "Payout",
    "payout_reversal": "Payout that came back",
    "topup": "Top-up",
    "topup_reversal": "Top-up taken back",
    "other_adjustment": "Adjustment",
    "net": "Net",
}


@dataclass(frozen=True)
class Kind:
    """A figure of the balance: which movements it is made of, and what each of them gives to it (signed)."""

    name: str
    title: str
    rows: Q
    share: Combinable
    note: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("gross", "Charges", Q(reporting_category__in=CHARGES), AMOUNT, "what customers paid, before fees"),
        Kind("refunds", "Refunds", Q(reporting_category__in=REFUNDS), AMOUNT, "less refunds that failed"),
        Kind("disputes", "Disputes", Q(reporting_category__in=DISPUTES), AMOUNT, "taken by banks, less what came back"),
        Kind("fees", "Fees", IS_FEE, FEE_SHARE, "of charges, of disputes and of Stripe's own"),
        Kind("other", "Other", ~Q(reporting_category__in=NAMED), AMOUNT, "adjustments, reserves and taxes of Stripe's"),
        Kind("net", "Net", ~Q(reporting_category__in=TRANSFERS), NET, "without payouts and top-ups"),
        Kind("transfers", "Payouts and top-ups", Q(reporting_category__in=TRANSFERS), NET, "to and from the bank"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Sums:
    """What movements come to together, in minor units."""

    rows: int
    amount_minor: int
    fee_minor: int
    net_minor: int
    share_minor: int


def movements(start: date, end: date, currency: str) -> "QuerySet[BalanceTransaction]":
    """Return the movements of days (both included) in one settlement currency, the newest first."""
    return BalanceTransaction.objects.filter(day__range=(start, end), currency=currency)


def of_kind(rows: "QuerySet[BalanceTransaction]", kind: Kind | None) -> "QuerySet[Any]":
    """Narrow movements to those that a figure is made of, each with what it gives to it (`share_minor`)."""
    if kind is None:
        return rows.annotate(share_minor=NET)
    return rows.filter(kind.rows).annotate(share_minor=kind.share)


def sums_of(rows: "QuerySet[Any]") -> Sums:
    """Add up rows that `of_kind` gave."""
    ids = rows.order_by().values("pk")
    added = rows.order_by().aggregate(
        *(Sum(name, default=0) for name in ("amount_minor", "fee_minor", "net_minor", "share_minor"))
    )
    return Sums(
        rows=ids.count(),
        amount_minor=added["amount_minor__sum"],
        fee_minor=added["fee_minor__sum"],
        net_minor=added["net_minor__sum"],
        share_minor=added["share_minor__sum"],
    )


def figures(start: date, end: date, currency: str) -> dict[date, dict[str, int]]:
    """Return every figure of each day on which something moved, the newest first, with one query."""
    shares = [
        Sum(Case(When(kind.rows, then=kind.share), default=Value(0), output_field=BigIntegerField()))
        for kind in KINDS.values()
    ]
    of = dict(zip((f"of_{name}" for name in KINDS), shares, strict=True))
    days = movements(start, end, currency).order_by("-day").values("day").annotate(**of)
    return {day: dict(zip(KINDS, added, strict=True)) for day, *added in days.values_list("day", *of)}


def total(days: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add the figures of days up."""
    added = dict.fromkeys(KINDS, 0)
    for day in days:
        for name in KINDS:
            added[name] += day[name]
    return added


def word_of(category: str) -> str:
    """Return what people call a reporting category; one that nobody here knows reads as itself."""
    return WORDS.get(category) or category.replace("_", " ").capitalize()


def settlement_currencies() -> list[str]:
    """Return the currencies in which there are movements, in order."""
    return list(BalanceTransaction.objects.order_by("currency").values_list("currency", flat=True).distinct())
