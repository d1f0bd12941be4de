"""Faults of money in and money back: of a payment that was refunded in part, and of a refund that is on its way."""

from monitoring.tests.planting import Fault

LONG_AGO = "'2026-01-01'"
NOT_NEEDED = (
    "UPDATE payments_payment SET disposition = 'auto_refunded', refund_committed_minor = captured_minor "
    "WHERE id = :payment"
)
# Copies a payment with other values in some of its columns.
COLUMNS = (
    "INSERT INTO payments_payment (order_id, tender, checkout_url, amount_minor, captured_minor, "
    "refund_committed_minor, currency, status, disposition, livemode, card_brand, card_last4, created_at) "
)
PAID_BY_ANOTHER = COLUMNS + (
    "SELECT order_id, tender, '', amount_minor, amount_minor, 0, currency, 'succeeded', 'applied', livemode, '', '', "
    "created_at FROM payments_payment WHERE id = :payment"
)
LIVE_ONE = COLUMNS + (
    "SELECT order_id, tender, '', amount_minor, 0, 0, currency, 'expired', '', TRUE, '', '', created_at "
    "FROM payments_payment WHERE id = :payment"
)

PAYMENT_FAULTS = [
    Fault(
        "pay.currency_mismatch",
        "order:{order}:GBP",
        "UPDATE payments_payment SET currency = 'EUR' WHERE id = :payment",
        "UPDATE payments_payment SET currency = 'GBP' WHERE id = :payment",
    ),
    Fault(
        "pay.surplus_open",
        "payment:{payment}:GBP",
        "UPDATE payments_payment SET disposition = 'surplus', succeeded_at = :two_days_ago WHERE id = :payment",
        "UPDATE payments_payment SET disposition = 'applied' WHERE id = :payment",
        is_repairable=True,
    ),
    Fault(
        "pay.duplicate_capture",
        "payment:{payment}:GBP",
        "UPDATE payments_payment SET disposition = 'surplus', refund_committed_minor = captured_minor - 100 "
        "WHERE id = :payment",
        NOT_NEEDED,
        is_repairable=True,
        first=(NOT_NEEDED, PAID_BY_ANOTHER),
    ),
    Fault(
        "pay.stuck_processing",
        "payment:{payment}:GBP",
        f"UPDATE payments_payment SET status = 'processing', created_at = {LONG_AGO} WHERE id = :payment",
        "UPDATE payments_payment SET status = 'succeeded' WHERE id = :payment",
        guard="payments_payment.payment_applied_has_succeeded",
        is_repairable=True,
    ),
    Fault(
        "data.test_in_live",
        "order:{order}:GBP",
        "UPDATE payments_payment SET livemode = FALSE WHERE id = :payment",
        "UPDATE payments_payment SET livemode = TRUE WHERE id = :payment",
        first=("UPDATE payments_payment SET livemode = TRUE WHERE id = :payment", LIVE_ONE),
    ),
    Fault(
        "refund.over_refund",
        "payment:{payment}:GBP",
        "UPDATE payments_payment SET refund_committed_minor = refund_committed_minor - 1 WHERE id = :payment",
        "UPDATE payments_payment SET refund_committed_minor = refund_committed_minor + 1 WHERE id = :payment",
    ),
    Fault(
        "refund.over_refund",
        "payment:{payment}:GBP",
        "UPDATE payments_payment SET captured_minor = refund_committed_minor - 1 WHERE id = :payment",
        "UPDATE payments_payment SET captured_minor = amount_minor WHERE id = :payment",
        guard="payments_payment.payment_refunds_within_captured",
    ),
    Fault(
        "refund.over_refund",
        "refund:{on_its_way}:GBP",
        "UPDATE payments_refund SET failure_code = 'displaced', settled_at = NULL WHERE id = :on_its_way",
        "UPDATE payments_refund SET settled_at = :now, settled_note = 'transfer' WHERE id = :on_its_way",
        first=(
            "UPDATE payments_refund SET status = 'failed', failed_at = :now WHERE id = :on_its_way",
            "UPDATE payments_payment SET refund_committed_minor = refund_committed_minor - 100 WHERE id = :payment",
        ),
    ),
    Fault(
        "refund.stripe_missing_local",
        "stripe_refund:{refund_at_stripe}:GBP",
        "UPDATE payments_refund SET stripe_refund_id = 're_of_nobody' WHERE id = :refund",
        "UPDATE payments_refund SET stripe_refund_id = :refund_at_stripe WHERE id = :refund",
        is_repairable=True,
    ),
    Fault(
        "refund.stripe_missing_local",
        "stripe_refund:re_unheard_of",
        "UPDATE payments_webhookevent SET type = 'refund.created', object_id = 're_unheard_of' WHERE id = :event",
        "UPDATE payments_webhookevent SET object_id = :refund_at_stripe WHERE id = :event",
    ),
    Fault(
        "refund.canceled_not_refunded",
        "order:{order}:GBP",
        "UPDATE orders_order SET status = 'canceled', canceled_at = :now WHERE id = :order",
        "UPDATE orders_order SET status = 'paid', canceled_at = NULL WHERE id = :order",
        is_repairable=True,
    ),
    Fault(
        "refund.stuck_pending",
        "refund:{on_its_way}:GBP",
        "UPDATE payments_refund SET created_at = :eleven_days_ago WHERE id = :on_its_way",
        "UPDATE payments_refund SET created_at = :now WHERE id = :on_its_way",
        is_repairable=True,
    ),
    Fault(
        "refund.failed_unattended",
        "refund:{on_its_way}:GBP",
        "UPDATE payments_refund SET status = 'failed', failed_at = :two_days_ago, settled_at = NULL "
        "WHERE id = :on_its_way",
        "UPDATE payments_refund SET settled_at = :now, settled_note = 'bank transfer' WHERE id = :on_its_way",
    ),
]
