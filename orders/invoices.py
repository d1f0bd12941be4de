"""Invoices: numbered without gaps, immutable, with the seller frozen as it was and the tax by rate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from core.days import business_day
from core.models import NumberSeries, StoreSetting
from orders.models import Invoice, Order, OrderLine
from orders.splitting import parts_of

type TaxRates = list[dict[str, int | None]]
SERIES = f'"{NumberSeries._meta.db_table}"'
NEXT_NUMBER = (
    f"INSERT INTO {SERIES} (name, last) VALUES (%s, 1) "  # noqa: S608  the name comes from the model
    f"ON CONFLICT (name) DO UPDATE SET last = {SERIES}.last + 1 RETURNING last"
)


@dataclass(frozen=True)
class Rated:
    """An amount ex tax with its tax, both in minor units, under a rate in basis points; None if it is not known."""

    rate_bps: int | None
    net_minor: int
    tax_minor: int


def issue_invoice(order: Order, lines: Sequence[OrderLine], *, at: datetime) -> Invoice:
    """Give a sold order its invoice with the next number, in the caller's transaction; see `issue`."""
    sold = parts_of(order, lines)
    rated = [Rated(line.tax_rate_bps, net, tax) for line, net, tax in zip(lines, sold.goods, sold.tax, strict=True)]
    rated.append(Rated(order.shipping_tax_rate_bps, sold.shipping, sold.shipping_tax))
    return issue(order, kind=Invoice.Kind.INVOICE, at=at, rated=rated)


def issue(
    order: Order, *, kind: Invoice.Kind, at: datetime, rated: Iterable[Rated], refund_id: int | None = None
) -> Invoice:
    """Write an invoice or credit note over these amounts, with the next number of its kind.

    The row of the series stays locked until the caller's transaction ends, so take the number last; a rollback gives
    it back. The database refuses any other number than the next one.
    """
    rates = by_rate(rated)
    net, tax = (sum(row[name] or 0 for row in rates) for name in ("net_minor", "tax_minor"))
    return Invoice.objects.create(
        order=order,
        kind=kind,
        number=next_number(kind),
        issued_at=at,
        day=business_day(at),
        currency=order.currency,
        net_minor=net,
        tax_minor=tax,
        total_minor=net + tax,
        refund_id=refund_id,
        seller=seller(),
        tax_rates=rates,
    )


def by_rate(rated: Iterable[Rated]) -> TaxRates:
    """Add amounts up by their rate: the highest first, an unknown one last, and none under which nothing stands."""
    sums: dict[int | None, tuple[int, int]] = {}
    for part in rated:
        net, tax = sums.get(part.rate_bps, (0, 0))
        sums[part.rate_bps] = (net + part.net_minor, tax + part.tax_minor)
    known = sorted((rate for rate in sums if rate is not None), reverse=True)
    rates: list[int | None] = [*known, None] if None in sums else [*known]
    return [
        {"rate_bps": rate, "net_minor": sums[rate][0], "tax_minor": sums[rate][1]} for rate in rates if any(sums[rate])
    ]


def next_number(name: str) -> int:
    """Return the next number of a series and keep it locked to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [name])
        return cursor.fetchone()[0]


def seller() -> dict[str, str]:
    """Return who sells, as it is printed on an invoice issued now."""
    current = StoreSetting.current()
    return {
        "name": current.seller_name or settings.STORE_NAME,
        "address": current.seller_address,
        "vat_number": current.vat_number,
    }
