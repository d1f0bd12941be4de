"""Invoices and credit notes: what they come to is what the ledger holds."""

from collections.abc import Iterator

from monitoring.models import Severity
from monitoring.reading import order_number, rows
from monitoring.registry import Finding, Look, check
from orders.models import Invoice

# Money that this shop took: an imported order was invoiced where it was sold. A free one comes to nothing either way.
DRIFT = """
SELECT o.id, o.currency, e.net, e.tax, COALESCE(d.net, 0), COALESCE(d.tax, 0)
FROM (
    SELECT order_id, SUM(gross_minor - discount_minor - returns_minor + shipping_minor) AS net, SUM(tax_minor) AS tax
    FROM orders_salesentry
    GROUP BY order_id
) e
JOIN orders_order o ON o.id = e.order_id
JOIN payments_payment p ON p.order_id = o.id AND p.disposition = 'applied' AND p.tender = 'stripe'
LEFT JOIN (
    SELECT order_id, SUM(CASE WHEN kind = 'invoice' THEN net_minor ELSE -net_minor END) AS net,
           SUM(CASE WHEN kind = 'invoice' THEN tax_minor ELSE -tax_minor END) AS tax
    FROM orders_invoice
    GROUP BY order_id
) d ON d.order_id = o.id
WHERE e.net <> COALESCE(d.net, 0) OR e.tax <> COALESCE(d.tax, 0)
ORDER BY o.id
"""


@check(
    "invoice.ledger_mismatch",
    title="Invoice and credit notes are not what the ledger holds",
    rule="The invoice of an order less its credit notes comes to what the sales ledger holds of it, net and tax.",
    severity=Severity.HIGH,
    what_to_do=(
        "Compare the documents of the order with its refunds and its entries in the journal export. Neither can be "
        "changed: find out what wrote only one of the two, and tell the accountant before the month is closed."
    ),
)
def ledger_mismatch() -> Look:
    """Orders paid here whose documents are missing or differ from the ledger."""

    def findings() -> Iterator[Finding]:
        for pk, currency, *amounts in rows(DRIFT):
            net, tax, document_net, document_tax = map(int, amounts)
            yield Finding(
                "order",
                pk,
                {"net_minor": net, "tax_minor": tax},
                {"net_minor": document_net, "tax_minor": document_tax},
                subject=f"Order {order_number(pk)}",
                currency=currency,
                size=abs(net - document_net) + abs(tax - document_tax),
            )

    return Look(Invoice.objects.count(), findings())
