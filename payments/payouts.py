"""Payouts: what Stripe sends to the bank, what became of it, and the movements that each is made of."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min, Q
from django.utils import timezone

from core.days import business_day, today
from core.dirty import mark
from payments import balance_client
from payments.balance import keep_movements
from payments.balance_client import Movement, PayoutState
from payments.client import is_live
from payments.handling import handles
from payments.models import BalanceTransaction, Payment, Payout, PayoutItem, WebhookEvent

UNFINISHED = ("pending", "in_transit")
PAID = "paid"
MAY_FAIL_FOR = timedelta(days=14)  # a payout that says `paid` can still fail: within 5 business days, says Stripe
MOST_AT_ONCE = 100
BATCH = 500
OWN = "payout"  # the reporting category of the movement of a payout itself, which is no part of any


def import_payouts() -> int:
    """Bring payouts to what Stripe says, those of the last two weeks and any not finished; return how many were asked.

    Safe to repeat and to run at once. Never inside a transaction. Raises GatewayError when Stripe cannot be asked.
    """
    since = _since()
    if since is None:
        return 0
    asked_at = timezone.now()
    seen: set[str] = set()
    for page in balance_client.payouts_since(since):
        for state in page:
            _take(state, asked_at=asked_at)
            seen.add(state.id)
    for payout_id in _left_open(seen):
        sync_payout(payout_id)
        seen.add(payout_id)
    return len(seen)


def _since() -> datetime | None:
    ours = Payout.objects.filter(is_imported=False)
    if (newest := ours.aggregate(newest=Max("created_at"))["newest"]) is not None:
        return newest - MAY_FAIL_FOR
    taken = Payment.objects.filter(tender=Payment.Tender.STRIPE, livemode=is_live())
    return taken.aggregate(first=Min("created_at"))["first"]


def _left_open(seen: set[str]) -> list[str]:
    left = Payout.objects.filter(Q(status__in=UNFINISHED) | Q(is_automatic=True, items_complete=False, status="paid"))
    left = left.filter(is_imported=False).exclude(stripe_id__in=seen)
    return list(left.order_by("synced_at", "pk").values_list("stripe_id", flat=True)[:MOST_AT_ONCE])


@handles("payout.*")
def follow_payout(event: WebhookEvent) -> bool:
    """Bring the payout that an event is about to what Stripe says."""
    sync_payout(event.object_id)
    return True


def sync_payout(stripe_id: str, *, with_parts: bool = False) -> Payout:
    """Fetch a payout and store it, with its parts if they are not here yet or are asked for once more.

    Safe to repeat; never inside a transaction. Raises GatewayRefused for a payout that Stripe does not know,
    GatewayUnclear when it cannot be asked.
    """
    asked_at = timezone.now()
    return _take(balance_client.fetch_payout(stripe_id), asked_at=asked_at, with_parts=with_parts)


def _take(state: PayoutState, *, asked_at: datetime, with_parts: bool = False) -> Payout:
    payout = keep_payout(state, asked_at=asked_at)
    if state.is_itemised and (with_parts or not payout.items_complete):
        payout = keep_parts(payout.pk, balance_client.parts_of(state.id))
    return payout


@transaction.atomic
def keep_payout(state: PayoutState, *, asked_at: datetime) -> Payout:
    """Store what Stripe said of a payout when it was asked at `asked_at`; an older answer changes nothing."""
    is_new = not Payout.objects.filter(stripe_id=state.id).exists()
    if is_new:
        Payout.objects.bulk_create([_row(state, asked_at)], ignore_conflicts=True)
    payout = Payout.objects.lock().get(stripe_id=state.id)
    if payout.synced_at > asked_at:
        return payout
    before = (payout.status, payout.arrives_on)
    payout.amount_minor, payout.status, payout.failure_code = state.amount_minor, state.status, state.failure_code
    payout.arrives_on, payout.synced_at = arrival_day(state.arrives_at), asked_at
    payout.save()
    if is_new or before != (payout.status, payout.arrives_on):
        # A day to come counts nothing yet, unless it holds what was paid by its arrival already.
        was_paid = PAID in (payout.status, before[0])
        days = {business_day(payout.created_at), payout.arrives_on, before[1]}
        mark("payout", ((payout.pk, day) for day in sorted(days) if was_paid or day <= today()))
    return payout


def arrival_day(arrives_at: datetime) -> date:
    """Return the day on which a payout is expected at the bank: Stripe writes it as that day's midnight in UTC."""
    return arrives_at.astimezone(UTC).date()


def _row(state: PayoutState, asked_at: datetime) -> Payout:
    return Payout(
        stripe_id=state.id,
        amount_minor=state.amount_minor,
        currency=state.currency,
        status=state.status,
        is_automatic=state.is_automatic,
        arrives_on=arrival_day(state.arrives_at),
        created_at=state.created_at,
        failure_code=state.failure_code,
        synced_at=asked_at,
    )


def keep_parts(payout_id: int, pages: Iterable[Sequence[Movement]]) -> Payout:
    """Store all that a payout is made of, movements that are not here yet included. Safe to repeat.

    The movement of the payout itself, which Stripe lists beside them, is no part of it. Pages are read and stored one
    by one, and the parts once all are here.
    """
    keys: set[int] = set()
    for page in pages:
        keep_movements(page)
        ids = [movement.id for movement in page if movement.reporting_category != OWN]
        keys.update(BalanceTransaction.objects.filter(stripe_id__in=ids).values_list("pk", flat=True))
    return _set_parts(payout_id, keys)


@transaction.atomic
def _set_parts(payout_id: int, keys: set[int]) -> Payout:
    payout = Payout.objects.lock().get(pk=payout_id)
    known = dict(payout.items.values_list("balance_transaction_id", "pk"))
    gone = [pk for key, pk in known.items() if key not in keys]
    for start in range(0, len(gone), BATCH):
        PayoutItem.objects.filter(pk__in=gone[start : start + BATCH]).delete()
    fresh = [PayoutItem(payout=payout, balance_transaction_id=key) for key in sorted(keys - known.keys())]
    PayoutItem.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=BATCH)
    payout.items_complete = True
    payout.save(update_fields=["items_complete"])
    return payout
