"""What this shop knows that Stripe must have booked: for each reporting category, our rows and what they come to.

The reporting categories are Stripe's (https://docs.stripe.com/reports/reporting-categories). Those without a side here,
fees above all, are Stripe's alone: there is nothing of ours to hold them against.
"""

from dataclasses import dataclass

CHARGES = ("charge", "charge_failure", "partial_capture_reversal")
REFUNDS = ("refund", "refund_failure")
DISPUTES = ("dispute", "dispute_reversal")
FEES = ("fee",)
PAYOUTS = ("payout", "payout_reversal")
TOPUPS = ("topup", "topup_reversal")


@dataclass(frozen=True)
class Side:
    """Our rows of a reporting category.

    `facts` is a query of id, source (Stripe's id of it), amount (signed), currency, at, and is_expected: 1 for a row
    that Stripe must have booked, 0 for one that it may have. It has a parameter `live`.
    """

    category: str
    entity: str
    facts: str


SIDES = (
    Side(
        "charge",
        "payment",
        """SELECT p.id, p.stripe_charge_id AS source, p.captured_minor AS amount, p.currency, p.succeeded_at AS at,
            1 AS is_expected
        FROM payments_payment p WHERE p.tender = 'stripe' AND p.status = 'succeeded' AND p.livemode = %(live)s""",
    ),
    # A refund that is on its way may be booked already, or only once there is money for it.
    Side(
        "refund",
        "refund",
        """SELECT r.id, r.stripe_refund_id AS source, -r.amount_minor AS amount, r.currency,
            COALESCE(r.refunded_at, r.created_at) AS at,
            CASE WHEN r.status = 'succeeded' THEN 1 ELSE 0 END AS is_expected
        FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
        WHERE p.tender = 'stripe' AND p.livemode = %(live)s
            AND (r.stripe_refund_id IS NOT NULL OR r.status = 'succeeded')""",
    ),
    # One that failed before it was booked is booked neither way.
    Side(
        "refund_failure",
        "refund",
        """SELECT r.id, r.stripe_refund_id AS source, r.amount_minor AS amount, r.currency,
            COALESCE(r.failed_at, r.created_at) AS at, 1 AS is_expected
        FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
        WHERE p.tender = 'stripe' AND p.livemode = %(live)s AND r.status IN ('failed', 'canceled')
            AND EXISTS (SELECT 1 FROM payments_balancetransaction t
                WHERE t.source_id = r.stripe_refund_id AND t.reporting_category = 'refund')""",
    ),
    Side(
        "dispute",
        "dispute",
        """SELECT d.id, d.stripe_dispute_id AS source, -d.amount_minor AS amount, d.currency, d.opened_at AS at,
            1 AS is_expected
        FROM payments_dispute d LEFT JOIN payments_payment p ON p.id = d.payment_id
        WHERE NOT d.is_inquiry AND d.livemode = %(live)s AND COALESCE(p.tender, 'stripe') = 'stripe'""",
    ),
    Side(
        "dispute_reversal",
        "dispute",
        """SELECT d.id, d.stripe_dispute_id AS source, d.amount_minor AS amount, d.currency, d.closed_at AS at,
            1 AS is_expected
        FROM payments_dispute d LEFT JOIN payments_payment p ON p.id = d.payment_id
        WHERE NOT d.is_inquiry AND d.outcome = 'won' AND d.livemode = %(live)s
            AND COALESCE(p.tender, 'stripe') = 'stripe'""",
    ),
    Side(
        "payout",
        "payout",
        """SELECT o.id, o.stripe_id AS source, -o.amount_minor AS amount, o.currency, o.created_at AS at,
            1 AS is_expected
        FROM payments_payout o WHERE NOT o.is_imported""",
    ),
    Side(
        "payout_reversal",
        "payout",
        """SELECT o.id, o.stripe_id AS source, o.amount_minor AS amount, o.currency, o.synced_at AS at,
            1 AS is_expected
        FROM payments_payout o WHERE NOT o.is_imported AND o.status IN ('failed', 'canceled')""",
    ),
)
