"""Credit notes: what takes an invoice back, in whole or in part, for the money that a refund gave back.

One is issued in the transaction that books a succeeded refund of the payment that paid for the order, never earlier; a
refund that fails afterwards gets a second one with negative amounts, which takes the first one back. Both stay.

Only what this shop invoiced can be credited. An order that was imported was invoiced where it was sold, and a test
order is no sale: neither has an invoice here, so a refund of theirs gets no credit note. A payment that was a surplus
paid for nothing, so its refund gets none either.
"""

from collections.abc import Sequence
from datetime import datetime

from orders.invoices import Rated, issue
from orders.ledger import RefundedLine
from orders.models import Invoice, Order


def issue_credit_note(
    order: Order,
    *,
    refund_id: int,
    at: datetime,
    lines: Sequence[RefundedLine],
    shipping_minor: int = 0,
    shipping_tax_minor: int = 0,
    is_reversal: bool = False,
) -> Invoice | None:
    """Credit what a refund gave back at `at`, or with `is_reversal` take that back; see `orders.invoices.issue`.

    Tax stands under the rates that the order was sold at. None for an order without an invoice, and for nothing.
    """
    if not order.invoices.filter(kind=Invoice.Kind.INVOICE).exists():
        return None
    sign = -1 if is_reversal else 1
    rated = [Rated(part.line.tax_rate_bps, sign * part.goods_minor, sign * part.tax_minor) for part in lines]
    rated.append(Rated(order.shipping_tax_rate_bps, sign * shipping_minor, sign * shipping_tax_minor))
    if not any(part.net_minor or part.tax_minor for part in rated):
        return None
    return issue(order, kind=Invoice.Kind.CREDIT_NOTE, at=at, rated=rated, refund_id=refund_id)
