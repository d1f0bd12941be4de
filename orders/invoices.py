"""Invoices: numbered without gaps, immutable, with the seller frozen as it was."""

from datetime import datetime

from django.conf import settings
from django.db.models import F

from core.days import business_day
from core.models import NumberSeries, StoreSetting
from orders.models import Invoice, Order

SERIES = "invoice"


def issue_invoice(order: Order, at: datetime) -> Invoice:
    """Give a sold order its invoice with the next number, in the caller's transaction.

    The number's row stays locked until that transaction ends, so take it last; a rollback gives the number back.
    """
    return Invoice.objects.create(
        order=order,
        kind=Invoice.Kind.INVOICE,
        number=next_number(SERIES),
        issued_at=at,
        day=business_day(at),
        currency=order.currency,
        net_minor=order.total_minor - order.tax_minor,
        tax_minor=order.tax_minor,
        total_minor=order.total_minor,
        seller=seller(),
    )


def next_number(name: str) -> int:
    """Return the next number of a series and keep it locked to the end of the transaction."""
    series = NumberSeries.objects.filter(name=name)
    if not series.update(last=F("last") + 1):
        NumberSeries.objects.bulk_create([NumberSeries(name=name)], ignore_conflicts=True)
        series.update(last=F("last") + 1)
    return series.values_list("last", flat=True).get()


def seller() -> dict[str, str]:
    """Return who sells, as it is printed on an invoice issued now."""
    current = StoreSetting.current()
    return {
        "name": current.seller_name or settings.STORE_NAME,
        "address": current.seller_address,
        "vat_number": current.vat_number,
    }
