"""A shop in which everything agrees, and issues."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.tests.factories import make_user
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import FULL
from core.jobs import JOBS
from core.models import JobRun
from mail.tests.factories import make_mail
from monitoring.models import CheckRun, Issue, Severity
from monitoring.registry import CHECKS
from monitoring.running import Pass, run_checks
from orders.models import Order
from orders.tests.factories import make_order, make_tax_rate
from payments.balance import import_balance
from payments.models import Dispute, Payment, Payout, Refund, WebhookEvent
from payments.payouts import import_payouts
from payments.refunding import RefundChoice, request_refund
from payments.tests.factories import make_dispute, make_paid
from products.models import StockItem
from products.tests.factories import make_variant
from stripe_simulator import control
from stripe_simulator.models import Resource

_numbers = count(1)


@dataclass(frozen=True)
class Shop:
    """A paid order with a refund, a pending one, and what came with them."""

    paid: Order
    pending: Order
    payment: Payment
    refund: Refund
    on_its_way: Refund
    stock: StockItem
    event: WebhookEvent
    dispute: Dispute

    def keys(self) -> dict[str, object]:
        """What the SQL of a fault may name."""
        return {
            "order": self.paid.pk,
            "pending": self.pending.pk,
            "payment": self.payment.pk,
            "refund": self.refund.pk,
            "on_its_way": self.on_its_way.pk,
            "stock": self.stock.pk,
            "event": self.event.pk,
            "dispute": self.dispute.pk,
            "charge": self.payment.stripe_charge_id,
            "refund_at_stripe": self.refund.stripe_refund_id,
            "payout": Payout.objects.get().pk,
            "told": self.event.stripe_event_id,
            "mail": make_mail().pk,
            "day": self.paid.paid_at.date().isoformat() if self.paid.paid_at else "",
            "month": f"{self.paid.paid_at:%Y-%m}-01",
        }


def make_shop() -> Shop:
    """Trade a little through the simulator, let every job succeed, and build the snapshots."""
    variant = make_variant(stock=20, price_minor=2500)
    order, payment = make_paid(lines={variant: 2})
    control.make_payout()
    choice = RefundChoice(units={order.lines.get().pk: 1}, reason="broken")
    refund = request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key=f"key-{next(_numbers)}")
    on_its_way = _on_its_way(order)
    dispute = make_dispute(payment=payment, status="won", outcome="won", closed_at=timezone.now(), submission_count=1)
    import_balance()
    import_payouts()
    pending = make_order({variant: 3})
    make_tax_rate()
    told = make_told_an_hour_ago()
    event = make_event(stripe_event_id=told.stripe_id, type=told.label, object_id=told.source_id)
    make_heartbeats()
    build_snapshots(FULL)
    order.refresh_from_db()
    return Shop(order, pending, payment, refund, on_its_way, StockItem.objects.get(variant=variant), event, dispute)


def _on_its_way(order: Order) -> Refund:
    """Give 1.00 back that has reached the shopper, without anybody having told us yet."""
    control.refund_next_as("pending")
    choice = RefundChoice(amount_minor=100, reason="late")
    refund = request_refund(order.pk, choice=choice, actor=make_user("ops"), request_key=f"key-{next(_numbers)}")
    control.settle_refund(refund.stripe_refund_id or "")
    return refund


def make_told_an_hour_ago() -> Resource:
    """Let one of the events at Stripe, a success of a payment, be an hour old; the others are just under way."""
    told = Resource.objects.filter(kind="event", label="payment_intent.succeeded").latest("pk")
    told.created -= 3_600
    told.data |= {"created": told.created}
    told.save()
    return told


def make_event(**fields: Any) -> WebhookEvent:
    """Make an event that was processed."""
    number = next(_numbers)
    values = {
        "stripe_event_id": f"evt_{number}",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "created_at": timezone.now(),
        "state": WebhookEvent.State.PROCESSED,
    }
    return WebhookEvent.objects.create(**values | fields)


def make_heartbeats() -> None:
    """Let every job have succeeded just now."""
    now = timezone.now()
    JobRun.objects.bulk_create(
        JobRun(job=name, slot_at=now, started_at=now, finished_at=now, state=JobRun.State.SUCCEEDED) for name in JOBS
    )


def make_issue(**fields: Any) -> Issue:
    """Make an open issue of a check."""
    number, now = next(_numbers), timezone.now()
    values = {
        "check_id": "stock.ledger_mismatch",
        "fingerprint": f"stock.ledger_mismatch:stock_item:made-{number}",
        "entity_type": "stock_item",
        "entity_pk": str(number),
        "subject": f"Stock of SKU-{number}",
        "severity": Severity.CRITICAL,
        "details": {"expected": {"on_hand": 5}, "found": {"on_hand": 6}},
        "size": 1,
        "first_seen_at": now - timedelta(hours=1),
        "last_seen_at": now,
    }
    return Issue.objects.create(**values | fields)


def run(*check_ids: str, with_repairs: bool = False) -> Pass:
    """Run the named checks as the command does."""
    return run_checks(
        [CHECKS[check_id] for check_id in check_ids],
        trigger=CheckRun.Trigger.COMMAND,
        is_full=False,
        with_repairs=with_repairs,
    )
