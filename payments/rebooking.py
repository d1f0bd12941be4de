"""Asking Stripe again about what does not agree: its movements, and the payment, refund, dispute or payout behind them.

Nothing here opens a transaction around a call, and all of it is safe to repeat. GatewayError says that Stripe cannot be
asked; what was read by then is kept.
"""

from collections.abc import Callable
from datetime import date
from itertools import islice

from payments import balance_client
from payments.balance import import_between, import_movements_of
from payments.disputes import sync_dispute
from payments.errors import GatewayRefused
from payments.matching import Days, Pair, differing_pairs
from payments.models import Dispute, Refund
from payments.payment_events import payment_of
from payments.payouts import sync_payout
from payments.sync import sync_payment

MOST_AT_ONCE = 200


def ask_again_about_day(day: date, category: str, currency: str) -> int:
    """Bring in a day of Stripe's balance, then ask about each row of a category that still differs; return how many."""
    days = Days(day, day)
    import_between(*days.bounds)
    apart = [pair for pair in differing_pairs(days, currency=currency) if pair.category == category]
    for pair in islice(apart, MOST_AT_ONCE):
        ask_again_about(pair)
    return len(apart)


def ask_again_about(pair: Pair) -> None:
    """Ask Stripe about one row that differs. What Stripe does not know is left as it is."""
    ask = SYNCS.get(pair.entity)
    if ask is None:  # a movement that is wrong in itself: it cannot be changed, only looked at
        return
    try:
        ask(pair.pk, pair.source_id)
    except GatewayRefused as refusal:
        if refusal.code != "resource_missing":
            raise


def ask_again_about_payment(pk: int | None, charge_id: str) -> None:
    """Bring a payment of ours, or the one that a charge belongs to, to what Stripe says, with its movements."""
    if pk is None:
        found = payment_of(balance_client.fetch_charge(charge_id))
        pk = found.pk if found else None
    if pk is not None:
        charge_id = sync_payment(pk).stripe_charge_id or charge_id
    if charge_id:
        import_movements_of(charge_id)


def ask_again_about_refund(pk: int | None, refund_id: str) -> None:
    """Bring the payment of a refund of ours, or of one made at Stripe, to what Stripe says, with its movements."""
    if pk is None:
        found = payment_of(balance_client.fetch_refund(refund_id))
        payment_id = found.pk if found else None
    else:
        payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=pk)
    if payment_id is not None:
        sync_payment(payment_id)
    if pk is not None:
        refund_id = Refund.objects.get(pk=pk).stripe_refund_id or refund_id
    if refund_id:
        import_movements_of(refund_id)


def ask_again_about_dispute(pk: int | None, dispute_id: str) -> None:
    """Bring a dispute to what Stripe says, with its movements."""
    if pk is not None:
        dispute_id = Dispute.objects.get(pk=pk).stripe_dispute_id or dispute_id
    if dispute_id:
        sync_dispute(dispute_id)
        import_movements_of(dispute_id)


def ask_again_about_payout(_pk: int | None, payout_id: str) -> None:
    """Bring a payout to what Stripe says, with all that it is made of."""
    sync_payout(payout_id, with_parts=True)
    import_movements_of(payout_id)


SYNCS: dict[str, Callable[[int | None, str], None]] = {
    "payment": ask_again_about_payment,
    "refund": ask_again_about_refund,
    "dispute": ask_again_about_dispute,
    "payout": ask_again_about_payout,
}
