"""Faults of invoices and credit notes, which nothing but raw SQL with the triggers out of the way can write."""

from monitoring.tests.planting import Fault

INVOICE_FAULTS = [
    Fault(
        "invoice.ledger_mismatch",
        "order:{order}:GBP",
        "UPDATE orders_invoice SET net_minor = net_minor + 1, total_minor = total_minor + 1 "
        "WHERE order_id = :order AND kind = 'credit_note'",
        "UPDATE orders_invoice SET net_minor = net_minor - 1, total_minor = total_minor - 1 "
        "WHERE order_id = :order AND kind = 'credit_note'",
        guard="append-only",
    ),
    Fault(
        "invoice.ledger_mismatch",
        "order:{order}:GBP",
        "UPDATE orders_invoice SET order_id = :pending WHERE order_id = :order AND kind = 'invoice'",
        "UPDATE orders_invoice SET order_id = :order WHERE order_id = :pending AND kind = 'invoice'",
        guard="append-only",
    ),
]
