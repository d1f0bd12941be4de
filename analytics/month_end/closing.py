"""Closing a month: what it came to is kept as it was, and what is booked into it later can be told apart.

A closed month is not locked: a refund of June that Stripe makes known in July still stands on its own day in June, for
the ledger holds what happened. It is then shown beside the figures that were closed, entry by entry.
"""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from analytics.kpis import ALL, MONTH, Facts, Kpi
from analytics.models import MonthClose
from analytics.month_end.conditions import conditions_of
from analytics.month_end.months import Month
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from orders.models import Invoice, SalesEntry

type Figures = Mapping[str, int]

KPIS = tuple(kpi for kpi in ALL if isinstance(kpi, Kpi) and MONTH in kpi.pages)
DOCUMENTS = {
    "invoices": "Invoices issued",
    "invoiced": "Invoiced, with tax",
    "credit_notes": "Credit notes issued",
    "credited": "Credited, with tax",
}
COUNTS = ("orders", "invoices", "credit_notes")
BUSY = "The ledger is being written to just now, so the month cannot be closed. Try again in a minute."
PATIENCE = "5s"


def figures_of(month: Month, currency: str) -> dict[str, int]:
    """Return what a month comes to now, from the ledger and the documents themselves: two queries."""
    facts = _facts(month, currency)
    return {kpi.id: int(kpi.value(facts) or 0) for kpi in KPIS} | _documents(month, currency)


def close_month(month: Month, currency: str, *, actor: User) -> MonthClose:
    """Keep what a month comes to in one currency. Once only: raises NotAllowedInState for a month that is closed.

    Raises DomainError with a sentence while a condition that must hold does not. Waits until whoever is writing to the
    ledger is done, and lets nobody begin meanwhile: the figures include every entry up to a key, and no later one.
    """
    with recording_refusal("month.close", actor=actor):
        try:
            with transaction.atomic():
                _hold_the_ledger()
                return _close(month, currency, actor)
        except IntegrityError as error:
            raise _closed(month, currency) from error


def closed(month: Month, currency: str) -> MonthClose | None:
    """Return what was kept of a month; None while it is open."""
    return MonthClose.objects.filter(month=month.first, currency=currency).first()


def entries_since(close: MonthClose) -> QuerySet[SalesEntry]:
    """Return the entries of a closed month that were written after it was closed, the newest first."""
    days = Month(close.month).window
    return (
        SalesEntry.objects.filter(day__range=(days.start, days.end), currency=close.currency, pk__gt=close.ledger_to)
        .select_related("order", "line")
        .order_by("-pk")
    )


def sum_of(entries: QuerySet[SalesEntry]) -> int:
    """Return what entries come to with tax, in minor units."""
    total = F("gross_minor") - F("discount_minor") - F("returns_minor") + F("shipping_minor") + F("tax_minor")
    return entries.order_by().aggregate(total=Sum(total, default=0))["total"]


def _close(month: Month, currency: str, actor: User) -> MonthClose:
    if closed(month, currency) is not None:
        raise _closed(month, currency)
    for condition in conditions_of(month, currency):
        if condition.is_required and not condition.is_met:
            raise DomainError(condition.text)
    close = MonthClose.objects.create(
        month=month.first,
        currency=currency,
        closed_at=timezone.now(),
        closed_by_id=actor.pk,
        figures=figures_of(month, currency),
        ledger_to=SalesEntry.objects.aggregate(last=Max("pk"))["last"] or 0,
        documents_to=Invoice.objects.aggregate(last=Max("pk"))["last"] or 0,
    )
    total = close.figures["total_sales"]
    changes = {"month": str(month), "currency": currency, "total_minor": total, "ledger_to": close.ledger_to}
    record("month.close", subject=close, actor=actor, changes=changes)
    return close


def _closed(month: Month, currency: str) -> NotAllowedInState:
    return NotAllowedInState(f"{month.title} is closed in {currency}, and a month is closed once.")


def _hold_the_ledger() -> None:
    """Wait for writers that are under way; on SQLite the transaction itself has done so."""
    if connection.vendor != "postgresql":
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            cursor.execute("LOCK TABLE orders_salesentry, orders_invoice IN SHARE MODE")
    except OperationalError as error:
        raise DomainError(BUSY) from error


def _facts(month: Month, currency: str) -> Facts:
    is_refund = Q(refund_id__isnull=False)
    columns = {
        "gross": "gross_minor",
        "discounts": "discount_minor",
        "returns": "returns_minor",
        "shipping": "shipping_minor",
        "tax": "tax_minor",
    }
    cash = F("returns_minor") - F("shipping_minor") - F("tax_minor")
    sums: dict[str, Any] = {f"sum_{name}": Sum(column, default=0) for name, column in columns.items()}
    found = SalesEntry.objects.filter(**_within(month, currency)).aggregate(
        **sums,
        sum_refunds_cash=Sum(cash, filter=is_refund, default=0),
        sum_orders=Count("pk", filter=Q(kind=SalesEntry.Kind.SALE)),
    )
    parts = {name.removeprefix("sum_"): value for name, value in found.items()}
    net = parts["gross"] - parts["discounts"] - parts["returns"]
    return Facts(**parts, net=net, total=net + parts["shipping"] + parts["tax"])


def _documents(month: Month, currency: str) -> dict[str, int]:
    sold, credited = Q(kind=Invoice.Kind.INVOICE), Q(kind=Invoice.Kind.CREDIT_NOTE)
    return Invoice.objects.filter(**_within(month, currency)).aggregate(
        invoices=Count("pk", filter=sold),
        invoiced=Sum("total_minor", filter=sold, default=0),
        credit_notes=Count("pk", filter=credited),
        credited=Sum("total_minor", filter=credited, default=0),
    )


def _within(month: Month, currency: str) -> dict[str, Any]:
    days = month.window
    return {"day__range": (days.start, days.end), "currency": currency}
