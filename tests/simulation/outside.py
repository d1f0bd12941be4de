"""What happens by itself: Stripe and its faults, the worker's jobs, and time."""

from datetime import timedelta

from django.utils import timezone

from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.snapshots.leasing import BuildRunning
from orders.lifecycle import expire
from orders.models import Order
from payments import jobs
from payments.closing import expire_orders
from payments.inbox import drain
from payments.models import Payment
from payments.starting import open_session
from stripe_simulator import control
from stripe_simulator.models import Resource
from tests.simulation.acts import act
from tests.simulation.world import World

OPERATIONS = (
    "*",
    "checkout.sessions.create",
    "checkout.sessions.retrieve",
    "checkout.sessions.expire",
    "refunds.create",
    "charges.list",
    "refunds.list",
    "events.list",
)
EVENTS = ("*", "*", "checkout.session.completed", "payment_intent.succeeded", "charge.refunded", "refund.updated")
REQUEST_FAULTS = ("error", "rate_limit", "timeout", "lost_answer", "lost_answer")


@act("stripe does what is due", weight=11)
def ticks(world: World) -> str:
    """Stripe's clock: debits end, sessions expire, events are sent."""
    return f"{control.tick()} events arrived"


@act("stripe delivers some", weight=5)
def delivers_some(world: World) -> str:
    """A few events come, the delayed ones too."""
    return f"{control.delivery.deliver_due(world.rng.randint(1, 6), include_later=True)} events arrived"


@act("stripe reverses what waits", weight=2)
def reverses(world: World) -> str:
    """The events that wait come in the opposite order."""
    control.reverse_pending()
    world.hits["event reversed"] += 1
    return "reversed"


@act("stripe ends a debit", weight=3)
def ends_debit(world: World) -> str:
    """A bank debit arrives, or comes to nothing."""
    waiting = Resource.objects.filter(kind="payment_intent", label="processing").order_by("pk")
    intent = world.pick(list(waiting))
    if intent is None:
        return "no debit"
    succeeded = world.chance(0.6)
    control.finish_async(intent.source_id, succeeded=succeeded)
    world.hits[f"debit {'succeeded' if succeeded else 'failed'}"] += 1
    return f"{intent.stripe_id} {succeeded}"


@act("stripe settles a refund", weight=4)
def settles_refund(world: World) -> str:
    """A refund that was on its way arrives, or fails."""
    waiting = Resource.objects.filter(kind="refund", label__in=("pending", "requires_action")).order_by("pk")
    refund = world.pick(list(waiting))
    if refund is None:
        return "no refund"
    succeeded = world.chance(0.6)
    control.settle_refund(refund.stripe_id, succeeded=succeeded)
    world.hits[f"pending refund {'succeeded' if succeeded else 'failed'}"] += 1
    return f"{refund.stripe_id} {succeeded}"


@act("stripe fails a refund after success", weight=2)
def fails_refund(world: World) -> str:
    """A refund that had succeeded comes back."""
    refund = world.pick(list(Resource.objects.filter(kind="refund", label="succeeded").order_by("pk")))
    if refund is None:
        return "no refund"
    control.settle_refund(refund.stripe_id, succeeded=False)
    world.hits["refund failed after success"] += 1
    return refund.stripe_id


@act("stripe gives balance transactions", weight=2)
def releases_balance(world: World) -> str:
    """The charges that waited for their balance transaction get it."""
    control.release_balance_transactions()
    return "released"


@act("stripe pays out", weight=1)
def pays_out(world: World) -> str:
    """What is in the balance goes to the bank."""
    return str(control.make_payout(world.currency.lower()))


@act("a call will go wrong", weight=6)
def call_fails(world: World) -> str:
    """Order a fault of one of the next calls."""
    operation, mode = world.rng.choice(OPERATIONS), world.rng.choice(REQUEST_FAULTS)
    control.fail_next(operation, mode, times=world.rng.choice((1, 1, 2)))
    return f"{operation} {mode}"


@act("events will go wrong", weight=6)
def event_fails(world: World) -> str:
    """Order a fault of one of the next events."""
    kind, times = world.rng.choice(EVENTS), world.rng.choice((1, 2, 4))
    way = world.rng.randrange(4)
    if way == 0:
        control.drop_events(kind, times=times)
    elif way == 1:
        control.duplicate_events(kind, times=times)
    elif way == 2:
        control.delay_events(kind, seconds=world.rng.choice((60, 600, 7_200)), times=times)
    else:
        control.reorder_events(kind, times=times)
    return f"{kind} {('drop', 'duplicate', 'delay', 'reorder')[way]}"


@act("a refund will not go through", weight=3)
def refund_fails(world: World) -> str:
    """Order the fate of the next refund."""
    status = world.rng.choice(("pending", "pending", "requires_action", "failed"))
    control.refund_next_as(status)
    return status


@act("a balance transaction will be late", weight=2)
def balance_is_late(world: World) -> str:
    """The next charge has no balance transaction at first."""
    control.delay_balance_transactions(seconds=world.rng.choice((None, 600, 3_000)))
    return "late"


@act("the webhook goes down", weight=1)
def goes_down(world: World) -> str:
    """The shop takes no events."""
    world.is_down = True
    return "down"


@act("the webhook comes up", weight=5)
def comes_up(world: World) -> str:
    """The shop takes events again."""
    world.is_down = False
    return "up"


@act("worker drains the inbox", weight=12)
def drains(world: World) -> str:
    """Take up what waits."""
    return f"{drain(limit=world.rng.choice((2, 100)))} events taken"


@act("worker expires orders", weight=4, is_quick=False)
def expires(world: World) -> str:
    """Give up what nobody paid."""
    return f"{expire_orders()} orders"


@act("worker polls", weight=2)
def polls(world: World) -> str:
    """Ask about what no event came for."""
    jobs.poll_unsettled_payments()
    return "done"


@act("worker sends refunds", weight=3)
def sends_refunds(world: World) -> str:
    """Send what was cut short."""
    jobs.submit_committed_refunds()
    return "done"


@act("worker builds snapshots", weight=1, is_quick=False)
def builds(world: World) -> str:
    """Build the days that changed."""
    try:
        return f"{build_snapshots(CHANGES).days} days"
    except BuildRunning:
        return "another build runs"


@act("time passes", weight=6, is_quick=False)
def time_passes(world: World) -> str:
    """Minutes, or hours."""
    minutes = world.rng.choice((1, 3, 10, 36, 50, 130, 600))
    world.clock.forward(minutes=minutes)
    return f"{minutes} minutes"


@act("two workers open a page each", weight=2)
def second_page(world: World) -> str:
    """A second payment page of one order, as a race between two workers could leave it."""
    order = world.pick(list(Order.objects.filter(status=Order.Status.PENDING, total_minor__gt=0).order_by("pk")))
    if order is None:
        return "no order"
    end = timezone.now() + timedelta(minutes=35)
    payment = Payment.objects.create(
        order=order, amount_minor=order.total_minor, currency=order.currency, expires_at=end
    )
    return f"order {order.pk}, payment {open_session(payment.pk).pk}"


@act("an order is given up too early", weight=2)
def given_up_early(world: World) -> str:
    """An order expires while its page can still be paid, as a wrong clock could have it."""
    order = world.pick(list(Order.objects.filter(status=Order.Status.PENDING).order_by("pk")))
    if order is None or order.expires_at is None:
        return "no order"
    return f"order {order.pk} {expire(order.pk, now=order.expires_at + timedelta(seconds=1)).status}"
