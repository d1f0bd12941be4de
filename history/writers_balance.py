"""Stripe's books in a history: movements of the balance, and payouts."""

from core.days import business_day, day_bounds
from core.making import Maker
from history.fields import BadLine
from history.naming import stripe_name
from history.records import PayoutRecord, TransactionRecord
from history.refs import World
from payments.models import BalanceTransaction, Payout, PayoutItem

_make_transaction, _make_item = Maker(BalanceTransaction), Maker(PayoutItem)
# Stripe's type of a transaction is that of its category, but for these.
TYPES = {"dispute": "adjustment", "dispute_reversal": "adjustment", "fee": "stripe_fee"}
OF_PAYOUTS = ("payout", "payout_reversal")  # what moves a payout itself is no part of one


def add_transaction(world: World, record: TransactionRecord) -> BalanceTransaction:
    """Plan a movement of the balance, and that it is a part of its payout. Raises BadLine."""
    payout = _payout(world, record)
    name = stripe_name(world.source, record.ref)
    there = world.at_stripe.get(name)
    if isinstance(there, BalanceTransaction):
        _refuse_other(there, record)
        transaction = there
    else:
        transaction = _transaction(name, record)
        world.plan.transactions.append(transaction)
    if payout is not None and record.reporting_category not in OF_PAYOUTS:
        _make_part(world, transaction, payout, record)
    return transaction


def add_payout(world: World, record: PayoutRecord) -> Payout:
    """Plan a payout; its parts follow. Raises BadLine."""
    name = stripe_name(world.source, record.ref)
    there = world.at_stripe.get(name)
    if isinstance(there, Payout):
        content = (there.amount_minor, there.currency, there.arrives_on)
        if content != (record.amount, record.currency, record.arrives_on):
            raise BadLine("ref", f"{record.ref} is known here with other content")
        payout = there
    else:
        payout = Payout(
            stripe_id=name,
            amount_minor=record.amount,
            currency=record.currency,
            status=record.status,
            is_automatic=record.automatic,
            arrives_on=record.arrives_on,
            created_at=day_bounds(record.arrives_on)[0],
            is_imported=True,
        )
        world.plan.payouts.append(payout)
    world.payouts[record.ref] = payout
    return payout


def _payout(world: World, record: TransactionRecord) -> Payout | None:
    if not record.payout:
        return None
    payout = world.payouts.get(record.payout)
    if payout is None:
        raise BadLine("payout", f"there is no payout {record.payout}")
    if payout.currency != record.currency:
        raise BadLine("currency", f"{record.currency} is not the {payout.currency} of its payout")
    return payout


def _transaction(name: str, record: TransactionRecord) -> BalanceTransaction:
    return _make_transaction(
        stripe_id=name,
        type=TYPES.get(record.reporting_category, record.reporting_category),
        reporting_category=record.reporting_category,
        amount_minor=record.amount,
        fee_minor=record.fee,
        net_minor=record.net,
        currency=record.currency,
        at=record.at,
        day=business_day(record.at),
        source_id=record.source,
        is_imported=True,
    )


def _refuse_other(there: BalanceTransaction, record: TransactionRecord) -> None:
    known = (there.reporting_category, there.amount_minor, there.fee_minor, there.currency)
    if known != (record.reporting_category, record.amount, record.fee, record.currency):
        raise BadLine("ref", f"{record.ref} is known here with other content")


def _make_part(world: World, transaction: BalanceTransaction, payout: Payout, record: TransactionRecord) -> None:
    """Make a transaction a part of its payout. A payout of a file is taken to name all its parts if it names one."""
    carrier = world.carriers.get(transaction.pk) if transaction.pk else None
    if carrier is not None:
        if carrier != payout.pk:
            raise BadLine("payout", f"{record.ref} is part of another payout here")
        return
    world.plan.parts.append(_make_item(payout=payout, balance_transaction=transaction))
    if payout.is_imported and not payout.items_complete:
        payout.items_complete = True
        if payout.pk is not None:
            world.plan.completed.append(payout)
