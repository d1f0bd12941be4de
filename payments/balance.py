"""Bringing Stripe's balance transactions in: append-only, any number of times, by anybody at once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Min

from core.days import business_day
from core.dirty import mark
from core.models import JobRun
from payments import balance_client
from payments.balance_client import Movement
from payments.client import is_live
from payments.handling import handles
from payments.models import BalanceTransaction, Payment, WebhookEvent

JOB = "payments.import_balance"
OVERLAP = timedelta(hours=2)
WIDE_OVERLAP = timedelta(days=7)


def import_balance(*, overlap: timedelta = OVERLAP) -> int:
    """Bring in every movement since the last complete import, and `overlap` before it; return how many are new.

    Safe to repeat and to run at once. Never inside a transaction. Raises GatewayError when Stripe cannot be asked: what
    was read by then is kept, and the next import begins where this one did.
    """
    since = import_from()
    if since is None:
        return 0
    return import_between(since - overlap)


def import_from() -> datetime | None:
    """Return the moment up to which everything is here; None in a shop that never took money through Stripe.

    The newest movement alone would not do: an event brings in a single one, and what lies before it may be missing.
    """
    known = BalanceTransaction.objects.filter(is_imported=False).aggregate(newest=Max("at"))["newest"]
    run = imported_at()
    if known is not None and run is not None:
        return min(known, run)
    ours = Payment.objects.filter(tender=Payment.Tender.STRIPE, livemode=is_live())
    return ours.aggregate(first=Min("created_at"))["first"]


def imported_at() -> datetime | None:
    """Return when the last complete import began; None if there was none."""
    return JobRun.objects.filter(job=JOB, state=JobRun.State.SUCCEEDED).aggregate(latest=Max("started_at"))["latest"]


def import_between(start: datetime, end: datetime | None = None) -> int:
    """Bring in the movements created from `start` on, and before `end` if it is given; return how many are new."""
    return sum(len(keep_movements(page)) for page in balance_client.movements_since(start, end))


def import_movements_of(source_id: str) -> int:
    """Bring in the movements that a charge, refund, dispute or payout caused; return how many are new."""
    return sum(len(keep_movements(page)) for page in balance_client.movements_of(source_id))


@transaction.atomic
def keep_movements(movements: Iterable[Movement]) -> list[BalanceTransaction]:
    """Store the movements that are not here yet, mark their days, and return them.

    Two that import the same at once store each row once; both mark its day, which does no harm.
    """
    told = {movement.id: movement for movement in movements}
    known = set(BalanceTransaction.objects.filter(stripe_id__in=told).values_list("stripe_id", flat=True))
    fresh = [movement for movement in told.values() if movement.id not in known]
    if not fresh:
        return []
    BalanceTransaction.objects.bulk_create([_row(movement) for movement in fresh], ignore_conflicts=True)
    stored = list(BalanceTransaction.objects.filter(stripe_id__in=[movement.id for movement in fresh]))
    if len(stored) < len(fresh):  # SQLite passes over a row that breaks a rule, where PostgreSQL raises
        raise IntegrityError("a movement of the balance was not stored")
    mark("balance_transaction", ((row.pk, row.day) for row in stored))
    return stored


def _row(movement: Movement) -> BalanceTransaction:
    return BalanceTransaction(
        stripe_id=movement.id,
        type=movement.type[:60],
        reporting_category=movement.reporting_category[:60],
        amount_minor=movement.amount_minor,
        fee_minor=movement.fee_minor,
        net_minor=movement.net_minor,
        currency=movement.currency,
        at=movement.at,
        day=business_day(movement.at),
        available_on=movement.available_on,
        exchange_rate=movement.exchange_rate,
        source_id=movement.source_id,
    )


@handles(
    "charge.updated",
    "refund.*",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
)
def import_movements_of_event(event: WebhookEvent) -> bool:
    """Bring in the movements of the charge, refund or dispute that an event is about; False if it has none yet.

    What the event names and is here already costs no call: most charges have been imported by then.
    """
    named = named_movements(event.subject)
    if named is not None:
        known = BalanceTransaction.objects.filter(stripe_id__in=named).count()
        if known == len(named):
            return known > 0
    return import_movements_of(event.object_id) > 0


def named_movements(subject: dict[str, Any]) -> set[str] | None:
    """Return the ids of the movements that one of Stripe's objects names; None if it does not say."""
    fields = ("balance_transaction", "failure_balance_transaction", "balance_transactions")
    if not any(field in subject for field in fields):
        return None
    values: list[object] = []
    for field in fields:
        value = subject.get(field)
        values += value if isinstance(value, list) else [value]
    ids = [value.get("id") if isinstance(value, dict) else value for value in values]
    return {found for found in ids if isinstance(found, str) and found}
