"""Payouts: what Stripe sends to the bank, what became of it, and the movements that each is made of."""

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
MAY_FAIL_FOR = timedelta(days=14)  # a payout that says `paid` can still fail: within 5 business days, says Stripe
MOST_AT_ONCE = 100
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


def sync_payout(stripe_id: str) -> Payout:
    """Fetch a payout with its parts and store both. Safe to repeat; never inside a transaction.

    Raises GatewayRefused for a payout that Stripe does not know, GatewayUnclear when it cannot be asked.
    """
    asked_at = timezone.now()
    return _take(balance_client.fetch_payout(stripe_id), asked_at=asked_at)


def _take(state: PayoutState, *, asked_at: datetime) -> Payout:
    payout = keep_payout(state, asked_at=asked_at)
    if state.is_itemised and not payout.items_complete:
        parts = [movement for page in balance_client.parts_of(state.id) for movement in page]
        payout = keep_parts(payout.pk, parts)
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
        days = {business_day(payout.created_at), payout.arrives_on, before[1]}
        mark("payout", ((payout.pk, day) for day in sorted(days) if day <= today()))
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


@transaction.atomic
def keep_parts(payout_id: int, movements: list[Movement]) -> Payout:
    """Store all that a payout is made of, movements that are not here yet included. Safe to repeat.

    The movement of the payout itself, which Stripe lists beside them, is no part of it.
    """
    keep_movements(movements)
    payout = Payout.objects.lock().get(pk=payout_id)
    ids = [movement.id for movement in movements if movement.reporting_category != OWN]
    rows = BalanceTransaction.objects.filter(stripe_id__in=ids).values_list("pk", flat=True)
    parts = [PayoutItem(payout=payout, balance_transaction_id=pk) for pk in rows]
    PayoutItem.objects.bulk_create(parts, ignore_conflicts=True)
    payout.items_complete = True
    payout.save(update_fields=["items_complete"])
    return payout
