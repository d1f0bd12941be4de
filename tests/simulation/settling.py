"""The end of a run: faults cease, everything that waits is delivered, and the jobs run until nothing moves."""

from collections.abc import Callable
from datetime import timedelta

from core.errors import DomainError
from core.jobs import JOBS
from payments.approving import approve_refund, reject_refund
from payments.models import Refund, WebhookEvent
from stripe_simulator import control
from stripe_simulator.models import Resource
from tests.simulation.acts import Act, do
from tests.simulation.world import World

ROUNDS = 12
HOURS = (0.1, 1, 7, 24)  # leases run out, orders expire, the longest pause of the inbox is over
OFTEN = timedelta(minutes=5)
LEFT_OUT = (
    "core.",
    "audit.",
    "monitoring.",
    "products.",
    "wishlist.",
    "demo.",
    "orders.purge",
    "analytics.",
    "payments.simulator_events",
)


def settle_down(world: World) -> None:
    """Let everything come to its end."""
    world.roll(0)
    world.is_calm, world.is_down = True, False
    control.clear_faults()
    for number in range(ROUNDS):
        hours = HOURS[min(number, len(HOURS) - 1)]
        do(world, Act(f"round {number}", 0, _round(hours, with_rare_jobs=number % 2 == 1)))
        if number >= len(HOURS) - 1 and is_quiet():
            break
    do(world, Act("figures are built", 0, lambda _world: _run_job("analytics.build_snapshots")))


def is_quiet() -> bool:
    """Whether nothing waits any more."""
    unfinished = Refund.objects.filter(status__in=("submitting", "pending", "requires_action")).exists()
    return not unfinished and not WebhookEvent.objects.filter(state=WebhookEvent.State.RECEIVED).exists()


def _round(hours: float, *, with_rare_jobs: bool) -> Callable[[World], str]:
    def run(world: World) -> str:
        control.release_balance_transactions()
        _decide(world)
        for dispute in Resource.objects.filter(kind="dispute"):
            control.close_dispute(dispute.stripe_id, won=world.chance(0.5))
        for refund in Resource.objects.filter(kind="refund", label__in=("pending", "requires_action")):
            control.settle_refund(refund.stripe_id, succeeded=world.chance(0.8))
        arrived = control.tick() + control.deliver_all()
        for name, job in JOBS.items():
            is_rare = job.every is None or job.every > OFTEN
            if not name.startswith(LEFT_OUT) and (with_rare_jobs or not is_rare):
                _run_job(name)
        world.clock.forward(hours=hours)
        return f"{arrived} events arrived"

    return run


def _decide(world: World) -> None:
    """Somebody decides on every refund that waits."""
    for refund_id in Refund.objects.waiting().order_by("pk").values_list("pk", flat=True):
        try:
            approve_refund(refund_id, actor=world.admin)
        except DomainError:
            reject_refund(refund_id, actor=world.admin, reason="It is no longer possible.")


def _run_job(name: str) -> str:
    JOBS[name].run()
    return name
