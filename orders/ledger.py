"""The sales ledger: what a sale or a refund adds to it (pure), and the writer.

Amounts follow the definitions in `kpis.md`: ex tax, by business day of the sale or of the refund. A line's entry holds
its own tax, the entry for delivery holds delivery's; an entry of kind `tax` only exists for imported tax that nothing
was charged for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.days import business_day
from core.dirty import mark
from core.making import Maker
from core.money import divide_half_up, tax_inside
from orders.models import Order, OrderLine, SalesEntry

SOURCE = "sales_entry"
Kind = SalesEntry.Kind
_make_entry = Maker(SalesEntry)


@dataclass(frozen=True)
class RefundedLine:
    """What a refund gives back of a line: goods ex tax and their tax. `restocked` units give their cost back."""

    line: OrderLine
    quantity: int
    goods_minor: int
    tax_minor: int
    restocked_quantity: int = 0


def sale_entries(order: Order, lines: Sequence[OrderLine]) -> list[SalesEntry]:
    """Return the entries of a sale, unsaved, dated by `order.paid_at`: the sale, each line, delivery."""
    if order.paid_at is None:
        raise ValueError("an order that is not paid is no sale")
    at, day = order.paid_at, business_day(order.paid_at)
    entries = [_entry(order, Kind.SALE, at, day), *(_line_entry(order, line, at, day) for line in lines)]
    charged = order.shipping_charged_minor
    if charged or order.shipping_tax_minor:
        net = charged - order.shipping_tax_minor if order.prices_include_tax else charged
        entries.append(_entry(order, Kind.SHIPPING, at, day, shipping_minor=net, tax_minor=order.shipping_tax_minor))
    rest = order.tax_minor - order.shipping_tax_minor - sum(line.tax_minor for line in lines)
    if rest:
        entries.append(_entry(order, Kind.TAX, at, day, tax_minor=rest))
    return entries


def refund_entries(
    order: Order,
    *,
    refund_id: int,
    at: datetime,
    lines: Sequence[RefundedLine],
    shipping_minor: int = 0,
    shipping_tax_minor: int = 0,
    is_reversal: bool = False,
) -> list[SalesEntry]:
    """Return the entries of a refund that succeeded at `at`, or their opposites when it failed at `at` afterwards."""
    sign = -1 if is_reversal else 1
    kind = Kind.REFUND_REVERSAL if is_reversal else Kind.REFUND
    day = business_day(at)
    entries = [
        _entry(
            order,
            kind,
            at,
            day,
            line=part.line,
            refund_id=refund_id,
            returns_minor=sign * part.goods_minor,
            tax_minor=-sign * part.tax_minor,
            units=-sign * part.quantity,
            cost_minor=_cost(part.line, -sign * part.restocked_quantity),
        )
        for part in lines
    ]
    if shipping_minor or shipping_tax_minor:
        entries.append(
            _entry(
                order,
                kind,
                at,
                day,
                refund_id=refund_id,
                shipping_minor=-sign * shipping_minor,
                tax_minor=-sign * shipping_tax_minor,
            )
        )
    return entries


def post(entries: Iterable[SalesEntry]) -> list[SalesEntry]:
    """Write entries in the caller's transaction and mark the days whose snapshots they change."""
    saved = SalesEntry.objects.bulk_create(list(entries))
    mark(SOURCE, ((entry.pk, day) for entry in saved for day in days_of(entry)))
    return saved


def days_of(entry: SalesEntry) -> list[date]:
    """Return the days whose snapshots an entry changes: its own, and for a refund that of its sale."""
    days = {entry.day}
    if entry.refund_id is not None and entry.order.paid_at is not None:
        days.add(business_day(entry.order.paid_at))
    return sorted(days)


def _line_entry(order: Order, line: OrderLine, at: datetime, day: date) -> SalesEntry:
    listed = line.gross_minor
    if order.prices_include_tax:
        gross = listed - _tax_inside(line, listed)
        discount = gross - (line.total_minor - line.tax_minor)
    else:
        gross, discount = listed, line.discount_minor
    return _entry(
        order,
        Kind.LINE,
        at,
        day,
        line=line,
        gross_minor=gross,
        discount_minor=discount,
        tax_minor=line.tax_minor,
        units=line.quantity,
        cost_minor=_cost(line, line.quantity),
    )


def _tax_inside(line: OrderLine, listed_minor: int) -> int:
    """Return the tax inside a line's list price: by its rate, or for an imported line by what was charged."""
    if line.tax_rate_bps is None and line.total_minor:
        return divide_half_up(listed_minor * line.tax_minor, line.total_minor)
    return tax_inside(listed_minor, line.tax_rate_bps or 0)


def _cost(line: OrderLine, quantity: int) -> int | None:
    return None if line.unit_cost_minor is None else quantity * line.unit_cost_minor


def _entry(order: Order, kind: Kind, at: datetime, day: date, **amounts: object) -> SalesEntry:
    return _make_entry(order=order, kind=kind, at=at, day=day, currency=order.currency, **amounts)
