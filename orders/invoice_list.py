"""The list of invoices and credit notes as staff narrow it, and what it comes to."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from core.days import month_of
from orders.finding import MOST, matching
from orders.models import Invoice, Order

REFERENCE = re.compile(r"(?P<prefix>INV|CN)[- ]?0*(?P<number>[0-9]{1,15})\Z", re.IGNORECASE)
DIGITS = re.compile(r"[0-9]{1,15}\Z")
KINDS = {"INV": Invoice.Kind.INVOICE, "CN": Invoice.Kind.CREDIT_NOTE}


@dataclass(frozen=True)
class WantedDocuments:
    """What is asked of the list; `month` is the first day of one."""

    q: str = ""
    kind: str = ""
    month: date | None = None


@dataclass(frozen=True)
class Sums:
    """What documents of one currency come to, in minor units: invoices less credit notes."""

    currency: str
    invoices: int
    credit_notes: int
    invoiced_minor: int
    credited_minor: int
    net_minor: int
    tax_minor: int

    @property
    def total_minor(self) -> int:
        """Invoiced less credited."""
        return self.invoiced_minor - self.credited_minor


def documents(wanted: WantedDocuments) -> QuerySet[Invoice]:
    """Return the documents that are asked for, the newest first."""
    found = Invoice.objects.filter(_meant(wanted.q))
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.month:
        found = found.filter(day__range=month_of(wanted.month))
    return found.select_related("order").order_by("-issued_at", "-pk")


def sums_of(found: QuerySet[Invoice]) -> list[Sums]:
    """Return what the documents come to, a row for each currency, in one query."""
    rows = (
        found.order_by()
        .values("currency", "kind")
        .annotate(count=Count("pk"), net=Sum("net_minor"), tax=Sum("tax_minor"), total=Sum("total_minor"))
    )
    parts: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        parts.setdefault(row["currency"], {})[row["kind"]] = dict(row)
    return [_sums(currency, parts[currency]) for currency in sorted(parts)]


def _sums(currency: str, parts: dict[str, dict[str, Any]]) -> Sums:
    nothing = {"count": 0, "net": 0, "tax": 0, "total": 0}
    sold, credited = (parts.get(kind, nothing) for kind in (Invoice.Kind.INVOICE, Invoice.Kind.CREDIT_NOTE))
    return Sums(
        currency=currency,
        invoices=sold["count"],
        credit_notes=credited["count"],
        invoiced_minor=sold["total"],
        credited_minor=credited["total"],
        net_minor=sold["net"] - credited["net"],
        tax_minor=sold["tax"] - credited["tax"],
    )


def _meant(text: str) -> Q:
    """Return the condition of the documents that a text means: their own number, or whatever finds their order."""
    text = text.strip()[:MOST]
    if not text:
        return Q()
    if own := REFERENCE.match(text):
        return Q(kind=KINDS[own["prefix"].upper()], number=int(own["number"]))
    of_order = Q(order__in=Order.objects.filter(matching(text)).order_by().values("pk"))
    return of_order | Q(number=int(text)) if DIGITS.match(text) else of_order
