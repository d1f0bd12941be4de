"""Faults of Stripe's books: of a charge that is part of a payout, and of a refund that is not."""

from monitoring.tests.planting import Fault

AGED = "UPDATE payments_refund SET refunded_at = :two_days_ago WHERE id = :refund"
UNBOOKED = "DELETE FROM payments_balancetransaction WHERE source_id = :refund_at_stripe"
BOOKED_AGAIN = (
    "INSERT INTO payments_balancetransaction (stripe_id, type, reporting_category, amount_minor, fee_minor, net_minor, "
    "currency, at, day, source_id, is_imported, recorded_at) SELECT 'txn_again', 'refund', 'refund', -amount_minor, 0, "
    "-amount_minor, currency, :now, :day, stripe_refund_id, FALSE, :now FROM payments_refund WHERE id = :refund"
)
TOO_MUCH = "UPDATE payments_payment SET captured_minor = captured_minor + 1 WHERE id = :payment"
RIGHT_AGAIN = "UPDATE payments_payment SET captured_minor = captured_minor - 1 WHERE id = :payment"

STRIPE_FAULTS = [
    Fault(
        "stripe.missing_txn",
        "refund:{refund}:GBP",
        UNBOOKED,
        BOOKED_AGAIN,
        guard="append-only",
        is_repairable=True,
        first=(AGED,),
    ),
    Fault("stripe.missing_txn", "payment:{payment}:GBP", TOO_MUCH, RIGHT_AGAIN, is_repairable=True),
    Fault("stripe.day_drift", "stripe_day:{day}/GBP/charge:GBP", TOO_MUCH, RIGHT_AGAIN, is_repairable=True),
    Fault(
        "stripe.day_drift",
        "stripe_day:{day}/GBP/net:GBP",
        "UPDATE payments_balancetransaction SET net_minor = net_minor + 1 WHERE source_id = :charge",
        "UPDATE payments_balancetransaction SET net_minor = net_minor - 1 WHERE source_id = :charge",
        guard="append-only+payments_balancetransaction.balance_transaction_net_is_rest",
    ),
    Fault(
        "stripe.payout_mismatch",
        "payout:{payout}:GBP",
        "UPDATE payments_payout SET amount_minor = amount_minor + 1 WHERE id = :payout",
        "UPDATE payments_payout SET amount_minor = amount_minor - 1 WHERE id = :payout",
        is_repairable=True,
    ),
    Fault(
        "stripe.payout_mismatch",
        "payout:{payout}:GBP",
        "DELETE FROM payments_payoutitem WHERE payout_id = :payout",
        "INSERT INTO payments_payoutitem (payout_id, balance_transaction_id) "
        "SELECT p.id, t.id FROM payments_payout p, payments_balancetransaction t "
        "WHERE p.id = :payout AND t.source_id = :charge",
        is_repairable=True,
    ),
    Fault(
        "stripe.payout_mismatch",
        "payout:{payout}:GBP",
        "UPDATE payments_payout SET items_complete = FALSE, created_at = :eleven_days_ago WHERE id = :payout",
        "UPDATE payments_payout SET items_complete = TRUE WHERE id = :payout",
        is_repairable=True,
    ),
]
