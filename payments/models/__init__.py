"""The tables of payments, refunds, disputes, Stripe's balance, and of the traffic with Stripe."""

from payments.models.balance import BalanceTransaction, Payout, PayoutItem
from payments.models.dispute import Dispute
from payments.models.exchange import OutboundCall, WebhookEvent, WebhookFailure
from payments.models.payment import Payment, PaymentAttempt, Refund, RefundLine

__all__ = [
    "BalanceTransaction",
    "Dispute",
    "OutboundCall",
    "Payment",
    "PaymentAttempt",
    "Payout",
    "PayoutItem",
    "Refund",
    "RefundLine",
    "WebhookEvent",
    "WebhookFailure",
]
