"""The tables of payments, refunds and of the traffic with Stripe."""

from payments.models.exchange import OutboundCall, WebhookEvent
from payments.models.payment import Payment, PaymentAttempt, Refund, RefundLine

__all__ = ["OutboundCall", "Payment", "PaymentAttempt", "Refund", "RefundLine", "WebhookEvent"]
